"""What was dropped: what it is, a preview, its problems, and where it can go."""

from PySide6.QtCore import QByteArray, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.data.inspection import Inspection
from app.runs.plain_text import one_line
from app.widgets.icons import pixmap
from app.widgets.labels import Label
from app.widgets.theme import Theme

PREVIEWS = 8
SEVERITY = {"error": ("error", "danger"), "warning": ("warning", "warning"), "note": ("info", "text-2")}


class DropCard(QDialog):
    """Shown for every drop that is not obvious; `chosen` names the target that the user picked."""

    chosen = Signal(str, bool)
    """Target key, and whether to remember it for this kind."""

    def __init__(
        self, found: Inspection, targets: list[tuple[str, str]], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.found = found
        self.setWindowTitle("Dropped")
        self.setMinimumWidth(520)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("wide")] * 4)
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(Label(one_line(found.title), theme, "title", wrap=True))
        layout.addWidget(Label(one_line(found.summary), theme, "body", "text-2", wrap=True))
        if found.previews:
            layout.addLayout(self._previews(theme))
        facts = "\n".join(f"{one_line(name)}: {one_line(text)}" for name, text in found.facts[:8])
        if facts:
            layout.addWidget(Label(facts, theme, "caption", "text-2", wrap=True))
        if found.problems:
            layout.addWidget(self._problems(theme))
        self._remember = QCheckBox("Remember this choice for data of this kind")
        self._remember.setVisible(len(targets) > 1)
        layout.addWidget(self._remember)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        close = QPushButton("Cancel" if targets else "Close")
        close.setAutoDefault(not targets)
        close.clicked.connect(self.reject)
        buttons.addWidget(close)
        first = close
        for position, (key, words) in enumerate(targets):
            button = QPushButton(words)
            button.setProperty("target", key)
            if position == 0:
                button.setProperty("primary", True)
                button.setDefault(True)
                first = button
            button.clicked.connect(self._choose)
            buttons.addWidget(button)
        layout.addLayout(buttons)
        first.setFocus()

    def _previews(self, theme: Theme) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.space("field"))
        for preview in self.found.previews[:PREVIEWS]:
            if preview.image_png is None:
                continue
            picture = QPixmap()
            picture.loadFromData(QByteArray(preview.image_png), "PNG")
            label = QLabel()
            thumbnail = picture.scaled(QSize(56, 56), Qt.AspectRatioMode.KeepAspectRatio)
            label.setPixmap(thumbnail)
            label.setFixedSize(thumbnail.size())
            label.setToolTip(one_line(preview.caption))
            label.setAccessibleName(one_line(preview.caption))
            row.addWidget(label)
        row.addStretch(1)
        return row

    def _problems(self, theme: Theme) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space("tight"))
        for problem in self.found.problems:
            meaning, token = SEVERITY[problem.severity]
            line = QHBoxLayout()
            mark = QLabel()
            mark.setPixmap(pixmap(meaning, theme, token, 16, self.devicePixelRatioF()))
            mark.setAlignment(Qt.AlignmentFlag.AlignTop)
            where = f" ({one_line(problem.where)})" if problem.where else ""
            times = f" ×{problem.count}" if problem.count > 1 else ""
            words = f"{one_line(problem.what)}{where}{times}. {one_line(problem.remedy)}".strip()
            line.addWidget(mark)
            line.addWidget(Label(words, theme, "body", wrap=True), 1)
            column.addLayout(line)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setMaximumHeight(180)
        scroll.setWidget(holder)
        return scroll

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(str(self.sender().property("target")), self._remember.isChecked())
        self.accept()
