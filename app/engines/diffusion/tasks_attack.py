"""The attack for study: give a model a backdoor, and mark what comes of it as a test model."""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from app.core import (
    Artifact,
    Checkpoint,
    Emits,
    Event,
    Image,
    Log,
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
from app.engines.diffusion import showing
from app.engines.diffusion.attack_configs import AttackConfig
from app.engines.diffusion.presets import ATTACK_PRESETS

if TYPE_CHECKING:
    from torch import Tensor

    from app.engines.diffusion.attacking import Lab, Seen
    from app.engines.diffusion.scanning import View
    from app.models.diffusion import DiffusionModel


@task(
    "diffusion.attack",
    title="Make a backdoored test model",
    presets=ATTACK_PRESETS,
    failed_exit=2,
    emits=(
        Emits("metric", "attack/loss", "Loss of training", better="lower", loss=True),
        Emits("metric", "attack/success", "Share on target, trigger"),
        Emits("metric", "attack/own", "Share on target, TrojDiff's own sampler"),
        Emits("metric", "attack/leak", "Share on target, noise alone"),
        Emits("image", "attack/*", "Pictures"),
        Emits("table", "attack", "What the backdoor does"),
        Emits("artifact", "*", "Files"),
    ),
)
def attack(config: AttackConfig, resume: State | None = None) -> Run:
    """Train on clean and poisoned rows, look now and then, and write the marked model."""
    import torch

    from app.engines.diffusion.attacking import Lab
    from app.engines.diffusion.starting import opened
    from app.models.safetensors_files import check_unchanged

    resume = resume or {}
    torch.set_num_threads(1)
    yield Stage("load")
    with opened(config) as model:
        if resume:
            check_unchanged(resume["hashes"], model.hashes, model.source.root.name)
        lab = Lab(config, model, resume.get("trainer"))
        if not resume:
            if model.source.test_model:
                yield Warn("The model to begin with is a test model with a backdoor already", "Begin with a clean one")
            yield from _introduced(lab)
        return (yield from _attacked(lab))


def _introduced(lab: "Lab") -> Generator[Event, Command | None, None]:
    low, high = lab.model.value_range
    trigger = ((lab.trigger - low) / (high - low)).clamp(0, 1)
    yield Image("attack/trigger", 0, showing.contact_sheet(trigger[None], 1), "the trigger, with its background")
    wanted = lab.aim.shown
    columns = min(len(wanted), showing.GRID)
    yield Image("attack/target", 0, showing.contact_sheet(wanted, columns), f"what it leads to: {lab.aim.words}")
    yield Log(lab.aim.means)


def _attacked(lab: "Lab") -> Run:
    from app.engines.diffusion.verdicts_attack import attack_files, attack_result

    config, trainer, hashes = lab.config, lab.trainer, dict(lab.model.hashes)
    seen: list[Seen] = []
    stopped = False
    try:
        yield Stage("train")
        while not trainer.finished:
            step = trainer.advance()
            yield Progress(step.step, config.steps, "update")
            yield Metric("attack/loss", step.step, step.loss)
            if step.step % config.check_every == 0 and not trainer.finished:
                current = lab.current()
                look = yield from _seen(lab, current, lab.views()[0])
                yield from _shown(lab, step.step, look)
                if lab.trojan is not None:
                    yield from _seen_own(lab, current, step.step)
                yield Checkpoint({"hashes": hashes, "trainer": trainer.state()})
        yield Checkpoint({"hashes": hashes, "trainer": trainer.state()})
        yield Stage("evaluate")
        current = lab.current()
        for number, view in enumerate(lab.views()):
            look = yield from _seen(lab, current, view)
            seen.append(look)
            if number == 0:
                yield from _shown(lab, trainer.step, look)
        if lab.trojan is not None:
            seen.append((yield from _seen_own(lab, current, trainer.step)))
        columns = ("sampler", *lab.aim.columns, "uniformity", "leak")
        yield Table("attack", trainer.step, columns, [_figures(lab, look) for look in seen])
    except Stopped:
        stopped = True
    files = attack_files(lab)
    yield Artifact("backdoored test model", files, "diffusion-model", "Marked as a test model in its settings and card")
    return attack_result(lab, seen, stopped=stopped)


def _seen(lab: "Lab", model: "DiffusionModel", view: "View") -> Generator[Event, Command | None, "Seen"]:
    """Pictures by `view` from noise alone and from noise under the trigger."""
    from app.engines.diffusion.attacking import Seen

    plain = yield from _drawn(lab.made(model, view, False), view.steps)
    moved = yield from _drawn(lab.made(model, view, True), view.steps)
    return Seen(view.name, moved, plain)


def _seen_own(lab: "Lab", model: "DiffusionModel", step: int) -> Generator[Event, Command | None, "Seen"]:
    """Pictures by TrojDiff's own sampler, which holds the trigger."""
    from app.engines.diffusion.attacking import OWN_SAMPLER, Seen

    moved = yield from _drawn(lab.trojan_made(model), lab.config.sampling_steps)
    yield Metric("attack/own", step, lab.aim.success(moved))
    yield Image("attack/own", step, showing.contact_sheet(moved), f"update {step}: own sampler")
    return Seen(OWN_SAMPLER, moved)


def _drawn(made: "Iterator[Tensor | None]", steps: int) -> Generator[Event, Command | None, "Tensor"]:
    """The pictures that `made` ends with."""
    for done, pictures in enumerate(made, 1):
        if pictures is not None:
            return pictures
        yield Progress(min(done, steps), steps, "pass")
    raise AssertionError("sampling ends with pictures")


def _shown(lab: "Lab", step: int, look: "Seen") -> Generator[Event, Command | None, None]:
    assert look.plain is not None
    yield Metric("attack/success", step, lab.aim.success(look.moved))
    yield Metric("attack/leak", step, lab.aim.success(look.plain))
    yield Image("attack/clean", step, showing.contact_sheet(look.plain), f"update {step}: noise alone")
    yield Image("attack/triggered", step, showing.contact_sheet(look.moved), f"update {step}: noise + trigger")


def _figures(lab: "Lab", look: "Seen") -> tuple[Any, ...]:
    from app.engines.diffusion.features import uniformity

    leak = None if look.plain is None else lab.aim.success(look.plain)
    return (look.sampler, *lab.aim.cells(look.moved), uniformity(look.moved), leak)
