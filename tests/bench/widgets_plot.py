"""Frames per second while a curve of a million points is dragged: `python tests/bench/widgets_plot.py`."""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PySide6.QtWidgets import QApplication

from app.runs.records import Points
from app.widgets.build import build_panel
from app.widgets.declare import Plot
from app.widgets.theme import load_theme

POINTS = 1_000_000
FRAMES = 120


def main() -> None:
    app = QApplication([])
    theme = load_theme("dark")
    theme.apply(app)
    panel = build_panel(Plot("Loss", "loss"), theme)
    panel.resize(1200, 600)
    panel.show()
    step = np.arange(POINTS)
    values = np.cumsum(np.random.default_rng(0).standard_normal(POINTS))
    begun = time.perf_counter()
    panel.points_added({"loss": Points(step, step * 0.01, step, values)})
    panel.canvas.redraw()
    app.processEvents()
    print(f"{POINTS} points taken and drawn in {time.perf_counter() - begun:.2f} s")
    for smoothing in (0, 60):
        panel._slider.setValue(smoothing)
        wall, cpu = time.perf_counter(), time.process_time()
        drag(app, panel)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(
            f"smoothing {smoothing / 100:g}: {FRAMES / wall:.0f} frames per second while panning (budget 30), "
            f"{1000 * cpu / FRAMES:.1f} ms of processor time a frame"
        )


def drag(app: QApplication, panel) -> None:  # type: ignore[no-untyped-def]
    """Move and zoom the view a little for each frame, and paint it."""
    for frame in range(FRAMES):
        width = POINTS * (1 - 0.7 * frame / FRAMES)
        left = (POINTS - width) * frame / FRAMES
        panel.canvas._auto = False
        panel.canvas.view.setXRange(left, left + width, padding=0)
        panel.canvas.redraw()
        panel.canvas.viewport().repaint()
        app.processEvents()


if __name__ == "__main__":
    main()
