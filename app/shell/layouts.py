"""How a person arranged the panels of a workspace: taken from the grids, kept in the session, given back."""

from collections.abc import Mapping
from typing import Any

from app.widgets.grid import PanelGrid

Shares = dict[str, Any]


class Layouts:
    """What is known of each page, by its title; pages that were not opened keep what they had."""

    def __init__(self) -> None:
        self._kept: dict[str, Shares] = {}

    def take(self, state: object) -> None:
        """What `save` gave in an earlier session; anything else counts as none."""
        if isinstance(state, Mapping):
            self._kept = {str(title): dict(part) for title, part in state.items() if isinstance(part, Mapping)}

    def restore(self, title: str, grid: PanelGrid) -> None:
        """Arrange a page as it was; damaged parts leave it as the workspace proposes."""
        try:
            grid.restore(self._kept.get(title, {}))
        except (TypeError, ValueError):
            self._kept.pop(title, None)
            grid.reset()

    def save(self, grids: Mapping[str, PanelGrid]) -> dict[str, Shares]:
        """Pages by title, as JSON. While a panel is maximised or torn off, the shares from before are kept."""
        for title, grid in grids.items():
            now, before = grid.save(), self._kept.get(title, {})
            if not _whole(grid, now):
                now |= {part: before.get(part) for part in ("rows", "columns")}
            self._kept[title] = now
        return dict(self._kept)

    def forget(self) -> None:
        self._kept = {}


def _whole(grid: PanelGrid, state: Shares) -> bool:
    sizes = [*state["rows"], *(size for row in state["columns"] for size in row)]
    return grid.large is None and not any(panel.torn_off for panel in grid.panels()) and all(sizes)
