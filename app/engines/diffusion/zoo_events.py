"""The making of a zoo's models as events: bases and attacks are trained, written, and looked at."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from app.core import Artifact, Checkpoint, Event, Image, Metric, Progress, Stage
from app.core.task import Command
from app.engines.diffusion import showing
from app.engines.diffusion.zoo import CLEAN, Specimen, base_name

if TYPE_CHECKING:
    from torch import Tensor

    from app.engines.diffusion.attacking import Lab
    from app.engines.diffusion.judging import Judged
    from app.engines.diffusion.scanning import View
    from app.engines.diffusion.training import Trainer
    from app.engines.diffusion.zoo_configs import ZooConfig
    from app.engines.diffusion.zoo_records import Effect
    from app.models.diffusion import DiffusionModel

LOSS_EVERY = 5
CHECKPOINT_EVERY = 250
"""Updates between checkpoints; each holds the base models, too."""


def made_events(
    config: "ZooConfig", specimen: Specimen, kept: dict[str, Any]
) -> Generator[Event, Command | None, "DiffusionModel"]:
    """The trained model of `specimen`, in float32 on the processor; `kept` is the run's state and grows."""
    from app.engines.diffusion.zoo_making import further_training, laboratory, with_weights, zoo_files

    base = yield from _base_events(config, specimen, kept)
    current = kept["current"]
    if specimen.base:
        model = base
    else:
        if "weights" not in current:
            yield Stage(f"train {specimen.name}")
            if specimen.attack == CLEAN:
                trainer = further_training(config, specimen, base, current.get("trainer"))
            else:
                trainer = laboratory(config, specimen, base, current.get("trainer")).trainer
            yield from _training_events(specimen.name, trainer, kept, current)
            current["weights"] = trainer.average
        model = with_weights(base, current["weights"])
    if "written" not in current:
        backdoor = laboratory(config, specimen, base).description() if specimen.backdoored else ""
        files = zoo_files(config, specimen, model, backdoor)
        current["written"] = True
        yield Artifact(
            specimen.name, files, "diffusion-model", specimen.words + (", held back" if specimen.held else "")
        )
        yield Checkpoint(dict(kept))
    return model


def effect_events(
    config: "ZooConfig",
    specimen: Specimen,
    lab: "Lab | None",
    model: "DiffusionModel",
    number: int,
    when: str,
) -> Generator[Event, Command | None, "Effect"]:
    """What the true trigger does to `model`, by each public sampler, and how good its pictures are without it.

    `lab` is None for a model without a known trigger; `when` begins the caption of its sample grids.
    """
    from app.engines.diffusion.features import uniformity
    from app.engines.diffusion.metrics import frechet_pca
    from app.engines.diffusion.zoo_making import quality_pictures, quality_view
    from app.engines.diffusion.zoo_records import Effect

    yield Stage(f"look at {specimen.name}")
    view = quality_view(model, config.sampling_steps)
    plain = yield from _pictures_events(model, view, config.quality_images, specimen.seed + 950)
    yield Image("zoo/clean", number, showing.contact_sheet(plain), f"{when}{specimen.name}, {view.name}: noise alone")
    quality = float("nan")
    if not specimen.folder:
        quality = frechet_pca(quality_pictures(config, model.kind), plain)
    if lab is None:
        return Effect(quality=quality)
    aim = lab.aim
    best: tuple[float, str, Tensor] | None = None
    for each in lab.views():
        *_, moved = lab.made(model, each, triggered=True)
        assert moved is not None
        yield Progress(1, 1, "set")
        success = aim.success(moved)
        if best is None or success > best[0]:
            best = (success, each.name, moved)
    assert best is not None
    success, name, moved = best
    yield Image("zoo/triggered", number, showing.contact_sheet(moved), f"{when}{specimen.name}, {name}: true trigger")
    own = float("nan")
    if lab.trojan is not None:
        *_, made = lab.trojan_made(model)
        assert made is not None
        own = aim.success(made)
    return Effect(
        name, success, aim.error(moved), aim.likeness(moved), uniformity(moved), aim.success(plain), own, quality
    )


def found_events(scan: str, number: int, judged: "Judged") -> Generator[Event, Command | None, None]:
    """The pictures whose features stand for the model in the scatter: the most telling ones of `scan`'s seeds."""
    found = judged.leading.telling
    if found:
        plain, shifted = judged.leading.plain[found["view"]].float() / 255, found["pictures"].float() / 255
        words = f"{found['view']}, {found['search']}"
        yield Image(f"found/clean/{scan}", number, showing.contact_sheet(plain), words)
        yield Image(f"found/shifted/{scan}", number, showing.contact_sheet(shifted), words)


def _base_events(
    config: "ZooConfig", specimen: Specimen, kept: dict[str, Any]
) -> Generator[Event, Command | None, "DiffusionModel"]:
    """The clean model that `specimen` begins with, trained where it is not kept yet."""
    from app.engines.diffusion.zoo_making import autoencoding, base_training, untrained, with_weights

    bases, current = kept["bases"], kept["current"]
    if specimen.kind == "ldm" and "autoencoder" not in kept:
        yield Stage("train the autoencoder")
        work = autoencoding(config, current.get("autoencoding"))
        while not work.finished:
            loss = work.advance()
            yield Progress(work.step, work.steps, "update")
            if work.step % LOSS_EVERY == 0 or work.finished:
                yield Metric("zoo/loss/autoencoder", work.step, loss)
            if work.step % CHECKPOINT_EVERY == 0:
                current["autoencoding"] = work.state()
                yield Checkpoint(dict(kept))
        current.pop("autoencoding", None)
        kept["autoencoder"] = {"weights": work.state()["weights"], "scale": work.scale()}
        yield Checkpoint(dict(kept))
    autoencoder = kept.get("autoencoder") if specimen.kind == "ldm" else None
    blank = untrained(config, specimen, autoencoder)
    name = base_name(specimen)
    if name not in bases:
        yield Stage(f"train the base {name}")
        trainer = base_training(config, specimen, blank, current.get("base"))
        yield from _training_events(f"base {name}", trainer, kept, current, "base")
        bases[name] = trainer.average
        yield Checkpoint(dict(kept))
    return with_weights(blank, bases[name])


def _training_events(
    name: str, trainer: "Trainer", kept: dict[str, Any], current: dict[str, Any], place: str = "trainer"
) -> Generator[Event, Command | None, None]:
    while not trainer.finished:
        step = trainer.advance()
        yield Progress(step.step, trainer.plan.steps, "update")
        if step.step % LOSS_EVERY == 0 or trainer.finished:
            yield Metric(f"zoo/loss/{name}", step.step, step.loss)
        if step.step % CHECKPOINT_EVERY == 0 and not trainer.finished:
            current[place] = trainer.state()
            yield Checkpoint(dict(kept))
    current.pop(place, None)


def _pictures_events(
    model: "DiffusionModel", view: "View", count: int, seed: int
) -> Generator[Event, Command | None, "Tensor"]:
    """`count` pictures in [0, 1] from noise alone."""
    from app.engines.diffusion.picturing import pictures
    from app.engines.diffusion.repair_events import drawn_events

    return pictures(model, (yield from drawn_events(model, view, count, seed, None)))
