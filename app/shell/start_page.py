"""The first page: drop something, try a workspace, or go on where you left off."""

from pathlib import Path

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.runs.plain_text import one_line
from app.runs.states import ACTIVE, RESUMABLE
from app.runs.summary import RunSummary
from app.shell.laboratory import Laboratory
from app.widgets.badges import StateBadge
from app.widgets.dropzone import DropZone
from app.widgets.icons import pixmap
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme
from app.workspaces.declare import Workspace

MOST_TO_CONTINUE = 6
WIDEST = 1040


class WorkspaceCard(QFrame):
    """A workspace: its question, its demonstration, and the last verdict."""

    opened = Signal(str)
    tried = Signal(str)

    def __init__(self, workspace: Workspace, theme: Theme) -> None:
        super().__init__()
        self._key = workspace.key
        self._theme = theme
        self.setProperty("card", True)
        self.setAccessibleName(workspace.title)
        self._picture = QLabel()
        title = Label(workspace.title, theme, "heading")
        question = Label(workspace.question, theme, "body", "text-2", wrap=True)
        self._verdict = Label("", theme, "caption", "text-2", wrap=True)
        self._verdict.hide()
        self.try_button = QPushButton("Try it")
        self.try_button.setProperty("primary", True)
        self.try_button.setToolTip(f"About {workspace.try_it_seconds} s, offline, on data that comes with Assay")
        self.try_button.clicked.connect(self._try)
        self.open_button = QPushButton("Open")
        self.open_button.clicked.connect(self._open)
        head = QHBoxLayout()
        head.setSpacing(theme.space("field"))
        head.addWidget(self._picture)
        head.addWidget(title)
        head.addStretch(1)
        foot = QHBoxLayout()
        foot.addWidget(self.try_button)
        foot.addWidget(self.open_button)
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("group")] * 4)
        layout.setSpacing(theme.space("field"))
        layout.addLayout(head)
        layout.addWidget(question)
        layout.addWidget(self._verdict)
        layout.addStretch(1)
        layout.addLayout(foot)
        self.set_theme(theme)

    def set_verdict(self, words: str) -> None:
        self._verdict.setText(one_line(f"Last: {words}"))
        self._verdict.setVisible(bool(words))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._picture.setPixmap(pixmap(self._key, theme, "accent", 24, self.devicePixelRatioF()))

    @Slot()
    def _try(self) -> None:
        self.tried.emit(self._key)

    @Slot()
    def _open(self) -> None:
        self.opened.emit(self._key)


class ContinueRow(QFrame):
    """A run worth going back to."""

    chosen = Signal(str)

    def __init__(self, summary: RunSummary, theme: Theme) -> None:
        super().__init__()
        self._run = summary.id
        badge = StateBadge(theme)
        badge.set_state(summary.state)
        name = ElidedLabel(one_line(summary.name or summary.id), theme)
        verdict = ElidedLabel(one_line(summary.verdict), theme, "caption", "text-2")
        button = QPushButton("Show")
        button.setAccessibleName(f"Show {summary.name or summary.id}")
        button.clicked.connect(self._choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, theme.space("hair"), 0, theme.space("hair"))
        layout.addWidget(badge)
        layout.addWidget(name, 2)
        layout.addWidget(verdict, 3)
        layout.addWidget(button)

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(self._run)


class StartPage(QScrollArea):
    """Drop zone, cards, runs to continue, and one line about this computer."""

    workspace_opened = Signal(str)
    try_requested = Signal(str)
    run_chosen = Signal(str)
    paths_dropped = Signal(object)
    refused = Signal(str)

    def __init__(self, workspaces: dict[str, Workspace], laboratory: Laboratory, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._laboratory = laboratory
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Start page")
        self.drop_zone = DropZone(
            "Drop a data set, a model, a report or a run here",
            theme,
            "Folders of images by class, MNIST files, CSV, .npz, CIFAR-10 binary. Assay says what it is.",
        )
        self.drop_zone.setMinimumHeight(170)
        self.drop_zone.paths_dropped.connect(self.paths_dropped)
        self.drop_zone.refused.connect(self.refused)
        self.drop_zone.browse_requested.connect(self._browse)
        self.cards: dict[str, WorkspaceCard] = {}
        grid = QGridLayout()
        grid.setSpacing(theme.space("pane"))
        for position, workspace in enumerate(workspaces.values()):
            card = WorkspaceCard(workspace, theme)
            card.opened.connect(self.workspace_opened)
            card.tried.connect(self.try_requested)
            self.cards[workspace.key] = card
            grid.addWidget(card, position // 3, position % 3)
        grid.setColumnStretch(0, 1)
        self._heading = Label("Continue", theme, "heading")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self._system = Label("", theme, "caption", "text-2", wrap=True)
        column = QWidget()
        column.setMaximumWidth(WIDEST)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(*[theme.space("wide")] * 4)
        layout.setSpacing(theme.space("group"))
        layout.addWidget(Label("What do you want to know?", theme, "title"))
        layout.addWidget(self.drop_zone)
        layout.addLayout(grid)
        layout.addWidget(self._heading)
        layout.addLayout(self._rows)
        layout.addStretch(1)
        layout.addWidget(self._system)
        outer = QWidget()
        centred = QHBoxLayout(outer)
        centred.addStretch(1)
        centred.addWidget(column, 100)
        centred.addStretch(1)
        self.setWidget(outer)
        self.show_runs([])

    def sizeHint(self) -> QSize:
        return QSize(1100, 700)

    def show_runs(self, summaries: list[RunSummary]) -> None:
        """Offer what runs, what was interrupted, and the most recent runs; give each card its last verdict."""
        while self._rows.count():
            item = self._rows.takeAt(0)
            if item.widget() is not None:
                item.widget().deleteLater()
        urgent = [s for s in summaries if s.state in ACTIVE or s.state in RESUMABLE]
        recent = [s for s in summaries if s not in urgent]
        for summary in (urgent[:MOST_TO_CONTINUE] + recent)[:MOST_TO_CONTINUE]:
            row = ContinueRow(summary, self._theme)
            row.chosen.connect(self.run_chosen)
            self._rows.addWidget(row)
        self._heading.setVisible(self._rows.count() > 0)
        for key, card in self.cards.items():
            verdict = next((s.verdict for s in summaries if s.workspace == key and s.verdict), "")
            card.set_verdict(verdict)

    def show_system(self, words: str) -> None:
        self._system.setText(words)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    @Slot()
    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, "Choose files")
        if chosen:
            self.paths_dropped.emit([Path(path) for path in chosen])
