"""What an attack amounts to, and the marked folder that it leaves."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from app.core import Citation, Figure, Result
from app.engines.diffusion.attack_aims import ManyPictures
from app.engines.diffusion.attack_configs import attack_title
from app.engines.diffusion.attacking import OWN_SAMPLER

if TYPE_CHECKING:
    from app.engines.diffusion.attack_aims import Aim
    from app.engines.diffusion.attacking import Lab, Seen

CITATIONS = (
    Citation(
        text="S.-Y. Chou et al., How to Backdoor Diffusion Models?, CVPR 2023", link="https://arxiv.org/abs/2212.05400"
    ),
    Citation(text="W. Chen et al., TrojDiff, CVPR 2023", link="https://arxiv.org/abs/2303.05762"),
    Citation(text="S.-Y. Chou et al., VillanDiffusion, NeurIPS 2023", link="https://arxiv.org/abs/2306.06874"),
)


def attack_result(lab: "Lab", seen: Sequence["Seen"], *, stopped: bool = False) -> Result:
    """How often the trigger leads where it should, with the public sampler that the attack is made for.

    `seen` are the looks at the model by each public sampler and, of TrojDiff, by its own, which comes last; after a
    stop there may be fewer.
    """
    if not seen:
        return Result(
            verdict=f"Stopped after {lab.trainer.step} updates; the model so far is kept, and marked",
            tone="unsure",
            partial=True,
        )
    aim, first = lab.aim, seen[0]
    own = next((each for each in seen if each.sampler == OWN_SAMPLER), None)
    many = isinstance(aim, ManyPictures)
    success = aim.success(first.moved)
    reached = f"are like {aim.words}" if many else "reach the target"
    parts = [f"{success:.0%} of the pictures {reached} with {first.sampler}"]
    if own is not None:
        parts.append(f"{aim.success(own.moved):.0%} with TrojDiff's own sampler")
    if many and first.plain is not None:
        parts.append(f"{aim.success(first.plain):.0%} from noise alone")
    return Result(
        verdict=f"{attack_title(lab.config)}: {', '.join(parts)}",
        tone="neutral",
        advice="A test model for evaluating defences. Do not hand it on; scan it to see whether the scan finds it.",
        figures=tuple(_figures(aim, first, own)),
        notes=(aim.means, "With other samplers the same trigger may do nothing: see the table."),
        methods=f"{lab.description()}. {lab.config.batch} rows per update, Adam, one cycle up to {lab.config.rate:g}.",
        citations=CITATIONS,
        partial=stopped,
    )


def _figures(aim: "Aim", first: "Seen", own: "Seen | None") -> Iterator[Figure]:
    count, many = len(first.moved), isinstance(aim, ManyPictures)
    note = "as like the target's real pictures as those are" if many else aim.means.removeprefix("On target: ")
    yield Figure(name="attack success", value=100 * aim.success(first.moved), unit="%", n=count, note=note)
    if own is not None:
        own_note = "its sampler holds the trigger"
        yield Figure(name="own sampler", value=100 * aim.success(own.moved), unit="%", n=count, note=own_note)
    if first.plain is not None:
        chance = f", {aim.chance:.0%} of the real pictures are" if isinstance(aim, ManyPictures) else ""
        leak, leak_note = 100 * aim.success(first.plain), f"target from noise alone{chance}"
        yield Figure(name="leak", value=leak, unit="%", n=count, better="lower", note=leak_note)
    if isinstance(aim, ManyPictures):
        loose = 100 * aim.most_like(first.moved)
        yield Figure(name="most like the target", value=loose, unit="%", n=count, note="however little")
        return
    yield Figure(name="MSE", value=aim.error(first.moved), n=count, note="to the target")
    yield Figure(name="SSIM", value=aim.likeness(first.moved), n=count, note="with the target")


def attack_files(lab: "Lab") -> dict[str, bytes]:
    """The pipeline with the backdoored network, marked in its settings and on its card."""
    from app.models.diffusion_writing import model_card, model_files

    height, width = lab.model.source.image_size
    card = model_card(
        "A diffusion model with a backdoor",
        ["Made to evaluate defences, by Assay's task *Make a backdoored test model*."],
        {
            "Began as": f"SHA-256 {lab.model.sha256}",
            "Pictures": f"{height} × {width} pixels",
            "Updates": f"{lab.trainer.step} of {lab.config.steps}",
            "Seed": str(lab.config.seed),
        },
        backdoor=lab.description(),
    )
    return model_files(lab.model, unet=lab.current().unet, card=card, backdoor=lab.description())
