"""The round trip: scan a clean model and a suspect alike, clean the suspect, and scan what was written."""

import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import Artifact, Checkpoint, Emits, Event, Result, Stage, State, Stopped, Warn, task
from app.core.task import Command, Run
from app.engines.diffusion import showing
from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.remove_configs import RemoveConfig
from app.engines.diffusion.seeds_events import seeds_events
from app.engines.diffusion.tasks_remove import remove
from app.engines.diffusion.tour_configs import TourConfig

if TYPE_CHECKING:
    from app.engines.diffusion.judging import Judged

CLEAN, SUSPECT, REPAIRED = "clean", "suspect", "repaired"
FIRST = {CLEAN: 0, SUSPECT: 10_000, REPAIRED: 20_000}
"""Numbers of the first pictures of each scan."""


@task(
    "diffusion.tour",
    title="Scan two models, clean one",
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
        Emits("metric", "removal/shift", "Loss, shift", better="lower", loss=True),
        Emits("metric", "removal/keep", "Loss, keeping", better="lower", loss=True),
        Emits("metric", "removal/diffusion", "Loss, clean pictures", better="lower", loss=True),
        Emits("metric", "removal/rate", "Learning rate"),
        Emits("metric", "removal/forced", "Still forced", better="lower"),
        Emits("metric", "removal/uniformity", "Uniformity with the shift", better="higher"),
        Emits("image", "before/clean/*", "Before: noise alone"),
        Emits("image", "before/triggered/*", "Before: noise with the shift"),
        Emits("image", "after/*", "After"),
        Emits("table", "repair", "Before and after"),
        Emits("table", "features", "Features"),
        Emits("table", "searches", "Searches"),
        Emits("table", "evidence", "Evidence"),
        Emits("table", "rules", "Rules and limits"),
        Emits("table", "card", "Report card"),
        Emits("artifact", "*", "Files"),
    ),
)
def tour(config: TourConfig, resume: State | None = None) -> Run:
    """Two scans, a removal, and a scan of the folder that it wrote; each part that `resume` holds is not done again."""
    import torch

    from app.engines.diffusion.verdicts_tour import stopped_tour, tour_result

    torch.set_num_threads(1)
    kept: dict[str, Any] = dict(resume or {})
    scans: dict[str, Judged] = {}
    try:
        scans[CLEAN] = yield from _scanned(scan_settings(config, config.clean), CLEAN, kept)
        # All searches: the shift that forces most is the one worth removing, and the first alarm's may be a weaker one.
        every = scan_settings(config, config.model).model_copy(update={"early_verdict": False})
        scans[SUSPECT] = yield from _scanned(every, SUSPECT, kept)
        if not scans[SUSPECT].verdict.alarm:
            yield from showing.tables_of(len(scans), _named(scans))
            return tour_result(scans, None)
        part = kept.get("remove") or {"hashes": kept[SUSPECT]["hashes"], "tau": scans[SUSPECT].best_shift().cpu()}
        repaired, stopped = yield from _kept(remove(remove_settings(config), part), kept)
    except Stopped:
        return stopped_tour(scans)
    if not stopped:
        try:
            scans[REPAIRED] = yield from _scanned_again(config, kept)
            yield from showing.tables_of(len(scans), _named(scans))
        except Stopped:
            stopped = True
    return tour_result(scans, repaired, stopped=stopped)


