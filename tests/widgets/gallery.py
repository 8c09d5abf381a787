"""Every widget in the light and the dark look, as pictures: `python tests/widgets/gallery.py FOLDER`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.core import Citation, Config, Figure, Preset, Result, field
from app.data.inspection import Inspection, Preview, Problem
from app.runs.records import Points, Record
from app.runs.states import BADGES
from app.widgets import declare
from app.widgets.badges import StateBadge
from app.widgets.build import build_panel
from app.widgets.dropzone import DropZone
from app.widgets.empty import EmptyState
from app.widgets.form import ConfigForm
from app.widgets.grid import PanelGrid
from app.widgets.histogram import HistogramView
from app.widgets.panels import Panel
from app.widgets.runbar import RunBar
from app.widgets.scatter import Dot, ScatterView
from app.widgets.strip import RunStrip
from app.widgets.theme import Theme, load_theme
from app.widgets.toast import ActivityItem, ToastStack
from app.widgets.verdict import VerdictCard

RNG = np.random.default_rng(7)


class SampleConfig(Config):
    """One field of each kind."""

    data: str = field("builtin:digits", title="Data", help="Labelled pictures or a table", widget="data")
    classes: tuple[str, ...] = field((), help="Which classes to tell apart", widget="classes")
    qubits: int = field(4, ge=1, le=12, help="Size of the register; each one doubles time and memory")
    rate: float = field(1e-3, gt=0, le=1, log=True, help="Step size of the optimiser", group="Training")
    epochs: int = field(30, ge=1, le=5000, help="Passes over the samples", group="Training")
    noise: Literal["none", "device"] = field(
        "none", labels={"none": "No noise", "device": "As a real device"}, help="Noise of the gates", group="Training"
    )
    limit: float = field(2.5, ge=0, unit="GB", help="Memory the run may use", group="Training")
    shuffle: bool = field(True, help="Mix the samples before each epoch", group="Training")
    seed: int = field(0, ge=0, help="Seed of all randomness", advanced=True)
    layers: list[int] = field([4, 4], help="Width of each layer", advanced=True)
    cap: int | None = field(None, ge=1, help="Samples of each class", advanced=True)
    remark: str = field("", help="Anything worth keeping", widget="multiline", advanced=True)


PRESETS = {
    "paper": Preset("Table 2", {"epochs": 100}, "100 epochs on 4 qubits", Citation(text="A. Author et al., 2024")),
    "quick": Preset("Quick look", {"epochs": 3}, "Three epochs, to see that it works"),
}


def points(values: object, start: int = 1) -> Points:
    """A curve whose n-th point is event `start` + n at step n."""
    array = np.asarray(values, float)
    step = np.arange(len(array))
    return Points(step + start, step * 0.1, step, array)


def losses(seed: int = 0, n: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.exp(-np.arange(n) / 80) + 0.3 + 0.05 * rng.standard_normal(n)


def record(kind: str, name: str, data: dict, step: int | None = 0, seq: int = 1) -> Record:
    return Record(seq, 0.0, kind, name, step, data)


def plot(theme: Theme, folder: Path) -> QWidget:
    reference = declare.Reference(0.4, "paper: 0.40", "Table 2")
    panel = build_panel(declare.Plot("Loss", "*/loss", references=(reference,), unit="nats"), theme)
    train = losses()
    train[100] = np.nan
    panel.points_added({"train/loss": points(train), "val/loss": points(losses(1) + 0.1)})
    panel._slider.setValue(85)
    return panel


def overlay(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.Plot("Accuracy", "accuracy", y_range=(0, 1)), theme)
    for run in range(6):
        curve = 1 - losses(run) / (1.6 if run < 3 else 1.9)
        panel.points_added({"accuracy": points(curve)}, run=f"run {run}")
    panel.set_folds({"4 qubits": ["run 0", "run 1", "run 2"], "6 qubits": ["run 3", "run 4", "run 5"]})
    return panel


def many(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.Plot("Loss of each layer", "layer/*", log_y=True), theme)
    panel.points_added({f"layer/{k}": points(losses(k) * 2.0**-k) for k in range(10)})
    return panel


def families(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.Plot("Loss of the searches", "loss/*", parts=r"(seed \d+) (.+)"), theme)
    searches = ("λ 0.5", "λ 1", "paired noise")
    curves = {
        f"loss/seed {seed} {search}": points(losses(seed, 80) * (1 + k))
        for seed in range(4)
        for k, search in enumerate(searches)
    }
    panel.points_added(curves)
    return panel


def empty_plot(theme: Theme, folder: Path) -> QWidget:
    return build_panel(declare.Plot("Gradient norm", "grad", step_title="epoch"), theme)


def pictures(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.Images("Samples", "samples/*", columns=4), theme)
    (folder / "files").mkdir(parents=True, exist_ok=True)
    for k in range(8):
        name = f"files/{k}.png"
        pixels = (255 * np.clip(RNG.random((8, 8)) * np.hanning(8)[:, None] * 2, 0, 1)).astype(np.uint8)
        QImage(np.ascontiguousarray(pixels).data, 8, 8, 8, QImage.Format.Format_Grayscale8).save(str(folder / name))
        panel.record_added(
            record("image", "samples/x", {"file": name, "caption": f"digit {k}, read as {k}"}, k), folder
        )
    return panel


def saved_picture(folder: Path, name: str, grey: int, side: int = 8) -> str:
    """A plain grey picture under `folder`; its name as a record gives it."""
    (folder / "files").mkdir(parents=True, exist_ok=True)
    pixels = np.full((side, side), grey, np.uint8)
    QImage(pixels.data, side, side, side, QImage.Format.Format_Grayscale8).save(str(folder / "files" / name))
    return f"files/{name}"


def wipe(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.Wipe("Repair", "before", "after"), theme)
    for seq, (name, grey) in enumerate((("before", 30), ("after", 220))):
        file = saved_picture(folder, f"{name}.png", grey)
        panel.record_added(record("image", name, {"file": file, "caption": name}, seq, seq), folder)
    return panel


def samplers(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.Wipe("Repair", "before/*", "after/*", choice="Sampler"), theme)
    names = ("before/DDIM", "before/ODE", "after/DDIM", "after/ODE")
    for seq, (name, grey) in enumerate(zip(names, (30, 90, 220, 160))):
        file = saved_picture(folder, f"{seq}-of-samplers.png", grey)
        panel.record_added(record("image", name, {"file": file, "caption": name}, 0, seq), folder)
    return panel


def histogram(theme: Theme, folder: Path) -> QWidget:
    view = HistogramView("distance between two pictures", "pairs", theme)
    rng = np.random.default_rng(3)
    view.show_sets({"noise alone": rng.normal(0.3, 0.05, 120), "noise + shift": np.abs(rng.normal(0, 0.02, 120))})
    return view


def picture_table(theme: Theme, folder: Path) -> QWidget:
    rows, more = (("shift/*", "raw"), ("shift/less/*", "less background")), (("shift/absolute/*", "absolute"),)
    panel = build_panel(declare.PictureTable("Shifts", rows, more, column="seed"), theme)
    for seq, name in enumerate(("shift/0", "shift/less/0", "shift/1", "shift/less/1", "shift/1")):
        file = saved_picture(folder, f"shift-{seq}.png", 40 * seq)
        panel.record_added(record("image", name, {"file": file, "caption": f"update {seq}"}, seq, seq), folder)
    return panel


def scatter(theme: Theme, folder: Path) -> QWidget:
    view = ScatterView("uniformity", "variation", theme)
    dots = [Dot(0.01 * 3**k, 0.02 * (k + 1), k % 3, f"model {k}", f"model {k}, made for a look") for k in range(4)]
    view.show_dots(dots, ("clean", "backdoored", "this one"))
    view.choose("model 2")
    return view


def table(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(
        declare.TableOf("Per class", "classes", better=(("recall", "higher"), ("time (s)", "lower"))), theme
    )
    rows = [
        [f"class {k}", 0.9 + 0.01 * k, 12.5 - k, k % 2 == 0, "<b>plain</b> text" if k == 3 else ""] for k in range(7)
    ]
    data = {"columns": ["class", "recall", "time (s)", "seen", "remark"], "rows": rows}
    panel.record_added(record("table", "classes", data), folder)
    return panel


def heatmap(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.Heatmap("Confusion", "confusion", "true", "read as", unit="samples"), theme)
    (folder / "files").mkdir(parents=True, exist_ok=True)
    values = RNG.integers(0, 9, (6, 6)) + 80 * np.eye(6)
    np.save(folder / "files" / "c.npy", values)
    names = [str(k) for k in range(6)]
    panel.record_added(record("array", "confusion", {"file": "files/c.npy", "labels": [names, names]}), folder)
    return panel


def diverging(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.Heatmap("Weights", "w", diverging=True), theme)
    (folder / "files").mkdir(parents=True, exist_ok=True)
    np.save(folder / "files" / "w.npy", RNG.standard_normal((10, 24)))
    panel.record_added(record("array", "w", {"file": "files/w.npy"}), folder)
    return panel


def bars(theme: Theme, folder: Path) -> QWidget:
    reference = declare.Reference(0.9, "paper: 0.90", "Table 3")
    panel = build_panel(declare.Bars("Accuracy by method", "bars", references=(reference,)), theme)
    rows = [["co-TenQu", 0.931, 0.012, 5], ["without fine-tuning", 0.884, 0.031, 5], ["classical", 0.902, None, 1]]
    panel.record_added(record("table", "bars", {"columns": ["label", "value", "interval", "n"], "rows": rows}), folder)
    return panel


def text(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.TextOf("Circuit", "circuit", mono=True), theme)
    for step in range(3):
        panel.record_added(
            record("text", "circuit", {"text": "q0: ─H──■──\nq1: ────X──\n<i>not italic</i>"}, step), folder
        )
    return panel


def log(theme: Theme, folder: Path) -> QWidget:
    panel = build_panel(declare.LogOf("Log"), theme)
    panel.append([("info", "Loading 1797 pictures"), ("warning", "3 files cannot be read"), ("debug", "seed 0")])
    panel.append([("error", "\x1b[31mNo space left\x1b[0m on the disk"), ("info", "10 %\r50 %\r100 % done")])
    panel.flush()
    return panel


def form(theme: Theme, folder: Path) -> QWidget:
    made = ConfigForm(SampleConfig, PRESETS, theme)
    made.set_values({"epochs": 0, "rate": 0.005, "limit": 2.0})
    image = QImage(8, 8, QImage.Format.Format_RGB888)
    image.fill(0x4860B4)
    image.save(str(folder / "preview.png"))
    preview = Preview((folder / "preview.png").read_bytes(), "digit")
    made.set_inspection(
        "data",
        Inspection(
            "labelled-images",
            "Handwritten digits",
            "1,797 pictures of 8 × 8 pixels in ten classes",
            "builtin:digits",
            problems=(Problem("warning", "3 files cannot be read", "a.png", "Delete or replace them", 3),),
            previews=(preview,) * 4,
            options={"class_names": [str(k) for k in range(10)]},
        ),
    )
    made.set_choices("data", [("Handwritten digits", "builtin:digits")])
    made._fold.setChecked(True)
    made.faults()
    return made


def verdicts(theme: Theme, folder: Path) -> QWidget:
    column, layout = stacked(theme)
    figures = (
        Figure(name="Accuracy", value=0.931, interval=0.012, n=5, better="higher"),
        Figure(name="Qubits", value=4),
        Figure(name="Loss of accuracy by noise", value=3.4, unit="%", interval=0.8, n=5),
    )
    for tone in ("good", "bad", "unsure"):
        card = VerdictCard(theme)
        verdict = (
            "Four qubits are enough for these digits" if tone == "good" else "Too few samples to say (12 of 100 needed)"
        )
        verdict = "Noise costs more than the training gains" if tone == "bad" else verdict
        advice = "Try three qubits, or add device noise to see what is left."
        card.show_result(Result(verdict=verdict, tone=tone, figures=figures, advice=advice, partial=tone == "unsure"))
        layout.addWidget(card)
    card = VerdictCard(theme)
    card.show_so_far(figures[:1], "Accuracy is still rising")
    layout.addWidget(card)
    layout.addStretch(1)
    return column


def progress(theme: Theme, folder: Path) -> QWidget:
    column, layout = stacked(theme)
    bar = RunBar(theme)
    bar.set_stages(["load", "prepare", "train", "evaluate", "save"])
    bar.set_device("cpu · peak 1.2 of 16 GB")
    for second in range(40):
        bar.set_progress(float(second), "running", "train", 4 * second, 500)
    layout.addWidget(bar)
    unknown = RunBar(theme)
    unknown.set_stages(["load", "train"])
    unknown.set_progress(0.0, "running", "load")
    unknown.tick(12.0)
    layout.addWidget(unknown)
    for name, state in (("digits, 4 qubits", "running"), ("digits, 6 qubits", "done"), ("iris", "failed")):
        strip = RunStrip(theme)
        strip.show_run(name, state, "12 min ago · cpu", "62 %" if state == "running" else "")
        layout.addWidget(strip)
    row = QWidget()
    for k, state in enumerate(BADGES):
        badge = StateBadge(theme, state)
        badge.setParent(row)
        badge.adjustSize()
        badge.move(86 * (k % 6), 26 * (k // 6))
    row.setFixedHeight(56)
    layout.addWidget(row)
    layout.addWidget(ActivityItem(theme, "Sweep finished", "12 runs, best 0.941", "good", action="Show"))
    layout.addWidget(ActivityItem(theme, "Could not read speech_07.wav", "its header claims 0 channels", "bad"))
    layout.addStretch(1)
    return column


def places(theme: Theme, folder: Path) -> QWidget:
    column, layout = stacked(theme)
    layout.addWidget(
        DropZone("Drop anything here", theme, "Pictures in folders, a table, a model, a run of somebody else")
    )
    layout.addWidget(EmptyState("No runs yet. Try it takes about 40 s.", theme, "Try it", meaning="try"))
    return column


def toasts(theme: Theme, folder: Path) -> QWidget:
    host = QWidget()
    host.resize(520, 320)
    stack = ToastStack(host, theme)
    stack.show_toast("Moved “digits, 4 qubits” to the trash", "Undo")
    stack.show_toast("Could not save the export", tone="bad")
    stack.show_toast("Could not save the export", tone="bad")
    host.toasts = stack  # type: ignore[attr-defined]
    return host


def grid(theme: Theme, folder: Path) -> QWidget:
    panels: list[list[Panel]] = [
        [plot(theme, folder), heatmap(theme, folder)],
        [pictures(theme, folder), table(theme, folder)],
    ]  # type: ignore[list-item]
    return PanelGrid(panels, theme)


def stacked(theme: Theme) -> tuple[QWidget, QVBoxLayout]:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setSpacing(theme.space("group"))
    return column, layout


PIECES: dict[str, tuple[Callable[[Theme, Path], QWidget], QSize]] = {
    "plot": (plot, QSize(560, 320)),
    "overlay": (overlay, QSize(560, 320)),
    "many": (many, QSize(560, 320)),
    "families": (families, QSize(560, 320)),
    "empty-plot": (empty_plot, QSize(420, 220)),
    "pictures": (pictures, QSize(560, 320)),
    "wipe": (wipe, QSize(320, 320)),
    "samplers": (samplers, QSize(320, 340)),
    "histogram": (histogram, QSize(420, 260)),
    "picture-table": (picture_table, QSize(420, 360)),
    "scatter": (scatter, QSize(420, 320)),
    "table": (table, QSize(520, 260)),
    "heatmap": (heatmap, QSize(480, 340)),
    "diverging": (diverging, QSize(560, 280)),
    "bars": (bars, QSize(520, 220)),
    "text": (text, QSize(420, 220)),
    "log": (log, QSize(560, 220)),
    "form": (form, QSize(340, 1000)),
    "verdicts": (verdicts, QSize(720, 560)),
    "progress": (progress, QSize(620, 480)),
    "places": (places, QSize(520, 420)),
    "toasts": (toasts, QSize(520, 320)),
    "grid": (grid, QSize(1000, 640)),
}


def settle(widget: QWidget) -> None:
    """Let layouts and coalesced redraws happen."""
    app = QApplication.instance()
    for _ in range(3):
        app.processEvents()
        for panel in [widget, *widget.findChildren(Panel)]:
            canvas = getattr(panel, "canvas", None)
            if canvas is not None:
                canvas.redraw()
    app.processEvents()


def main(folder: Path, names: list[str]) -> None:
    app = QApplication.instance() or QApplication([])
    for look in ("light", "dark"):
        theme = load_theme(look)  # type: ignore[arg-type]
        theme.apply(app)
        for name in names or list(PIECES):
            make, size = PIECES[name]
            place = folder / "files-of-gallery"
            place.mkdir(parents=True, exist_ok=True)
            piece = make(theme, place)
            piece.resize(size)
            piece.show()
            settle(piece)
            piece.grab().save(str(folder / f"{name}-{look}.png"))
            piece.close()
            piece.deleteLater()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
