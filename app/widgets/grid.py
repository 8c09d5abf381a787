"""The grid of panels in the centre: rows and columns that can be dragged, one panel maximised, all reset."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.widgets.panels import Panel
from app.widgets.theme import Theme

GAP = 8


class PanelGrid(QWidget):
    """Rows of panels, each row a splitter within a splitter."""

    maximised = Signal(object)
    """The panel that now has the whole room, or None."""

    def __init__(self, rows: Sequence[Sequence[Panel]], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._large: Panel | None = None
        self._places: list[tuple[QSplitter, Panel]] = []
        self._outer = _splitter(Qt.Orientation.Vertical)
        for row in rows:
            inner = _splitter(Qt.Orientation.Horizontal)
            for panel in row:
                panel.setMinimumSize(200, panel.least_height)
                panel.maximise_requested.connect(self._toggle)
                inner.addWidget(panel)
                self._places.append((inner, panel))
            inner.setSizes([10_000] * len(row))
            self._outer.addWidget(inner)
        self._outer.setSizes([10_000] * len(rows))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._outer)

    def panels(self) -> list[Panel]:
        return [panel for _, panel in self._places]

    @property
    def large(self) -> Panel | None:
        """The panel that is maximised, if one is."""
        return self._large

    def maximise(self, panel: Panel | None) -> None:
        """Give one panel the whole room, or with None show all again."""
        self._large = panel
        for _, one in self._places:
            one.set_maximised(one is panel)
            if not one.torn_off:
                one.setVisible(panel is None or one is panel)
        for row in range(self._outer.count()):
            inner = self._outer.widget(row)
            inner.setVisible(panel is None or any(place is inner and one is panel for place, one in self._places))
        self.maximised.emit(panel)

    @Slot()
    def reset(self) -> None:
        """The layout as the workspace proposes it: everything docked, equal shares."""
        for panel in self.panels():
            panel.dock_back()
        self.maximise(None)
        for splitter in (self._outer, *(inner for inner, _ in self._places)):
            splitter.setSizes([10_000] * splitter.count())

    def save(self) -> dict[str, Any]:
        """Shares and views of the panels, as JSON."""
        views = {panel.title: panel.view_state() for panel in self.panels()}
        inner = [self._outer.widget(row).sizes() for row in range(self._outer.count())]  # type: ignore[attr-defined]
        return {
            "rows": self._outer.sizes(),
            "columns": inner,
            "views": {name: view for name, view in views.items() if view},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """What `save` gave; parts that do not fit this grid are left out."""
        inner = [self._outer.widget(row) for row in range(self._outer.count())]
        _share(self._outer, state.get("rows"))
        columns = state.get("columns")
        for splitter, sizes in zip(inner, columns if isinstance(columns, list) else [], strict=False):
            if isinstance(splitter, QSplitter):
                _share(splitter, sizes)
        views = state.get("views")
        for panel in self.panels():
            view = views.get(panel.title) if isinstance(views, dict) else None
            panel.restore_view(view if isinstance(view, dict) else {})

    @Slot()
    def _toggle(self) -> None:
        panel = self.sender()
        if isinstance(panel, Panel) and not panel.torn_off:
            self.maximise(None if self._large is panel else panel)


def _splitter(direction: Qt.Orientation) -> QSplitter:
    splitter = QSplitter(direction)
    splitter.setHandleWidth(GAP)
    splitter.setChildrenCollapsible(False)
    return splitter


def _share(splitter: QSplitter, sizes: Any) -> None:
    """Divide the room as saved, if what was saved fits."""
    fits = isinstance(sizes, list) and len(sizes) == splitter.count() and all(isinstance(size, int) for size in sizes)
    if fits and any(sizes):
        splitter.setSizes(sizes)
