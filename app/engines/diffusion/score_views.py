"""How pictures of a score model are made: by ancestral steps, with corrections, and without fresh noise."""

from app.engines.diffusion.scanning import View
from app.models.schedulers import VE_ANCESTRAL, VE_FLOW, VE_SAMPLER


def ancestral(steps: int) -> View:
    """Clean pictures in few steps, and the sampler that backdoors of the SDE type obey best."""
    return View("ancestral", VE_ANCESTRAL, min(steps, VE_ANCESTRAL.steps))


def corrected(steps: int) -> View:
    """Predictor and corrector, as the papers sample; corrections shrink a shift, the more so the more steps there are."""
    return View("Score SDE", VE_SAMPLER, steps)


def score_views(steps: int) -> tuple[View, ...]:
    """All three: a backdoor of the ODE type obeys only the last, which draws no noise on the way."""
    return ancestral(steps), corrected(steps), View("probability flow", VE_FLOW, min(steps, VE_FLOW.steps))
