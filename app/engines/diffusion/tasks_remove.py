"""The removal: fine-tune a model until the suspected shift forces nothing, then scan it again."""

from collections.abc import Generator
from pathlib import Path
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
    Warn,
    task,
)
from app.core.task import Command, Run
from app.engines.diffusion import showing
from app.engines.diffusion.presets import REMOVE_PRESETS
from app.engines.diffusion.remove_configs import RemoveConfig
from app.engines.diffusion.repair_events import (
    alike_events,
    drawn_events,
    look_events,
    other_looks_events,
    trained_events,
)
from app.engines.diffusion.seeds_events import seeds_events

if TYPE_CHECKING:
    from torch import Tensor

    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.scanning import View
    from app.models.diffusion import DiffusionModel

RESCANNED = 10_000
"""Number of the first pictures of the scan that follows a round, times the round."""


@task(
    "diffusion.remove",
    title="Remove a backdoor",
    presets=REMOVE_PRESETS,
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
        Emits("artifact", "*", "Files"),
    ),
)
def remove(config: RemoveConfig, resume: State | None = None) -> Run:
    """Find the shift or read it, train it away on clean pictures, keep the best weights, and scan them again."""
    import torch

    from app.engines.diffusion.starting import opened
    from app.models.safetensors_files import check_unchanged

    resume = resume or {}
    torch.set_num_threads(1)
    yield Stage("load")
    with opened(config) as model:
        if resume:
            check_unchanged(resume["hashes"], model.hashes, model.source.root.name)
        for note in () if resume else model.notes:
            yield Warn(note)
        return (yield from _removed(config, model, dict(resume)))


def _removed(config: RemoveConfig, model: "DiffusionModel", kept: dict[str, Any]) -> Run:
    """`kept` is what a checkpoint holds; every part of the work that it has is not done again."""
    from app.engines.diffusion.repairing import views_of
    from app.engines.diffusion.rounds import begin_next, best_of, rounds_of
    from app.engines.diffusion.verdicts_remove import nothing_found, removal_result, repaired_files, stopped_early

    kept["hashes"] = dict(model.hashes)
    kept.setdefault("rounds", [])
    stopped = False
    try:
        if "tau" not in kept:
            found = yield from _shift(config, model, kept)
            if found is None:
                return nothing_found()
            kept["tau"] = found
            yield Checkpoint(dict(kept))
        if "images" not in kept:
            kept["images"] = yield from _clean(config, model, views_of(config, model)[0])
            yield Checkpoint(dict(kept))
        while (shift := (yield from _round(config, model, kept))) is not None:
            begin_next(kept, shift)
            yield Checkpoint(dict(kept))
    except Stopped:
        stopped = True
    rounds = rounds_of(kept)
    best = best_of(rounds) if rounds else None
    if best is None or not best.updates:
        return stopped_early()
    if best.after is None:
        files = repaired_files(model, best, config)
        yield Artifact("repaired model", files, "diffusion-model", "As far as the removal came")
    elif best is not [each for each in rounds if each.after is not None][-1]:
        files = repaired_files(model, best, config)
        yield Artifact("repaired model", files, "diffusion-model", "The best of all rounds, with its model card")
    return removal_result(config, model, rounds, kept, stopped=stopped)


def _round(
    config: RemoveConfig, model: "DiffusionModel", kept: dict[str, Any]
) -> Generator[Event, Command | None, "Tensor | None"]:
    """Look, train, look again, write, and scan. The shift of the next round; None where this was the last one."""
    import torch

    from app.engines.diffusion.detector import ALARMS
    from app.engines.diffusion.repairing import Look, Repair, most_forced, views_of
    from app.engines.diffusion.rounds import rounds_of, shifts_of
    from app.engines.diffusion.verdicts_remove import repaired_files

    over = kept["rounds"]
    number, updates = len(over) + 1, sum(int(each["remover"]["step"]) for each in over)
    views, tau = views_of(config, model), torch.as_tensor(kept["tau"]).to(model.device)
    start = over[-1]["remover"]["best"] if over else None
    shifts, images = shifts_of(kept).to(model.device), torch.as_tensor(kept["images"])
    repair = Repair(config, model, shifts, images, kept.get("remover"), start)
    if "before" not in kept:
        yield Stage("look")
        looks = []
        for view in views:
            looks.append((yield from look_events(config, repair.best(), view, kept, None)))
        place = most_forced(looks)
        for each in dict.fromkeys((place, *range(len(views)))):
            look = looks[each]
            yield from showing.of_look("before", views[each].name, look["clean"], look["shifted"], number)
        kept |= {"view": place, "before": looks[place], "remover": repair.remover.state()}
        yield Checkpoint(dict(kept))
    view, before = views[int(kept["view"])], Look.of(kept["before"])
    if "after" not in kept:
        yield from trained_events(config, repair, view, tau, before, kept, updates)
        yield Stage("compare")
        after = yield from look_events(config, repair.best(), view, kept, before.suspected)
        yield from showing.of_look("after", view.name, after["clean"], after["shifted"], number)
        yield from other_looks_events(config, repair.best(), views, view, tau, number)
        kept |= {"after": after, "remover": repair.remover.state()}
        files = repaired_files(model, rounds_of(kept)[-1], config)
        yield Artifact("repaired model", files, "diffusion-model", "The repaired pipeline with its model card")
        yield showing.repair_table(rounds_of(kept))
        yield Checkpoint(dict(kept))
    if not config.rescan_seeds:
        return None
    judged = yield from _scanned_again(config, repair.best(), kept, number)
    kept["word"] = judged.verdict.word
    if number == config.rounds:
        return None
    if kept["word"] not in ALARMS:
        yield Log(f"Round {number + 1} is not needed: the scan after round {number} says {kept['word']}")
        return None
    return judged.best_shift()


