"""What Assay is, its version, and whose work it stands on."""

from importlib import metadata

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialog, QPushButton, QVBoxLayout, QWidget

from app.widgets.labels import Label
from app.widgets.table import DataTable
from app.widgets.theme import Theme

STANDS_ON = (
    "PySide6", "pyqtgraph", "QtAwesome", "numpy", "pydantic", "orjson", "Pillow", "psutil", "safetensors", "Jinja2",
    "keyring", "torch", "scikit-learn", "qiskit", "qiskit-aer", "qiskit-ibm-runtime",
)  # fmt: skip


class AboutDialog(QDialog):
    """Version and licences, read from what is installed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Assay")
        self.resize(620, 520)
        table = DataTable(theme)
        table.setAccessibleName("Libraries and their licences")
        table.set_table(("library", "version", "licence"), [row for name in STANDS_ON if (row := _row(name))])
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("group")] * 4)
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(Label(f"Assay {version()}", theme, "title"))
        words = "A desktop laboratory for published methods (Apache-2.0). It sends nothing unless you name the place."
        layout.addWidget(Label(words, theme, "body", "text-2", wrap=True))
        layout.addWidget(Label("Icons: Phosphor (MIT), through QtAwesome (MIT)", theme, "caption", "text-2"))
        layout.addWidget(table, 1)
        layout.addWidget(close)

    @Slot()
    def _close(self) -> None:
        self.accept()


def version() -> str:
    """The installed version; “from source” where it is not installed as a package."""
    try:
        return metadata.version("assay")
    except metadata.PackageNotFoundError:
        return "from source"


def _row(name: str) -> list[str] | None:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    licence = about.get("License-Expression") or about.get("License") or ""
    if not licence or len(licence) > 60:
        named = [line.rsplit("::", 1)[-1].strip() for line in about.get_all("Classifier") or [] if "License ::" in line]
        licence = ", ".join(named) or licence[:60].splitlines()[0] if licence or named else "see its files"
    return [name, about["Version"], licence]
