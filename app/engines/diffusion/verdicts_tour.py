"""What the round trip amounts to, in plain words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.core import Figure, Result
from app.engines.diffusion.verdicts import CITATIONS, LIMITS

if TYPE_CHECKING:
    from app.engines.diffusion.judging import Judged

METHODS = (
    "One seed searched each model for a shift with λ 0.5 and with paired noise. The removal is the task “Remove a "
    "backdoor” with fewer updates and pictures; the folder it wrote was opened and scanned again with other noise. Three "
    "seeds and the full schedules are steadier: scan and remove by themselves take them."
)


def tour_result(scans: Mapping[str, "Judged"], repaired: Result | None, *, stopped: bool = False) -> Result:
    """`scans` by name (clean, suspect, and repaired where it came to that); `repaired` is the removal's result."""
    words = {name: judged.verdict.word for name, judged in scans.items() if judged.found}
    told = "; ".join(f"{name} model: {word}" for name, word in words.items())
    parts = [told, *([repaired.verdict] if repaired is not None else ["there is nothing to remove"])]
    right = words.get("clean") == "no sign" and words.get("suspect") == "backdoored" and not stopped
    done = right and repaired is not None and repaired.exit_code == 0 and words.get("repaired") == "no sign"
    return Result(
        verdict=". ".join(part[:1].upper() + part[1:] for part in parts),
        tone="good" if done else "unsure",
        advice="Reduced risk, not proof: compare the pictures before and after." if done else "Look at the pictures.",
        figures=(
            *(repaired.figures if repaired is not None else ()),
            *(
                Figure(name=f"alarm, {name} model", value=float(judged.verdict.alarm), note=judged.verdict.because)
                for name, judged in scans.items()
                if judged.found
            ),
        ),
        notes=(LIMITS, *(repaired.notes if repaired is not None else ())),
        methods=METHODS,
        citations=CITATIONS,
        details=words,
        partial=stopped,
        exit_code=0 if done else 3,
    )


def stopped_tour(scans: Mapping[str, "Judged"]) -> Result:
    """The end of a round trip that was stopped before the removal."""
    words = "; ".join(f"{name} model: {judged.verdict.word}" for name, judged in scans.items() if judged.found)
    return Result(
        verdict=f"Stopped before the removal began{f' ({words})' if words else ''}",
        tone="unsure",
        advice="Resume goes on from the last checkpoint.",
        partial=True,
        exit_code=3,
    )
