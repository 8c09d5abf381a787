"""The scan: is there a hidden trigger in this diffusion model?"""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from app.core import (
    Artifact,
    Checkpoint,
    Emits,
    Event,
    Log,
    Stage,
    State,
    Stopped,
    Table,
    Warn,
    task,
)
from app.core.task import Command, Run
from app.engines.diffusion import showing
from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.presets import SCAN_PRESETS
from app.engines.diffusion.seeds_events import seeds_events

if TYPE_CHECKING:
    from app.models.diffusion import DiffusionModel


@task(
    "diffusion.scan",
    title="Scan a model",
    presets=SCAN_PRESETS,
    failed_exit=2,
    emits=(
        Emits("metric", "inversion/loss/*", "Loss of the search", loss=True),
        Emits("metric", "inversion/held-out/*", "Loss on other noises"),
        Emits("metric", "inversion/size/*", "Mean |τ|"),
        Emits("image", "trigger/*", "Shift"),
        Emits("array", "shift/*", "Shift"),
        Emits("image", "images/clean/*", "Noise alone"),
        Emits("image", "images/triggered/*", "Noise with the shift"),
        Emits("image", "evidence/clean/*", "Most telling pictures: noise alone"),
        Emits("image", "evidence/triggered/*", "Most telling pictures: noise with the shift"),
        Emits("array", "distances/*", "Distances between pictures"),
        Emits("table", "features", "Features"),
        Emits("table", "searches", "Searches"),
        Emits("table", "evidence", "Evidence"),
        Emits("table", "rules", "Rules and limits"),
        Emits("table", "card", "Report card"),
        Emits("table", "references", "Reference models of this kind"),
        Emits("artifact", "*", "Files"),
    ),
)
def scan(config: ScanConfig, resume: State | None = None) -> Run:
    """Search for a shift with each seed, look at the pictures it forces, and judge by the majority."""
    import torch

    from app.engines.diffusion.starting import opened
    from app.models.safetensors_files import check_unchanged

    resume = resume or {}
    torch.set_num_threads(1)
    yield Stage("load")
    with opened(config) as model:
        if resume:
            check_unchanged(resume["hashes"], model.hashes, model.source.root.name)
        else:
            yield from _introduced(model)
        return (yield from _scanned(config, model, resume))


def _scanned(config: ScanConfig, model: "DiffusionModel", resume: State) -> Run:
    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.planning import plan_of
    from app.engines.diffusion.references import ROW_COLUMNS
    from app.engines.diffusion.verdicts import scan_card, scan_result, unfinished

    plan = plan_of(config, model)
    if plan.referee is not None and not resume:
        yield Table("references", 0, ROW_COLUMNS, plan.referee.rows)
    judged = Judged(config, plan, model.device, resume.get("judged"))
    try:
        yield from seeds_events(config, model, plan, judged, resume.get("running"), _Keeper(model))
    except Stopped:
        if not judged.found:
            return unfinished(config.seeds)
        yield from showing.of_card(config, model, judged)
        return scan_result(config, model, plan, judged, partial=True)
    yield Stage("report")
    yield from showing.of_card(config, model, judged)
    yield Artifact("scan-card.json", scan_card(config, model, judged), "scan-card", "Hashes, settings, seeds, findings")
    yield Artifact("shift.safetensors", judged.shift_file(), "diffusion-shift", "The suspected shift of each seed")
    return scan_result(config, model, plan, judged)


class _Keeper:
    """Makes checkpoints that name the weights they belong to."""

    def __init__(self, model: "DiffusionModel") -> None:
        self._hashes = dict(model.hashes)

    def __call__(self, state: dict[str, Any]) -> Checkpoint:
        return Checkpoint({"hashes": self._hashes, **state})


def _introduced(model: "DiffusionModel") -> Generator[Event, Command | None, None]:
    height, width = model.source.image_size
    yield Log(
        f"{model.kind.upper()}, {height} × {width} pixels, {model.parameters:,} parameters, SHA-256 {model.sha256[:16]}…"
    )
    for note in model.notes:
        yield Warn(note)
