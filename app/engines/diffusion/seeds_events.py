"""The seeds of a scan as events, for every task that scans."""

import math
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

from app.core import Checkpoint, Event, Metric, Progress, Stage, Warn
from app.core.task import Command
from app.engines.diffusion import showing
from app.engines.diffusion.configs import ScanConfig

if TYPE_CHECKING:
    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.scanning import Plan, SeedScan
    from app.models.diffusion import DiffusionModel

STEPS_PER_CHECKPOINT = 50
STEPS_PER_PICTURE = 25

Keeper = Callable[[dict[str, Any]], Checkpoint]
"""Makes the task's checkpoint of the scan's state {"judged", "running"}."""
Told = Generator[Event, Command | None, None]


def seeds_events(
    config: ScanConfig,
    model: "DiffusionModel",
    plan: "Plan",
    judged: "Judged",
    running: Mapping[str, Any] | None,
    keep: Keeper,
    first: int = 0,
    who: str = "",
) -> Told:
    """Scan with one seed after the other until `judged` is over; `running` is the state of one that was begun.

    `first` is the number of the first pictures, so that those of a later scan in the same run come after; `who` goes
    before the seed wherever one run scans several models.
    """
    from app.engines.diffusion.scanning import SeedScan

    while not judged.over:
        seed = config.seed + len(judged.found)
        label = f"{who}seed {seed}"
        yield Stage(label)
        work = SeedScan(model, plan, seed, running)
        running = None
        yield from _one_seed(work, judged, keep, first, label)
        judged.add(seed, work.found)
        yield from showing.of_evidence(first + len(judged.found), label, work.found)
        yield from showing.tables(judged, who)
        yield keep({"judged": judged.state(), "running": None})


def _one_seed(work: "SeedScan", judged: "Judged", keep: Keeper, first: int, label: str) -> Told:
    from app.engines.diffusion.scanning import PictureEnd, PictureStep, SearchEnd, SearchStep

    for record in work.records():
        saved = True
        match record:
            case SearchStep(search=search, step=step):
                yield Progress(step, record.steps, "update")
                yield Metric(f"inversion/loss/{label} {search}", step, record.loss)
                if math.isfinite(record.held_out):
                    yield Metric(f"inversion/held-out/{label} {search}", step, record.held_out)
                if step % STEPS_PER_PICTURE == 0:
                    yield Metric(f"inversion/size/{label} {search}", step, float(record.tau.abs().mean()))
                    yield from showing.of_shift(label, search, work.number(search), step, record.tau)
                saved = step % STEPS_PER_CHECKPOINT == 0
            case SearchEnd(search=search):
                if record.diverged:
                    yield Warn(f"{label}: the search “{search}” gave values that are not finite and was ended")
                yield from showing.of_shift(label, search, work.number(search), record.step, record.tau)
            case PictureStep():
                yield Progress(record.done, record.total, "pass")
                saved = False
            case PictureEnd():
                number = first + showing.PICTURES_PER_SEED * len(judged.found) + len(work.found.features)
                yield showing.of_pictures(number, label, record.pictures, record.view, record.search)
        if saved:
            yield keep({"judged": judged.state(), "running": work.state()})
