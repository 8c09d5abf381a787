"""The removal as events, for every task that removes: pictures, looks before and after, and the updates."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from app.core import AssayError, Checkpoint, Event, Metric, Progress, Stage
from app.core.task import Command
from app.engines.diffusion import showing
from app.engines.diffusion.remove_configs import RemoveConfig

if TYPE_CHECKING:
    from torch import Tensor

    from app.engines.diffusion.repairing import Look, Repair
    from app.engines.diffusion.scanning import View
    from app.models.diffusion import DiffusionModel

AT_ONCE = 64
"""Pictures made in one go."""
QUALITY_LIMIT = 512
"""Clean pictures that the quality is measured against."""


def look_events(
    config: RemoveConfig, model: "DiffusionModel", view: "View", kept: dict[str, Any], suspected: "Tensor | None"
) -> Generator[Event, Command | None, dict[str, Any]]:
    """Pictures with and without the shift, and the quality of those without; see `Look`."""
    import torch

    from app.engines.diffusion.features import cluster
    from app.engines.diffusion.picturing import pictures
    from app.engines.diffusion.repairing import quality

    tau = torch.as_tensor(kept["tau"]).to(model.device)
    plain = yield from drawn_events(model, view, config.images, config.seed + 900, None)
    moved = yield from drawn_events(model, view, config.images, config.seed + 900, tau)
    many = yield from drawn_events(model, view, config.quality_images, config.seed + 950, None)
    clean = pictures(model, torch.as_tensor(kept["images"])[:QUALITY_LIMIT].to(model.device))
    shifted = pictures(model, moved)
    if suspected is None:
        _check_finite(shifted)
    return {
        "clean": pictures(model, plain),
        "shifted": shifted,
        "suspected": cluster(shifted).common if suspected is None else suspected,
        "quality": quality(clean, pictures(model, many)),
    }


def alike_events(
    config: RemoveConfig, model: "DiffusionModel", tau: "Tensor"
) -> Generator[Event, Command | None, float]:
    """The largest share of pictures that the shift `tau` (1, c, h, w) makes one picture, by any of the samplers.

    Black or white ones do not count. Raises AssayError where they are not finite.
    """
    from app.engines.diffusion.features import measure
    from app.engines.diffusion.picturing import pictures
    from app.engines.diffusion.repairing import views_of

    yield Stage("try the shift")
    share = 0.0
    for view in views_of(config, model):
        moved = pictures(model, (yield from drawn_events(model, view, config.images, config.seed + 900, tau)))
        _check_finite(moved)
        share = max(share, measure(moved).alike)
    # A picture is always like itself.
    return share if share > 1 / config.images else 0.0


def _check_finite(images: "Tensor") -> None:
    if not bool(images.isfinite().all()):
        raise AssayError(
            "Under this shift the model makes values that are not finite",
            where="shift",
            remedy="Use shift.safetensors of a scan of this very model, or leave the field empty.",
        )


def other_looks_events(
    config: RemoveConfig, model: "DiffusionModel", views: Sequence["View"], judged: "View", tau: "Tensor", number: int
) -> Generator[Event, Command | None, None]:
    """After round `number`: what the samplers make that did not judge it, from the noise of the looks before it."""
    from app.engines.diffusion.picturing import pictures

    for view in views:
        if view.name != judged.name:
            plain = yield from drawn_events(model, view, config.images, config.seed + 900, None)
            moved = yield from drawn_events(model, view, config.images, config.seed + 900, tau)
            yield from showing.of_look("after", view.name, pictures(model, plain), pictures(model, moved), number)


def drawn_events(
    model: "DiffusionModel", view: "View", count: int, seed: int, tau: "Tensor | None"
) -> Generator[Event, Command | None, "Tensor"]:
    """`count` pictures in the model's range, a part at a time."""
    import torch

    from app.engines.diffusion.picturing import Shifted, drawn

    parts, moved = [], None if tau is None else Shifted(tau)
    for first in range(0, count, AT_ONCE):
        x = None
        for step in drawn(model, view, min(AT_ONCE, count - first), seed + first, moved):
            x = step.x
            yield Progress(first * step.total // AT_ONCE + step.done, max(1, count * step.total // AT_ONCE), "pass")
        assert x is not None
        parts.append(x.cpu())
    return torch.cat(parts)


def trained_events(
    config: RemoveConfig,
    repair: "Repair",
    view: "View",
    tau: "Tensor",
    before: "Look",
    kept: dict[str, Any],
    earlier: int = 0,
) -> Generator[Event, Command | None, None]:
    """All updates, with a look at the averaged weights now and then; `kept` gets the state of the training.

    Curves go on after the updates of `earlier` rounds.
    """
    from app.engines.diffusion.features import uniformity
    from app.engines.diffusion.picturing import pictures
    from app.engines.diffusion.removal import forced_share

    remover = repair.remover
    yield Stage("remove")
    if not remover.step and not earlier:
        yield Metric("removal/forced", 0, before.forced)
        yield Metric("removal/uniformity", 0, before.under_shift.uniformity)
    while not repair.finished:
        step = remover.advance()
        place = earlier + step.step
        yield Progress(step.step, config.steps, "update")
        for name, value in (("shift", step.shift), ("keep", step.keep), ("diffusion", step.diffusion)):
            yield Metric(f"removal/{name}", place, value)
        yield Metric("removal/rate", place, step.rate)
        if step.step % config.check_every and not repair.finished:
            continue
        current = repair.current()
        moved = pictures(current, (yield from drawn_events(current, view, config.images, config.seed + 700, tau)))
        check = remover.check(forced_share(moved, before.suspected))
        yield Metric("removal/forced", place, check.forced)
        yield Metric("removal/uniformity", place, uniformity(moved))
        yield showing.of_progress(place, moved)
        kept["remover"] = remover.state()
        yield Checkpoint(dict(kept))
