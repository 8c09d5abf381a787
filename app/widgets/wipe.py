"""Two pictures over each other with a divider between them that mouse and keys move."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.runs.evidence import confined
from app.widgets import declare
from app.widgets.fitting import fitted, paint_fitted
from app.widgets.images import LARGEST_PICTURE
from app.widgets.panels import Panel, ending, matches
from app.widgets.speak import speak
from app.widgets.theme import Theme, load_theme
from app.widgets.thumbnails import Picture, read_image

if TYPE_CHECKING:
    from app.runs.records import Record

STEP, PAGE = 0.02, 0.1
GRIP = 9
KEPT = 64
"""Earlier pictures kept, for a run that is resumed from before the latest."""


class WipeView(QWidget):
    """`before` left of the divider, `after` right of it; the divider is at `place` in [0, 1] of the picture's width."""

    moved = Signal(float)

    def __init__(self, words: tuple[str, str], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words = words
        self._before, self._after = QImage(), QImage()
        self.place = 0.5
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 90)
        self.setAccessibleName(f"Divider between {words[0]} and {words[1]}")
        self._describe()

    def show_pictures(self, before: QImage, after: QImage) -> None:
        """Either may be null: then the other is shown whole."""
        self._before, self._after = before, after
        self.update()

    def move_to(self, place: float) -> None:
        """Put the divider at a share of the width; what lies outside [0, 1] is brought in."""
        place = min(max(place, 0.0), 1.0)
        if place != self.place:
            self.place = place
            self._describe()
            self.moved.emit(place)
            self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, 280)

    def box(self) -> QRectF:
        """Where the pictures lie."""
        line = self.fontMetrics().height() + 6
        room = QRectF(self.rect()).adjusted(GRIP, 4, -GRIP, -line - 4)
        return fitted((self._before if self._after.isNull() else self._after).size(), room)

    def paint(self, painter: QPainter, box: QRectF, theme: Theme) -> None:
        """Both pictures, the divider and their names, in `box` and one line below it."""
        single = self._before.isNull() or self._after.isNull()
        edge = box.left() + self.place * box.width()
        if single:
            paint_fitted(painter, self._before if self._after.isNull() else self._after, box)
        else:
            painter.save()
            painter.setClipRect(QRectF(box.left(), box.top(), edge - box.left(), box.height()))
            paint_fitted(painter, self._before, box)
            painter.setClipRect(QRectF(edge, box.top(), box.right() - edge, box.height()))
            paint_fitted(painter, self._after, box)
            painter.restore()
            self._paint_divider(painter, box, edge, theme)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text-2"))
        line = QRectF(box.left(), box.bottom() + 3, box.width(), painter.fontMetrics().height())
        left, right = self._words
        if single:
            missing = right if self._after.isNull() else left
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, f"{right if missing == left else left} only, so far")
            return
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, f"◂ {left}")
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, f"{right} ▸")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("canvas"))
        if not (self._before.isNull() and self._after.isNull()):
            self.paint(painter, self.box(), self._theme)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = PAGE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        places = {
            Qt.Key.Key_Left: self.place - step,
            Qt.Key.Key_Right: self.place + step,
            Qt.Key.Key_PageDown: self.place - PAGE,
            Qt.Key.Key_PageUp: self.place + PAGE,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: 1.0,
        }
        wanted = places.get(Qt.Key(event.key()))
        if wanted is None:
            super().keyPressEvent(event)
            return
        self.move_to(wanted)
        speak(self, f"{self._words[0]} {100 * self.place:.0f} %")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._follow(event)

    def _follow(self, event: QMouseEvent) -> None:
        box = self.box()
        if box.width() > 0:
            self.move_to((event.position().x() - box.left()) / box.width())

    def _describe(self) -> None:
        left, right = self._words
        self.setAccessibleDescription(f"{left} {100 * self.place:.0f} %, {right} {100 - 100 * self.place:.0f} %")

    @staticmethod
    def _paint_divider(painter: QPainter, box: QRectF, edge: float, theme: Theme) -> None:
        for token, width in (("canvas", 4.0), ("accent", 2.0)):
            painter.setPen(QPen(theme.color(token), width))
            painter.drawLine(QPointF(edge, box.top()), QPointF(edge, box.bottom()))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(edge, box.center().y())
        painter.setPen(QPen(theme.color("canvas"), 2))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(middle, GRIP, GRIP)
        painter.setPen(QPen(theme.color("on-accent"), 1.5))
        for way in (-1, 1):
            tip = middle + QPointF(way * 5.5, 0)
            painter.drawLine(tip, tip + QPointF(-way * 3, -3))
            painter.drawLine(tip, tip + QPointF(-way * 3, 3))
        painter.restore()


