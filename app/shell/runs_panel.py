"""The right pane: every run with its state and verdict; search, select, rename, compare, throw away."""

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core import AssayError
from app.runs.states import ACTIONS, WAITING
from app.runs.summary import RunSummary
from app.shell.laboratory import Laboratory
from app.shell.run_folds import Fold
from app.shell.run_list import FOLD, SUMMARY, RunList
from app.shell.run_row import RunRow
from app.widgets.empty import EmptyState
from app.widgets.icons import icon
from app.widgets.labels import Label
from app.widgets.theme import Theme

WORDS = {
    "start_now": "Start now",
    "edit": "Edit",
    "hold": "Hold",
    "release": "Release",
    "remove": "Remove from queue",
    "move_up": "Move up\tAlt+Up",
    "move_down": "Move down\tAlt+Down",
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


MOVES = {"move_up": -1, "move_down": 1}
KEYS = {Qt.Key.Key_Delete: "trash", Qt.Key.Key_F2: "rename"}
ALT_KEYS = {Qt.Key.Key_Up: "move_up", Qt.Key.Key_Down: "move_down"}
FOLD_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right)


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
        self._meanwhile: set[str] | None = None
        laboratory.run_changed.connect(self.model.update)
        laboratory.run_changed.connect(self._queue_may_have_changed)
        self._list.doubleClicked.connect(self._turn)
        for signal in (self.model.modelReset, self.model.layoutChanged):
            signal.connect(self._show_emptiness)
        self.set_theme(theme)
        self._show_emptiness()

    def load(self) -> None:
        """Read the list in a worker thread."""
        self._meanwhile = set()
        errand = self._laboratory.background(_Load(self._laboratory, self.model))
        errand.done.connect(self._loaded)
        self._laboratory.send(errand)

    @Slot(object)
    def _loaded(self, answer: tuple[list[RunSummary], list[str]]) -> None:
        summaries, order = answer
        self.model.places = {run: place for place, run in enumerate(order)}
        self.model.fill(summaries)
        # What changed while the list was read may be older in it, or not be in it at all.
        changed, self._meanwhile = self._meanwhile or set(), None
        for run in changed:
            self._laboratory.run_changed.emit(run)

    def set_workspace(self, key: str) -> None:
        self._workspace = key
        self._narrow()

    def select(self, run: str) -> None:
        """Mark a run without telling anyone."""
        key = self.model.fold_of(run)
        self._choosing = True
        if key and key not in self.model.unfolded:
            self.model.set_unfolded(key, True)
        row = self.model.row_of(run)
        # A click has made it the current one already; to set it again would undo a selection of several.
        if row >= 0 and self._list.currentIndex().row() != row:
            # Not by the list itself: that would look at the keys, and Ctrl is down when Ctrl+Enter started the run.
            command = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self._list.selectionModel().setCurrentIndex(self.model.index(row), command)
        self._choosing = False

    def selected(self) -> list[str]:
        """Runs that are selected; a fold stands for all its runs."""
        found: list[str] = []
        for index in self._list.selectionModel().selectedIndexes():
            fold: Fold | None = index.data(FOLD)
            found += fold.runs if fold is not None else [index.data(SUMMARY).id]
        return list(dict.fromkeys(found))

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
            alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
            keys = ALT_KEYS if alt else KEYS
            key = keys.get(Qt.Key(event.key()))
            index = self._list.currentIndex()
            if index.isValid() and index.data(FOLD) is not None:
                if event.key() in FOLD_KEYS and not alt:
                    self._turn(index)
                    return True
            elif key:
                for run in self.selected():
                    self._ask(key, run)
                return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    @Slot(QModelIndex, QModelIndex)
    def _current(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._choosing and index.data(FOLD) is None:
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
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fold: Fold | None = index.data(FOLD)
        if fold is not None:
            words = "Fold" if fold.key in self.model.unfolded else "Unfold"
            menu.addAction(words).setData(("fold", fold.key))
            menu.addAction("Compare").setData(("compare", fold.runs[0]))
            menu.triggered.connect(self._triggered)
            menu.popup(self._list.viewport().mapToGlobal(at))
            return
        summary: RunSummary = index.data(SUMMARY)
        moves = ("move_up", "move_down") if summary.state in WAITING else ()
        for key in ("rename", "star", *moves, *ACTIONS[summary.state]):
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
        if key == "fold":
            self.model.set_unfolded(run, run not in self.model.unfolded)
        elif key == "compare" and len(self.selected()) >= 2:
            self._ask_compare()
        else:
            self._ask(key, run)

    def _ask(self, key: str, run: str) -> None:
        summary = self.model.summary(run)
        if summary is not None and key in MOVES and summary.state in WAITING:
            self._move(run, MOVES[key])
            return
        if summary is None or (key not in ("rename", "star") and key not in ACTIONS[summary.state]):
            return
        self.action_requested.emit(key, run)

    def _move(self, run: str, step: int) -> None:
        """One place in the queue; the list follows."""
        queue = self._laboratory.store.queue
        order = queue.order()
        try:
            queue.move(run, max(0, order.index(run) + step) if run in order else 0)
        except AssayError as error:
            self._laboratory.say(f"{error.what}.", "unsure")
        self.model.set_places(queue.order())

    @Slot(str)
    def _queue_may_have_changed(self, run: str) -> None:
        if self._meanwhile is not None:
            self._meanwhile.add(run)
        summary = self.model.summary(run)
        waits = summary is not None and summary.state in WAITING
        if waits or run in self.model.places:
            self.model.set_places(self._laboratory.store.queue.order())

    @Slot(QModelIndex)
    def _turn(self, index: QModelIndex) -> None:
        """Fold or unfold."""
        fold: Fold | None = index.data(FOLD)
        if fold is not None:
            self.model.set_unfolded(fold.key, fold.key not in self.model.unfolded)

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


class _Load:
    """Read all runs, and work out which belong together, in a worker thread."""

    def __init__(self, laboratory: Laboratory, model: RunList) -> None:
        self._laboratory, self._model = laboratory, model

    def __call__(self) -> tuple[list[RunSummary], list[str]]:
        store = self._laboratory.store
        return self._model.folds.prepare(store.summaries()), store.queue.order()
