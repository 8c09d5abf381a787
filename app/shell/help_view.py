"""The help pages: our own Markdown, read offline in a window of its own."""

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSplitter, QTextBrowser, QVBoxLayout, QWidget

from app.widgets.theme import Theme

PAGES = Path(__file__).resolve().parents[2] / "resources" / "help"
FIRST = "getting-started"


def help_pages(folder: Path = PAGES) -> dict[str, str]:
    """Page name to the words of its first heading."""
    titles = {}
    for path in sorted(folder.glob("*.md")):
        lines = path.read_text(encoding="utf-8").splitlines()
        titles[path.stem] = next((line.lstrip("# ") for line in lines if line.startswith("# ")), path.stem)
    return dict(sorted(titles.items(), key=lambda item: item[0] != FIRST))


class HelpView(QWidget):
    """A list of pages and the page; links to other pages stay here, links to the web open in the browser."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle("Help · Assay")
        self.resize(860, 640)
        self.list = QListWidget()
        self.list.setAccessibleName("Pages")
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        for name, title in help_pages().items():
            item = QListWidgetItem(title)
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.list.addItem(item)
        self.list.currentItemChanged.connect(self._chosen)
        self.browser = QTextBrowser()
        self.browser.setOpenLinks(False)
        self.browser.setAccessibleName("Page")
        self.browser.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.browser.document().setDocumentMargin(theme.space("wide"))
        self.browser.anchorClicked.connect(self._follow)
        splitter = QSplitter()
        splitter.addWidget(self.list)
        splitter.addWidget(self.browser)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([220, 640])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def open_page(self, name: str) -> None:
        """Open a page by name; the first page where there is none of that name."""
        names = [self.list.item(k).data(Qt.ItemDataRole.UserRole) for k in range(self.list.count())]
        self.list.setCurrentRow(names.index(name) if name in names else names.index(FIRST) if FIRST in names else 0)

    @Slot(QListWidgetItem, QListWidgetItem)
    def _chosen(self, item: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        if item is not None:
            path = PAGES / f"{item.data(Qt.ItemDataRole.UserRole)}.md"
            self.browser.setMarkdown(path.read_text(encoding="utf-8"))

    @Slot(QUrl)
    def _follow(self, link: QUrl) -> None:
        name = link.path().removesuffix(".md")
        if link.scheme() in ("http", "https"):
            QDesktopServices.openUrl(link)
        elif name in help_pages():
            self.open_page(name)
