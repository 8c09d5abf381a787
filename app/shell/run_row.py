"""One row of the runs list: state, name and star above, what the run says of itself below; or the line of a fold."""

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.runs.plain_text import one_line
from app.runs.states import BADGES, OVER, WAITING, RunState
from app.runs.summary import RunSummary
from app.runs.sweep import SEED
from app.shell.run_folds import Fold
from app.shell.run_list import FOLD, SUMMARY
from app.widgets.theme import Theme

ROW = 50
TOKENS = {
    "queued": "text-2",
    "held": "text-2",
    "starting": "accent",
    "running": "accent",
    "stopping": "warning",
    "done": "success",
    "stopped": "text-2",
    "failed": "danger",
    "interrupted": "warning",
}


class RunRow(QStyledItemDelegate):
    """Two lines: state glyph, name, star; state word or verdict below, with a hairline of progress."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        fold: Fold | None = index.data(FOLD)
        if fold is not None:
            unfolded = fold.key in index.model().unfolded
            self._rows(painter, option, "▾" if unfolded else "▸", fold.title, fold.words, fold.state)
            return
        summary: RunSummary = index.data(SUMMARY)
        words = _words(summary, index.model().places)
        inset = 14 if index.model().fold_of(summary.id) else 0
        if inset and SEED in summary.config:
            words = f"seed {summary.config[SEED]} · {words}"
        glyph = BADGES[summary.state][0]
        name = one_line(summary.name or summary.id)
        share = summary.done / summary.total if summary.state in ("running", "stopping") and summary.total else 0.0
        self._rows(painter, option, glyph, name, words, summary.state, summary.starred, inset, share)

    def _rows(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        glyph: str,
        title: str,
        words: str,
        state: RunState,
        starred: bool = False,
        inset: int = 0,
        share: float = 0.0,
    ) -> None:
        theme = self.theme
        painter.save()
        room: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(room, theme.color("accent-soft"))
        inner = room.adjusted(10 + inset, 6, -10, -6)
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color(TOKENS[state]))
        line = inner.height() // 2
        painter.drawText(QRect(inner.left(), inner.top(), 18, line), Qt.AlignmentFlag.AlignCenter, glyph)
        left = inner.left() + 24
        star = "★" if starred else ""
        painter.setPen(theme.color("warning"))
        painter.drawText(QRect(inner.right() - 16, inner.top(), 16, line), Qt.AlignmentFlag.AlignCenter, star)
        painter.setPen(theme.color("text"))
        name = QRect(left, inner.top(), inner.right() - left - (18 if star else 0), line)
        self._line(painter, name, title)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text-2"))
        below = QRect(left, inner.top() + line, inner.right() - left, line)
        self._line(painter, below, one_line(words))
        if share:
            width = int(room.width() * min(1.0, share))
            painter.fillRect(QRect(room.left(), room.bottom() - 1, width, 2), theme.color("accent"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.color("accent"))
            painter.drawRect(room.adjusted(0, 0, -1, -1))
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, room: QRect, text: str) -> None:
        shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), shown)


def _words(summary: RunSummary, places: Mapping[str, int]) -> str:
    """The second line: how a run stands, or what it found."""
    word = BADGES[summary.state][1]
    if summary.state == "running":
        share = f"{100 * summary.done / summary.total:.0f} %" if summary.total else ""
        return " · ".join(filter(None, (word, summary.stage, share)))
    if summary.state in WAITING and summary.id in places:
        return f"{word} · {places[summary.id] + 1} of {len(places)} in the queue"
    if summary.state == "failed" and summary.error:
        return f"{word}: {summary.error.get('what', '')}"
    if summary.state in OVER and summary.state != "done":
        return f"{word}{': ' if summary.verdict else ''}{summary.verdict}"
    return summary.verdict or word
