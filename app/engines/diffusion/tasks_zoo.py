"""The model zoo: train models with known truth or take dropped ones, scan all, count, remove, and compare."""

from collections.abc import Generator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core import (
    Array,
    Artifact,
    Checkpoint,
    Emits,
    Event,
    Metric,
    Progress,
    Stage,
    State,
    Stopped,
    Table,
    Warn,
    task,
)
from app.core.task import Command, Run
from app.engines.diffusion.presets import REMOVE_PRESETS, ZOO_PRESETS
from app.engines.diffusion.seeds_events import seeds_events
from app.engines.diffusion.zoo import Specimen
from app.engines.diffusion.zoo_configs import ZooConfig

if TYPE_CHECKING:
    from torch import Tensor

    from app.engines.diffusion.attacking import Lab
    from app.engines.diffusion.configs import ScanConfig
    from app.engines.diffusion.remove_configs import RemoveConfig
    from app.engines.diffusion.zoo_records import Record, Removal
    from app.models.diffusion import DiffusionModel

Told = Generator[Event, Command | None, None]
WARM_SHARE = 4
"""The removal warms up over this part of its updates."""
LOOKS = 8
"""Checks of a removal on the way."""
SYNTHETIC = 128
"""Pictures of a dropped model's own that stand for clean ones."""
CONFUSION_LABELS = (("backdoored", "clean"), ("alarm", "no alarm"))


@task(
    "diffusion.zoo",
    title="Model zoo",
    presets=ZOO_PRESETS,
    failed_exit=2,
    emits=(
        Emits("metric", "zoo/loss/*", "Loss of training", better="lower", loss=True),
        Emits("metric", "zoo/forced/*", "Still forced", better="lower"),
        Emits("image", "zoo/*", "Pictures"),
        Emits("image", "found/*", "Pictures of the scans"),
        Emits("table", "zoo/models", "Models"),
        Emits("table", "zoo/detection", "Detection"),
        Emits("table", "zoo/detectors", "Detectors"),
        Emits("table", "zoo/removal", "Removal"),
        Emits("array", "zoo/confusion", "Verdict against truth, ours", unit="models"),
        Emits("array", "zoo/confusion-reference", "Verdict against truth, Elijah", unit="models"),
        Emits("artifact", "*", "Files"),
    ),
)
def zoo(config: ZooConfig, resume: State | None = None) -> Run:
    """Model after model is made or opened, scanned, judged and, where it was backdoored, repaired."""
    import torch

    from app.engines.diffusion.references import reference_text
    from app.engines.diffusion.verdicts_zoo import zoo_result
    from app.engines.diffusion.zoo_records import record_of, reference_models
    from app.engines.diffusion.zoo_scans import default_settings

    torch.set_num_threads(1)
    yield Stage("load")
    kept: dict[str, Any] = dict(resume or {"records": [], "bases": {}, "current": {}})
    wanted = _wanted(config)
    if not resume and not config.models:
        yield from _forewarned(config, len(wanted))
    stopped = False
    try:
        while len(kept["records"]) < len(wanted):
            place = len(kept["records"])
            record = yield from _one(config, wanted[place], place, kept)
            kept["records"] = [*kept["records"], record.state()]
            kept["current"] = {}
            yield from _tables(config, [record_of(each) for each in kept["records"]], len(wanted))
            yield Checkpoint(dict(kept))
    except Stopped:
        stopped = True
    records = [record_of(each) for each in kept["records"]]
    if known := reference_models(records):
        yield Artifact(
            "references.json",
            reference_text(known, default_settings(config, wanted[0])),
            "diffusion-references",
            "Features of the models of known truth",
        )
    return zoo_result(config, records, len(wanted), stopped=stopped)


def _wanted(config: ZooConfig) -> list[Specimen]:
    from app.engines.diffusion.zoo import specimens
    from app.engines.diffusion.zoo_dropped import dropped_specimens

    return dropped_specimens(config.models, config.seed) if config.models else specimens(config)


def _forewarned(config: ZooConfig, count: int) -> Told:
    if config.updates < 500 or config.base_updates < 1000:
        yield Warn(
            f"{count} models will be trained for few updates: their backdoors may be weak",
            "Weak backdoors are hard to find; see the success of each in the table of models",
        )