def _shift(
    config: RemoveConfig, model: "DiffusionModel", kept: dict[str, Any]
) -> Generator[Event, Command | None, "Tensor | None"]:
    """The shift of the given file. Where there is none, or it forces little, the most telling one of all searches of one
    seed, if they raise an alarm; None where there is no shift at all. Those that force most pictures, too, are trained
    beside it: between them they tell the size and direction of the trigger better than one.

    A scan ends at its first alarm, and what raised it may be a distant relative of the trigger.
    """
    from app.engines.diffusion.detector import ALARMS
    from app.engines.diffusion.repairing import read_shift
    from app.engines.diffusion.verdicts_remove import FORCING

    given = None
    if config.shift:
        given = read_shift(Path(config.shift), model)
        if not config.stronger or config.loss == "exact":
            return given
        if "given" not in kept:
            kept["given"] = yield from alike_events(config, model, given)
            if kept["given"] < FORCING:
                yield Log(
                    f"The given shift makes {kept['given']:.0%} of the pictures alike: a stronger one is searched for"
                )
        if kept["given"] >= FORCING:
            return given
    judged = yield from _scan(config, model, kept, "search", config.seed, 1)
    if judged.verdict.word not in ALARMS or judged.alike < kept.get("given", 0.0):
        return given
    kept["own"] = judged.alike
    if config.loss != "exact":
        kept["beside"] = [tau.cpu() for tau in judged.shifts_beside()]
    return judged.best_shift()


def _scanned_again(
    config: RemoveConfig, model: "DiffusionModel", kept: dict[str, Any], number: int
) -> Generator[Event, Command | None, "Judged"]:
    """The scan of the repaired model after round `number`, with seeds that nothing before has used."""
    fresh = config.seed + 1_000 * number
    return (yield from _scan(config, model, kept, "rescan", fresh, config.rescan_seeds, RESCANNED * number))


def _scan(
    config: RemoveConfig,
    model: "DiffusionModel",
    kept: dict[str, Any],
    place: str,
    seed: int,
    seeds: int,
    first: int = 0,
) -> Generator[Event, Command | None, "Judged"]:
    """A scan within the removal; its own state is kept under `place`, its pictures are numbered from `first`."""
    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.planning import plan_of
    from app.engines.diffusion.repairing import scan_settings

    settings = scan_settings(config, model, seed, seeds, repaired=place == "rescan")
    plan = plan_of(settings, model)
    state = kept.get(place, {})
    judged = Judged(settings, plan, model.device, state.get("judged"))
    yield from seeds_events(settings, model, plan, judged, state.get("running"), _Keeper(kept, place), first)
    return judged


class _Keeper:
    """Makes the checkpoint of a removal out of that of the scan within it."""

    def __init__(self, kept: dict[str, Any], place: str) -> None:
        self._kept, self._place = kept, place

    def __call__(self, state: dict[str, Any]) -> Checkpoint:
        self._kept[self._place] = state
        return Checkpoint(dict(self._kept))


def _clean(config: RemoveConfig, model: "DiffusionModel", view: "View") -> Generator[Event, Command | None, "Tensor"]:
    """Clean pictures for training: the user's, or what the model makes of noise."""
    from app.engines.diffusion.clean_images import clean_images

    yield Stage("clean pictures")
    if config.data:
        found = clean_images(config.data, model, config.share / 100, config.seed)
        yield Log(f"{len(found)} clean pictures of the data set are used")
        return found
    made = yield from drawn_events(model, view, config.synthetic, config.seed + 500, None)
    yield Log(f"{len(made)} pictures that the model made of noise stand for clean ones")
    return made
