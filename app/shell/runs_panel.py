"""The right pane: every run with its state and verdict; search, select, rename, compare, throw away."""

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QPushButton,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.runs.plain_text import one_line
from app.runs.states import ACTIONS, BADGES, OVER
from app.runs.summary import RunSummary
from app.shell.laboratory import Laboratory
from app.shell.run_list import SUMMARY, RunList
from app.widgets.empty import EmptyState
from app.widgets.icons import icon
from app.widgets.labels import Label
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
WORDS = {
    "start_now": "Start now",
    "edit": "Edit",
    "hold": "Hold",
    "release": "Release",
    "remove": "Remove from queue",
    "stop": "Stop",
    "force_stop": "Force stop",
    "resume": "Resume",
    "report": "Report",
    "use_settings": "Use these settings",
    "duplicate": "Duplicate",
    "compare": "Compare",
    "export": "Export…",
    "save_bundle": "Save bundle…",
    "why": "Why?",
    "note": "Note and tags…",
    "trash": "Move to trash",
}


class RunRow(QStyledItemDelegate):
    """Two lines: state glyph, name, star; state word or verdict below, with a hairline of progress."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        summary: RunSummary = index.data(SUMMARY)
        theme = self.theme
        painter.save()
        room: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(room, theme.color("accent-soft"))
        glyph, word = BADGES[summary.state]
        inner = room.adjusted(10, 6, -10, -6)
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color(TOKENS[summary.state]))
        line = inner.height() // 2
        painter.drawText(QRect(inner.left(), inner.top(), 18, line), Qt.AlignmentFlag.AlignCenter, glyph)
        left = inner.left() + 24
        star = "★" if summary.starred else ""
        painter.setPen(theme.color("warning"))
        painter.drawText(QRect(inner.right() - 16, inner.top(), 16, line), Qt.AlignmentFlag.AlignCenter, star)
        painter.setPen(theme.color("text"))
        name = QRect(left, inner.top(), inner.right() - left - (18 if star else 0), line)
        self._line(painter, name, one_line(summary.name or summary.id))
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text-2"))
        below = QRect(left, inner.top() + line, inner.right() - left, line)
        words = summary.verdict or word
        if summary.state == "running":
            share = f"{100 * summary.done / summary.total:.0f} %" if summary.total else ""
            words = " · ".join(filter(None, (word, summary.stage, share)))
        elif summary.state == "failed" and summary.error:
            words = f"{word}: {summary.error.get('what', '')}"
        elif summary.state in OVER and summary.state != "done":
            words = f"{word}{': ' if summary.verdict else ''}{summary.verdict}"
        self._line(painter, below, one_line(words))
        if summary.state in ("running", "stopping") and summary.total:
            width = int(room.width() * min(1.0, summary.done / summary.total))
            painter.fillRect(QRect(room.left(), room.bottom() - 1, width, 2), theme.color("accent"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.color("accent"))
            painter.drawRect(room.adjusted(0, 0, -1, -1))
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, room: QRect, text: str) -> None:
        shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), shown)


class RunsPanel(QWidget):
    """A searchable list. Every command is one that the run's state allows."""

    chosen = Signal(str)
    action_requested = Signal(str, str)
    compare_requested = Signal(object)

    def __init__(self, laboratory: Laboratory, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._laboratory = laboratory
        self._theme = theme
        self.model = RunList(laboratory, self)
        self._title = Label("Runs", theme, "strong")
        self._search = QLineEdit()
        self._search.setPlaceholderText("Name, #tag, field=value")
        self._search.setAccessibleName("Search runs")
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._narrow)
        self._here = QToolButton()
        self._here.setCheckable(True)
        self._here.setToolTip("Only runs of this workspace")
        self._here.setAccessibleName("Only runs of this workspace")
        self._here.toggled.connect(self._narrow)
        self._list = QListView()
        self._list.setModel(self.model)
        self._list.setUniformItemSizes(True)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.setAccessibleName("Runs")
        self._list.setFrameShape(QListView.Shape.NoFrame)
        self._delegate = RunRow(theme, self._list)
        self._list.setItemDelegate(self._delegate)
        self._list.selectionModel().currentChanged.connect(self._current)
        self._list.selectionModel().selectionChanged.connect(self._selected)
        self._list.customContextMenuRequested.connect(self._menu)
        self._list.installEventFilter(self)
        self._compare = QPushButton("Compare")
        self._compare.setEnabled(False)
        self._compare.clicked.connect(self._ask_compare)
        self._empty = EmptyState("No runs yet. Try it takes about a minute.", theme, "", "", "queue")
        self._nothing = EmptyState("No run fits the search.", theme, "Clear the search", "", "search")
        self._nothing.action_requested.connect(self._search.clear)
        self._stack = QStackedWidget()
        for widget in (self._list, self._empty, self._nothing):
            self._stack.addWidget(widget)
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._here)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space("field"), theme.space("pane"), theme.space("field"), theme.space("field"))
        layout.setSpacing(theme.space("field"))
        layout.addLayout(head)
        layout.addWidget(self._search)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._compare)
        self._workspace = ""
        self._choosing = False
        laboratory.run_changed.connect(self.model.update)
        for signal in (self.model.modelReset, self.model.rowsInserted, self.model.rowsRemoved):
            signal.connect(self._show_emptiness)
        self.set_theme(theme)
        self._show_emptiness()

    def load(self) -> None:
        """Read the list in a worker thread."""
        errand = self._laboratory.background(self._laboratory.store.summaries)
        errand.done.connect(self.model.fill)
        self._laboratory.send(errand)

    def set_workspace(self, key: str) -> None:
        self._workspace = key
        self._narrow()

    def select(self, run: str) -> None:
        """Mark a run without telling anyone."""
        row = self.model.row_of(run)
        self._choosing = True
        # A click has made it the current one already; to set it again would undo a selection of several.
        if row >= 0 and self._list.currentIndex().row() != row:
            self._list.setCurrentIndex(self.model.index(row))
        self._choosing = False

    def selected(self) -> list[str]:
        return [index.data(SUMMARY).id for index in self._list.selectionModel().selectedIndexes()]

    def focus_search(self) -> None:
        self._search.setFocus()
        self._search.selectAll()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._delegate.theme = theme
        self._here.setIcon(icon("filter", theme))
        self._compare.setIcon(icon("compare", theme))
        self._list.viewport().update()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if watched is self._list and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            key = {Qt.Key.Key_Delete: "trash", Qt.Key.Key_F2: "rename"}.get(Qt.Key(event.key()))
            if key:
                for run in self.selected():
                    self._ask(key, run)
                return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    @Slot(QModelIndex, QModelIndex)
    def _current(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._choosing:
            self.chosen.emit(index.data(SUMMARY).id)

    @Slot()
    def _selected(self) -> None:
        count = len(self.selected())
        self._compare.setEnabled(count >= 2)
        self._compare.setText(f"Compare ({count})" if count >= 2 else "Compare")

    @Slot(QPoint)
    def _menu(self, at: QPoint) -> None:
        index = self._list.indexAt(at)
        if not index.isValid():
            return
        summary: RunSummary = index.data(SUMMARY)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key in ("rename", "star", *ACTIONS[summary.state]):
            words = {"rename": "Rename…", "star": "Remove star" if summary.starred else "Star"}.get(key) or WORDS.get(
                key
            )
            if words is None or (key == "edit" and summary.state not in ("queued", "held")):
                continue
            action = menu.addAction(words)
            action.setData((key, summary.id))
        menu.triggered.connect(self._triggered)
        menu.popup(self._list.viewport().mapToGlobal(at))

    @Slot(QAction)
    def _triggered(self, action: QAction) -> None:
        key, run = action.data()
        if key == "compare" and len(self.selected()) >= 2:
            self._ask_compare()
        else:
            self._ask(key, run)

    def _ask(self, key: str, run: str) -> None:
        summary = self.model.summary(run)
        if summary is None or (key not in ("rename", "star") and key not in ACTIONS[summary.state]):
            return
        self.action_requested.emit(key, run)

    @Slot()
    def _ask_compare(self) -> None:
        self.compare_requested.emit(self.selected())

    @Slot()
    def _narrow(self) -> None:
        self.model.narrow(self._search.text(), self._workspace if self._here.isChecked() else "")

    @Slot()
    def _show_emptiness(self) -> None:
        if self.model.rowCount():
            self._stack.setCurrentWidget(self._list)
        else:
            searching = bool(self._search.text() or self._here.isChecked())
            if searching:
                self._nothing.set_sentence(f"No run fits “{self._search.text()}”.", "Clear the search")
            self._stack.setCurrentWidget(self._nothing if searching else self._empty)
