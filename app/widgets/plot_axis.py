"""An axis that draws itself straight onto the screen.

The base replays a recorded picture, and each replay looks its fonts up anew, which is slow for a list of families.
Drawn directly, a curve of a million points pans at 50 instead of 10 frames per second (tests/bench/widgets_plot.py,
2 shared cores). This class may go when pyqtgraph stops recording its axes.
"""

from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QPainter


class DirectAxis(pg.AxisItem):
    """Keeps what is to be drawn until the base says that it is out of date, by setting `picture` to None."""

    def paint(self, painter: QPainter, option: Any, widget: Any) -> None:
        painter.save()
        if self.style["tickFont"] is not None:
            painter.setFont(self.style["tickFont"])
        if self.picture is None:
            self.picture = self.generateDrawSpecs(painter)
        if self.picture is not None:
            self.drawPicture(painter, *self.picture)
        painter.restore()