class WipePanel(Panel):
    """The newest two pictures of the declared names under a divider; of several endings, those of the chosen one."""

    def __init__(self, declaration: declare.Wipe, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(declaration.title, theme, empty=declaration.empty, parent=parent)
        self._declaration = declaration
        self._pictures: list[Picture] = []
        self._wanted = ""
        self.view = WipeView(declaration.words, theme)
        self.choices = QComboBox()
        self.choices.setAccessibleName(declaration.choice or "Pictures")
        self.choices.setToolTip(declaration.choice)
        self.choices.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choices.setMinimumContentsLength(10)
        self.choices.activated.connect(self._chosen)
        head = QHBoxLayout()
        head.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), theme.space("tight"))
        head.addWidget(self.choices)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)
        self.set_body(body)

    def wants(self, kind: str, name: str) -> bool:
        return kind == "image" and matches((self._declaration.before, self._declaration.after), name)

    def record_added(self, record: "Record", folder: Path) -> None:
        path = confined(folder, record.data.get("file"), LARGEST_PICTURE)
        if path is None:
            return
        caption = str(record.data.get("caption") or record.name)
        self._pictures.append(Picture(path, caption, record.name, record.step, record.seq))
        del self._pictures[:-KEPT]
        self._show()

    def rewind(self, seq: int, run: str = "") -> None:
        self._pictures = [picture for picture in self._pictures if picture.seq <= seq]
        self._show()

    def clear(self) -> None:
        self._pictures.clear()
        super().clear()

    def view_state(self) -> dict[str, Any]:
        return {"place": round(self.view.place, 3), "choice": self._wanted}

    def restore_view(self, state: dict[str, Any]) -> None:
        place = state.get("place")
        if isinstance(place, int | float) and 0 <= place <= 1:
            self.view.move_to(float(place))
        self._wanted = str(state.get("choice", ""))
        self._show()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "view"):
            self.view.set_theme(theme)

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        shown = self._newest(self._declaration.after)
        if not shown.isNull():
            self.view.paint(painter, fitted(shown.size(), room.adjusted(0, 0, 0, -24)), load_theme("light"))

    @Slot()
    def _chosen(self) -> None:
        self._wanted = self.choices.currentText()
        self._show()

    def _show(self) -> None:
        offered = list(dict.fromkeys(self._ending(picture) for picture in self._pictures))
        if [self.choices.itemText(k) for k in range(self.choices.count())] != offered:
            self.choices.clear()
            self.choices.addItems(offered)
        if self._wanted in offered:
            self.choices.setCurrentText(self._wanted)
        self.choices.setVisible(len(offered) > 1)
        self.view.show_pictures(self._newest(self._declaration.before), self._newest(self._declaration.after))
        self.set_filled(bool(self._pictures))

    def _newest(self, pattern: str) -> QImage:
        chosen = self.choices.currentText()
        found = [each for each in self._pictures if matches(pattern, each.name) and self._ending(each) == chosen]
        return read_image(found[-1].path) if found else QImage()

    def _ending(self, picture: Picture) -> str:
        """What tells a picture from the others of its side; nothing where its side has one name only."""
        patterns = [each for each in (self._declaration.before, self._declaration.after) if each.endswith("*")]
        return ending(patterns, picture.name) if matches(patterns, picture.name) else ""
