"""A tour of a workspace: a few steps, each beside the thing it is about; it can be left and taken again."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.widgets.labels import Label
from app.widgets.theme import Theme
from app.workspaces.declare import Step

WIDTH, GAP = 320, 12


class Spotlight(QWidget):
    """A frame around the thing that the step is about; clicks go through."""

    def __init__(self, host: QWidget, theme: Theme) -> None:
        super().__init__(host)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("accent"), 2))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 8, 8)
        painter.end()


class Tour(QFrame):
    """Steps through `steps`; `find` gives the widget of a target name, or None to pass over the step."""

    ended = Signal()

    def __init__(
        self, host: QWidget, steps: Sequence[Step], find: Callable[[str], QWidget | None], theme: Theme
    ) -> None:
        super().__init__(host)
        self._find = find
        self._steps = [step for step in steps if find(step.target) is not None]
        self._at = -1
        self._light = Spotlight(host, theme)
        self.setProperty("card", True)
        self.setFixedWidth(WIDTH)
        self._count = Label("", theme, "caption", "text-2")
        self._words = Label("", theme, "body", wrap=True)
        self._next = QPushButton("Next")
        self._next.setProperty("primary", True)
        self._next.clicked.connect(self.advance)
        skip = QPushButton("Skip")
        skip.clicked.connect(self.leave)
        row = QHBoxLayout()
        row.addWidget(self._count, 1)
        row.addWidget(skip)
        row.addWidget(self._next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("pane")] * 4)
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(self._words)
        layout.addLayout(row)

    @Slot()
    def advance(self) -> None:
        """The next step; after the last the tour ends."""
        self._at += 1
        if self._at >= len(self._steps):
            self.leave()
            return
        step = self._steps[self._at]
        self._words.setText(step.text)
        self._count.setText(f"{self._at + 1} of {len(self._steps)}")
        self._next.setText("Done" if self._at == len(self._steps) - 1 else "Next")
        self.setAccessibleName(f"Tour, step {self._at + 1}: {step.text}")
        self._place(self._find(step.target))
        self._next.setFocus()

    @Slot()
    def leave(self) -> None:
        self._light.hide()
        self._light.deleteLater()
        self.hide()
        self.ended.emit()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    def _place(self, target: QWidget | None) -> None:
        host = self.parentWidget()
        if target is None:
            return
        room = QRect(target.mapTo(host, QPoint(0, 0)), target.size()).intersected(host.rect())
        self._light.setGeometry(room.adjusted(-3, -3, 3, 3).intersected(host.rect()))
        self._light.show()
        self._light.raise_()
        self.adjustSize()
        height = self.heightForWidth(WIDTH) if self.hasHeightForWidth() else self.sizeHint().height()
        self.resize(WIDTH, max(height, self.sizeHint().height()))
        beside = room.right() + GAP
        left = beside if beside + WIDTH < host.width() else max(GAP, room.left() - WIDTH - GAP)
        top = max(GAP, min(room.top(), host.height() - self.height() - GAP))
        if QRect(left, top, WIDTH, self.height()).intersects(room):
            top = max(GAP, room.top() - self.height() - GAP)
        self.move(left, top)
        self.show()
        self.raise_()