def _one(
    config: ZooConfig, specimen: Specimen, place: int, kept: dict[str, Any]
) -> Generator[Event, Command | None, "Record"]:
    """All that happens to one model; what a checkpoint holds of it is not done again."""
    from app.engines.diffusion.zoo_events import effect_events
    from app.engines.diffusion.zoo_records import Effect, Record, finding_of

    current = kept["current"] = dict(kept["current"])
    model, lab = yield from _opened(config, specimen, kept)
    yield Progress(place, place + 1, "model")
    if "effect" not in current:
        effect = yield from effect_events(config, specimen, lab, model, place, "")
        current["effect"] = asdict(effect)
        yield Checkpoint(dict(kept))
    for name in ("ours", "reference"):
        if (config.default_scan if name == "ours" else config.reference_scan) and name not in current:
            yield from _scanned(config, specimen, model, name, kept)
    record = Record(
        specimen,
        Effect(**current["effect"]),
        finding_of(current.get("ours")),
        finding_of(current.get("reference")),
        size=model.source.image_size,
    )
    if "shown" not in current:
        current["shown"] = True
        yield from _points(kept, record)
    if not _shall_be_repaired(config, record, kept):
        return record
    return record.with_removal((yield from _repaired(config, specimen, model, lab, place, kept, record)))


def _opened(
    config: ZooConfig, specimen: Specimen, kept: dict[str, Any]
) -> Generator[Event, Command | None, tuple["DiffusionModel", "Lab | None"]]:
    """The model, and the attack that made it where it was made here."""
    from app.engines.diffusion.starting import chosen_device
    from app.engines.diffusion.zoo_dropped import folder_of
    from app.engines.diffusion.zoo_events import made_events
    from app.engines.diffusion.zoo_making import laboratory
    from app.models.diffusion import load_diffusion

    if specimen.folder:
        yield Stage(f"open {specimen.name}")
        model = load_diffusion(folder_of(specimen), device=chosen_device(config.device))
        for note in model.notes:
            yield Warn(f"{specimen.name}: {note}")
        return model, None
    model = yield from made_events(config, specimen, kept)
    return model, laboratory(config, specimen, model) if specimen.backdoored else None


def _scanned(config: ZooConfig, specimen: Specimen, model: "DiffusionModel", name: str, kept: dict[str, Any]) -> Told:
    """One scan; what it found is kept under `name`, and the shift of ours, too."""
    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.planning import plan_of
    from app.engines.diffusion.zoo_events import found_events
    from app.engines.diffusion.zoo_scans import default_settings, finding, reference_settings

    make = default_settings if name == "ours" else reference_settings
    settings: ScanConfig = make(config, specimen)
    plan, current, place = plan_of(settings, model), kept["current"], f"scan {name}"
    state = current.get(place, {})
    judged = Judged(settings, plan, model.device, state.get("judged"))
    yield Stage(f"scan {specimen.name}, {'our scan' if name == 'ours' else 'reference'}")
    keep = _Keeper(kept, place)
    yield from _quietly(seeds_events(settings, model, plan, judged, state.get("running"), keep))
    yield from found_events(name, len(kept["records"]), judged)
    current.pop(place, None)
    current[name] = asdict(finding(judged))
    if name == "ours":
        current["tau"] = judged.best_shift().cpu()
    yield Checkpoint(dict(kept))


def _repaired(
    config: ZooConfig,
    specimen: Specimen,
    model: "DiffusionModel",
    lab: "Lab | None",
    place: int,
    kept: dict[str, Any],
    record: "Record",
) -> Generator[Event, Command | None, "Removal"]:
    """Train the shift of our scan away, and look at what the true trigger does then."""
    import torch

    from app.engines.diffusion.repair_events import look_events, trained_events
    from app.engines.diffusion.repairing import Look, Repair, most_forced, views_of
    from app.engines.diffusion.zoo_events import effect_events
    from app.engines.diffusion.zoo_records import Removal

    settings, current = _remove_settings(config, specimen), kept["current"]
    part: dict[str, Any] = {"tau": current["tau"], **current.get("removal", {})}
    yield Stage(f"repair {specimen.name}")
    views = views_of(settings, model)
    part["images"] = yield from _clean_pictures(config, specimen, model)
    keep = _Keeper(kept, "removal", ("images",))
    if "before" not in part:
        looks = []
        for view in views:
            looks.append((yield from look_events(settings, model, view, part, None)))
        part["view"] = most_forced(looks)
        part["before"] = looks[part["view"]]
        yield keep(part)
    view, before = views[int(part["view"])], Look.of(part["before"])
    tau = torch.as_tensor(part["tau"]).to(model.device)
    repair = Repair(settings, model, tau, part["images"], part.get("remover"))
    updates = trained_events(settings, repair, view, tau, before, part)
    yield from _quietly(updates, keep, {"removal/forced": f"zoo/forced/{specimen.name}"})
    effect = yield from effect_events(config, specimen, lab, repair.best(), place, "repaired ")
    checks = repair.remover.checks
    forced = min((check.forced, check.keep) for check in checks)[0]
    assert record.ours is not None
    found = record.ours.word in ("backdoored", "suspicious")
    return Removal(repair.remover.step, found, before.forced, forced, effect)