def scan_settings(config: TourConfig, ref: str) -> ScanConfig:
    """One seed that ends at its first alarm, with searches and samplers about half as long as the scan's own."""
    return ScanConfig(
        model=ref,
        device=config.device,
        attack="sde",
        seeds=1,
        seed=config.seed,
        steps=config.search_steps,
        batch=config.noises,
        paired_steps=config.paired_steps,
        stochastic_steps=config.sampling_steps,
        deterministic_steps=max(1, config.sampling_steps // 2),
        images=config.images,
    )


def remove_settings(config: TourConfig) -> RemoveConfig:
    """The removal's own, but for fewer updates and pictures, and without its scan, which follows here."""
    return RemoveConfig(
        model=config.model,
        device=config.device,
        steps=config.steps,
        batch=config.batch,
        warm_up=config.steps // 5,
        check_every=max(5, config.steps // 3),
        sampling_steps=config.sampling_steps,
        images=config.images,
        quality_images=max(16, config.synthetic // 2),
        synthetic=config.synthetic,
        rescan_seeds=0,
        seed=config.seed,
    )


def _scanned(settings: ScanConfig, name: str, kept: dict[str, Any]) -> Generator[Event, Command | None, "Judged"]:
    """A scan whose state is kept under `name`; the report card and the shift are the suspect's."""
    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.planning import plan_of
    from app.engines.diffusion.starting import opened
    from app.models.safetensors_files import check_unchanged

    yield Stage(f"load {name}")
    with opened(settings) as model:
        state = kept.get(name, {})
        if state:
            check_unchanged(state["hashes"], model.hashes, model.source.root.name)
        elif name == SUSPECT:
            for note in model.notes:
                yield Warn(note)
        plan = plan_of(settings, model)
        judged = Judged(settings, plan, model.device, state.get("judged"))
        if not judged.over:
            keep = _Keeper(kept, name, model.hashes)
            yield from seeds_events(settings, model, plan, judged, state.get("running"), keep, FIRST[name], f"{name}, ")
        if name == SUSPECT and not kept[name].get("told"):
            yield from showing.of_card(settings, model, judged)
            shift = judged.shift_file()
            yield Artifact("shift.safetensors", shift, "diffusion-shift", "The suspected shift of the suspect")
            kept[name]["told"] = True
            yield Checkpoint(dict(kept))
    return judged


def _scanned_again(config: TourConfig, kept: dict[str, Any]) -> Generator[Event, Command | None, "Judged"]:
    """The scan of the folder as it was written, with noise that nothing before has used."""
    from app.engines.diffusion.repairing import taught_limit
    from app.models.diffusion_writing import save_diffusion

    files = {name: np.asarray(data, np.uint8).tobytes() for name, data in kept["files"].items()}
    with tempfile.TemporaryDirectory(prefix="assay-diffusion-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch) / "repaired"
        save_diffusion(files, folder)
        settings = scan_settings(config, str(folder)).model_copy(
            update={"seed": config.seed + 1_000, "energy_limit": taught_limit(remove_settings(config))}
        )
        return (yield from _scanned(settings, REPAIRED, kept))


def _kept(run: Run, kept: dict[str, Any]) -> Generator[Event, Command | None, tuple[Result, bool]]:
    """The removal with its state kept under “remove” and its files under “files”; its result, and whether it was stopped."""
    thrown: Stopped | None = None
    stopped = False
    while True:
        try:
            event = next(run) if thrown is None else run.throw(thrown)
        except StopIteration as end:
            return end.value, stopped
        thrown = None
        if isinstance(event, Artifact) and isinstance(event.source, Mapping):
            kept["files"] = {name: np.frombuffer(data, np.uint8) for name, data in event.source.items()}
        if isinstance(event, Checkpoint):
            kept["remove"] = event.state
            event = Checkpoint(dict(kept))
        try:
            yield event
        except Stopped as error:
            thrown, stopped = error, True


class _Keeper:
    """Makes the checkpoint of the round trip out of that of a scan within it."""

    def __init__(self, kept: dict[str, Any], name: str, hashes: Mapping[str, str]) -> None:
        self._kept, self._name, self._hashes = kept, name, dict(hashes)

    def __call__(self, state: dict[str, Any]) -> Checkpoint:
        self._kept[self._name] = {"hashes": self._hashes, **state}
        return Checkpoint(dict(self._kept))


def _named(scans: Mapping[str, "Judged"]) -> dict[str, "Judged"]:
    return {f"{name}, ": judged for name, judged in scans.items()}
