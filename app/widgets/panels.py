"""The frame around everything that shows events: title, tools, maximise, tear off, export, empty state."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core import AssayError
from app.widgets.empty import EmptyState
from app.widgets.export import Heading, write_csv, write_png, write_svg
from app.widgets.icons import icon
from app.widgets.labels import ElidedLabel
from app.widgets.tearoff import TearOff
from app.widgets.theme import Theme, load_theme

if TYPE_CHECKING:
    from app.runs.records import Points, Record

PICTURE = QSize(960, 600)
FORMAT_WORDS = {
    "png": "Picture (PNG, twice the size)…",
    "svg": "Drawing (SVG)…",
    "csv:shown": "Table as shown (CSV)…",
    "csv:raw": "Raw values (CSV)…",
    "csv:both": "Shown and raw values (CSV)…",
}


class PanelHeader(QWidget):
    """Title on the left, tools on the right; a double-click asks for the whole centre."""

    doubled = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.doubled.emit()


class Panel(QFrame):
    """Base of every panel. A subclass sets a body, says which events it wants, and takes them."""

    maximise_requested = Signal()
    empty_action_requested = Signal()
    exported = Signal(str)
    failed = Signal(object)
    """An AssayError that the window should show."""

    formats: tuple[str, ...] = ("png",)
    least_height = 140
    """Logical pixels below which a grid does not squeeze it, but lets its page scroll."""

    def __init__(
        self, title: str, theme: Theme, *, empty: str = "", action: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.theme = theme
        self._runs = ""
        self._tools: list[tuple[QToolButton, str]] = []
        self._body: QWidget | None = None
        self.setProperty("card", True)
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._tear_off = TearOff(self, title)
        self._empty = EmptyState(empty or f"{title} appears here once a run reports it.", theme, action)
        self._empty.action_requested.connect(self.empty_action_requested)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self._build_header(theme))
        layout.addWidget(self._stack, 1)
        Panel.set_theme(self, theme)

    def set_body(self, body: QWidget) -> None:
        """The widget shown once there is something to show."""
        self._body = body
        self._stack.addWidget(body)

    def set_filled(self, filled: bool) -> None:
        """Show the body, or the empty state."""
        if self._body is not None:
            self._stack.setCurrentWidget(self._body if filled else self._empty)

    @property
    def filled(self) -> bool:
        return self._body is not None and self._stack.currentWidget() is not self._empty

    def wants(self, kind: str, name: str) -> bool:
        """Whether events of this kind and name belong here."""
        return False

    def points_added(self, points: dict[str, "Points"], run: str = "") -> None:
        """New points of metrics, by name; `run` tells overlaid runs apart."""

    def record_added(self, record: "Record", folder: Path) -> None:
        """One event that is no metric; files it names lie under `folder`."""

    def rewind(self, seq: int, run: str = "") -> None:
        """Forget what came after event number `seq`: the run was resumed from there."""

    def clear(self) -> None:
        """Forget everything shown."""
        self.set_filled(False)

    def set_reference(self, name: str, value: float, text: str, source: str = "") -> None:
        """Draw a published or baseline figure where this panel has a scale for it."""

    def set_context(self, runs: Sequence[str]) -> None:
        """Names of the runs shown, for exports."""
        if (names := ", ".join(runs)) != self._runs:
            self._runs = names
            self.forget_choices()

    def forget_choices(self) -> None:
        """Other runs are shown than before. `clear` alone also comes before the same run is told again."""

    def view_state(self) -> dict[str, Any]:
        """How the content is looked at, to be remembered as JSON."""
        return {}

    def restore_view(self, state: dict[str, Any]) -> None:
        """Take what `view_state` gave, in part or whole."""

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        for button, meaning in self._tools:
            button.setIcon(icon(meaning, theme))
        self._title.set_theme(theme)
        self._empty.set_theme(theme)

    def set_maximised(self, maximised: bool) -> None:
        """Told by whoever maximises; changes the words and the icon only."""
        self._maximise.setText("Restore size" if maximised else "Maximise")
        self._maximise.setIcon(icon("restore-size" if maximised else "maximise", self.theme))

    def add_tool(self, meaning: str, words: str, checkable: bool = False) -> QToolButton:
        """A button in the header, before the ones every panel has; connect its `clicked` or `toggled`."""
        button = self._tool(meaning, words, checkable)
        self._own_tools.addWidget(button)
        return button

    def add_choice(self, box: QWidget) -> None:
        """A field in the header, before the buttons."""
        self._own_tools.insertWidget(0, box)

    @property
    def menu(self) -> QMenu:
        """The overflow menu, for further commands of a subclass."""
        return self._more

    @Slot()
    def tear_off(self) -> None:
        """Move the panel into a window of its own; the window's close docks it back."""
        self._tear_off.open(self.theme)

    @Slot()
    def dock_back(self) -> None:
        if self._tear_off.window is not None:
            self._tear_off.window.close()

    @property
    def torn_off(self) -> bool:
        return self._tear_off.window is not None

    def export(self, path: Path, what: str = "shown") -> None:
        """Write what is shown; the ending of `path` chooses the format. Raises AssayError if it cannot be written."""
        heading = Heading(self.title, self._runs)
        ending = path.suffix.lower().lstrip(".")
        if ending == "csv":
            write_csv(path, *self.table(what))
        elif ending == "svg":
            write_svg(path, PICTURE, heading, self.paint_picture)
        elif ending == "png":
            write_png(path, PICTURE, heading, self.paint_picture)
        else:
            raise AssayError(f"Cannot export to “.{ending}”", remedy=f"Use one of {', '.join(self.endings())}")
        self.exported.emit(str(path))

    def endings(self) -> list[str]:
        return list(dict.fromkeys(form.split(":")[0] for form in self.formats))

    def table(self, what: str) -> tuple[list[str], list[list[Any]]]:
        """Columns and rows for CSV; `what` is shown, raw or both."""
        return [], []

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        """Draw the content in the light look into `room`. The base draws the body as it stands."""
        if self._body is None or self._body.width() < 1 or self._body.height() < 1:
            return
        kept = self.theme
        self.set_theme(load_theme("light"))
        picture = self._body.grab()
        self.set_theme(kept)
        size = picture.deviceIndependentSize().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        painter.drawPixmap(QRectF(room.topLeft(), size), picture, QRectF(picture.rect()))

    @Slot(QAction)
    def _export_chosen(self, action: QAction) -> None:
        ending, _, what = str(action.data()).partition(":")
        name = "".join(char if char.isalnum() else "-" for char in self.title.lower())
        chosen, _ = QFileDialog.getSaveFileName(self, "Export", f"{name}.{ending}", f"*.{ending}")
        if not chosen:
            return
        path = Path(chosen)
        try:
            self.export(path if path.suffix else path.with_suffix(f".{ending}"), what or "shown")
        except AssayError as error:
            self.failed.emit(error)

    def _build_header(self, theme: Theme) -> QWidget:
        header = PanelHeader()
        header.setFixedHeight(36)
        header.doubled.connect(self.maximise_requested)
        self._title = ElidedLabel(self.title, theme, "strong")
        self._own_tools = QHBoxLayout()
        self._own_tools.setSpacing(theme.space("hair"))
        self._export_button = self._tool("export", f"Export {self.title}")
        self._export_menu = QMenu(self)
        for form in self.formats:
            self._export_menu.addAction(FORMAT_WORDS[form]).setData(form)
        self._export_menu.triggered.connect(self._export_chosen)
        self._export_button.setMenu(self._export_menu)
        self._export_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more = QMenu(self)
        self._maximise = self._more.addAction("Maximise")
        self._maximise.triggered.connect(self.maximise_requested)
        self._window_action = self._more.addAction("Open in a window")
        self._window_action.triggered.connect(self.tear_off)
        more = self._tool("more", f"More commands for {self.title}")
        more.setMenu(self._more)
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        window = self._tool("tear-off", f"Open {self.title} in a window")
        window.clicked.connect(self.tear_off)
        row = QHBoxLayout(header)
        row.setContentsMargins(theme.space("pane"), 4, theme.space("tight"), 4)
        row.setSpacing(theme.space("hair"))
        row.addWidget(self._title, 1)
        row.addLayout(self._own_tools)
        for button in (self._export_button, window, more):
            row.addWidget(button)
        return header

    def _tool(self, meaning: str, words: str, checkable: bool = False) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(meaning, self.theme))
        button.setIconSize(QSize(16, 16))
        button.setCheckable(checkable)
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setFixedSize(26, 26)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._tools.append((button, meaning))
        return button


def matches(patterns: str | Sequence[str], name: str) -> bool:
    """Whether `name` fits one of the patterns, in which `*` stands for anything."""
    listed = (patterns,) if isinstance(patterns, str) else patterns
    return any(fnmatchcase(name, pattern) for pattern in listed)


def ending(patterns: str | Sequence[str], name: str) -> str:
    """What tells `name` from the others of its pattern: the part that its `*` stands for, or the whole name."""
    listed = (patterns,) if isinstance(patterns, str) else patterns
    heads = [pattern[:-1] for pattern in listed if pattern.endswith("*")]
    return next((name[len(head) :] for head in heads if name.startswith(head) and name != head), name)