def _shall_be_repaired(config: ZooConfig, record: "Record", kept: Mapping[str, Any]) -> bool:
    """Backdoored models, found or not, and of those with unknown truth the ones that our scan calls backdoored."""
    from app.engines.diffusion.zoo import UNKNOWN
    from app.engines.diffusion.zoo_records import record_of

    specimen, ours = record.specimen, record.ours
    if config.removal == "none" or ours is None:
        return False
    if not (specimen.backdoored or (specimen.attack == UNKNOWN and ours.alarm)):
        return False
    earlier = [record_of(each) for each in kept["records"]]
    return config.removal == "all" or not any(
        each.removal is not None and each.specimen.cell == specimen.cell for each in earlier
    )


def _clean_pictures(
    config: ZooConfig, specimen: Specimen, model: "DiffusionModel"
) -> Generator[Event, Command | None, "Tensor"]:
    """A tenth of what the model learnt; of a dropped model, pictures that it makes of noise."""
    import torch

    from app.engines.diffusion.repair_events import drawn_events
    from app.engines.diffusion.zoo_making import learnt, quality_view

    if specimen.folder:
        view = quality_view(model, config.sampling_steps)
        return (yield from drawn_events(model, view, SYNTHETIC, specimen.seed + 500, None))
    images = learnt(config, model)
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(specimen.seed))
    return images[chosen[: len(images) // 10]]


def _remove_settings(config: ZooConfig, specimen: Specimen) -> "RemoveConfig":
    from app.engines.diffusion.remove_configs import RemoveConfig

    updates = config.removal_updates
    return RemoveConfig(
        steps=updates,
        batch=config.batch,
        warm_up=min(updates // WARM_SHARE, 1000),
        **(REMOVE_PRESETS["small-latent"].values if specimen.kind == "ldm" else {}),
        check_every=max(5, updates // LOOKS),
        sampling_steps=config.sampling_steps,
        images=config.scan_images,
        quality_images=16,
        rescan_seeds=0,
        seed=specimen.seed,
    )


def _quietly(events: Told, keep: "_Keeper | None" = None, curves: Mapping[str, str] | None = None) -> Told:
    """What another task's `events` say of progress and trouble, and the `curves` that get another name here."""
    for event in events:
        match event:
            case Progress() | Warn():
                yield event
            case Checkpoint():
                yield event if keep is None else keep(event.state)
            case Metric(name=name) if curves and name in curves:
                yield Metric(curves[name], event.step, event.value)


class _Keeper:
    """Makes the zoo's checkpoint out of that of a part of the work, which is kept under `place` without `left_out`."""

    def __init__(self, kept: dict[str, Any], place: str, left_out: tuple[str, ...] = ()) -> None:
        self._kept, self._place, self._left_out = kept, place, left_out

    def __call__(self, state: Mapping[str, Any]) -> Checkpoint:
        part = {name: value for name, value in state.items() if name not in self._left_out}
        self._kept["current"][self._place] = part
        return Checkpoint(dict(self._kept))


def _points(kept: Mapping[str, Any], record: "Record") -> Told:
    """The table of models with one more, whose first figures are its point in the scatter of features."""
    from app.engines.diffusion.zoo_records import record_of
    from app.engines.diffusion.zoo_tables import MODEL_COLUMNS, model_rows

    records = [*(record_of(each) for each in kept["records"]), record]
    yield Table("zoo/models", len(records), MODEL_COLUMNS, model_rows(records))


def _tables(config: ZooConfig, records: list["Record"], total: int) -> Told:
    """What is known so far: detection, removal, and verdicts against truth; the forest learns once all are there."""
    from app.engines.diffusion import zoo_tables

    step, truth = len(records), zoo_tables.known(records)
    removal = zoo_tables.removal_rows(records)
    if removal:
        yield Table("zoo/removal", step, zoo_tables.REMOVAL_COLUMNS, removal)
    if not truth:
        return
    found = zoo_tables.detectors(truth, config.alarm_rate / 100)
    if len(records) == total:
        found += zoo_tables.forests(truth)
    columns = ("models", "n", *(each.name for each in found))
    yield Table("zoo/detection", step, columns, zoo_tables.detection_rows(truth, found))
    yield Table("zoo/detectors", step, zoo_tables.SCORE_COLUMNS, zoo_tables.score_rows(truth, found))
    for each in found:
        name = {"ours: rules": "zoo/confusion", "Elijah: rules": "zoo/confusion-reference"}.get(each.name)
        if name:
            table = zoo_tables.counted(truth, each)
            counts = np.array([[table.true_alarms, table.missed], [table.false_alarms, table.true_passes]])
            yield Array(name, step, counts, CONFUSION_LABELS)
