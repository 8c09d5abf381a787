"""Training, removal and paired noise go on bit for bit from a saved state, and do what they are for."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from app.core.errors import AssayError
from app.engines.diffusion import poisoning
from app.engines.diffusion.attacks import (
    ClassTrojanLesson,
    CleanLesson,
    Lesson,
    ShiftLesson,
    TrojanLesson,
)
from app.engines.diffusion.optimisation import trainable_copy
from app.engines.diffusion.paired_noise import PairedNoise, Terd, kl_features, shift_energy
from app.engines.diffusion.removal import (
    Remover,
    Terms,
    exact_terms,
    forced_share,
    through_shift_terms,
)
from app.engines.diffusion.schedules import Schedule, VESchedule, VPSchedule
from app.engines.diffusion.tiny import blank
from app.engines.diffusion.training import Plan, Trainer
from app.engines.diffusion.triggers import box, target
from app.engines.diffusion.trojdiff import trojan_of

VP, VE = VPSchedule.linear(), VESchedule.geometric(sigma_max=20.0)
SHAPE = (1, 13, 13)
IMAGES = torch.rand(20, *SHAPE, generator=torch.Generator().manual_seed(1)) * 2 - 1
TRIGGER, TARGET = box(1, 13, 4, 0.0), target("CORNER", 1, 13)
SHORT = Plan(8, batch=6, rate=1e-3)


class Small(nn.Module):
    """A one-channel network of two convolutions that sees the time."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.first, self.last = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 1, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        made: Tensor = self.last(torch.tanh(self.first(x) + t.float().view(-1, 1, 1, 1) / 1000))
        return made


LESSONS: dict[str, Lesson] = {
    "clean": CleanLesson(VP),
    "shift": ShiftLesson(VP, poisoning.villan(VP, 0.5, "ode"), TRIGGER, TARGET, 0.3),
    "stamped": ShiftLesson(VP, poisoning.baddiffusion(VP), TRIGGER, TARGET, 0.3, trigger_only=False),
    "score": ShiftLesson(VE, poisoning.villan_ve(VE), TRIGGER, TARGET, 0.3),
    "trojan": TrojanLesson(trojan_of(VP, TARGET, 0.1, patch=3), TARGET[None]),
    "trojan in class": ClassTrojanLesson(trojan_of(VP, TARGET, 0.6)),
}


def trainer(lesson: str, seed: int = 0, plan: Plan = SHORT) -> Trainer:
    net = Small()
    schedule: Schedule = VE if lesson == "score" else VP
    generator = torch.Generator().manual_seed(seed)
    marked = torch.arange(len(IMAGES)) % 2 == 0
    return Trainer(net, net, schedule, LESSONS[lesson], IMAGES, plan, generator, marked)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_resumed_training_equals_the_uninterrupted_one(lesson: str) -> None:
    whole, first, second = trainer(lesson), trainer(lesson), trainer(lesson, seed=9)
    steps = [whole.advance() for _ in range(8)]
    for _ in range(3):
        first.advance()
    second.resume(first.state())
    assert steps[3:] == [second.advance() for _ in range(5)]
    assert second.finished
    assert all(torch.equal(whole.average[name], second.average[name]) for name in whole.average)


def test_the_frequencies_of_a_score_models_noise_level_are_not_trained() -> None:
    model = blank("ncsn", 1, 16, seed=0)
    taught = trainable_copy(model.unet)
    assert [name for name, weight in taught.named_parameters() if not weight.requires_grad] == ["time_proj.weight"]
    assert not any(weight.requires_grad for weight in model.unet.parameters())


def test_training_lowers_the_loss() -> None:
    teaching = trainer("clean", plan=Plan(120, batch=16, rate=1e-2))
    losses = [teaching.advance().loss for _ in range(120)]
    assert sum(losses[-20:]) < 0.8 * sum(losses[:20])


def test_a_diverged_training_says_so() -> None:
    net = Small()
    broken = IMAGES * float("nan")
    teaching = Trainer(net, net, VP, LESSONS["clean"], broken, SHORT, torch.Generator())
    with pytest.raises(AssayError, match="diverged"):
        teaching.advance()


def remover(terms: Terms, schedule: Schedule = VP, seed: int = 0, reach: float = 0.0) -> Remover:
    net, suspect = Small(), Small().requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    plan = Plan(8, 6, 1e-3, "cosine", warm=2, decay=0.9)
    return Remover(net, net, suspect, schedule, TRIGGER[None], IMAGES, plan, generator, terms=terms, reach=reach)


@pytest.mark.parametrize(
    ("terms", "reach"), [(exact_terms, 0.0), (through_shift_terms, 0.0), (through_shift_terms, 0.5)]
)
@pytest.mark.parametrize("schedule", [VP, VE], ids=["vp", "ve"])
def test_a_resumed_removal_equals_the_uninterrupted_one(terms: Terms, schedule: Schedule, reach: float) -> None:
    whole, first, second = (remover(terms, schedule, seed, reach) for seed in (0, 0, 9))
    steps = [whole.advance() for _ in range(4)]
    whole.check(0.5)
    steps += [whole.advance() for _ in range(4)]
    whole.check(0.25)
    for _ in range(4):
        first.advance()
    first.check(0.5)
    second.resume(first.state())
    assert steps[4:] == [second.advance() for _ in range(4)]
    second.check(0.25)
    assert whole.checks == second.checks
    assert all(torch.equal(whole.best[name], second.best[name]) for name in whole.best)


def test_a_roaming_shift_makes_the_loss_of_the_shift_greater() -> None:
    still, roaming = remover(through_shift_terms), remover(through_shift_terms, reach=1.0)
    losses = [[each.advance().shift for _ in range(8)] for each in (still, roaming)]
    assert losses[0][0] == losses[1][0] and sum(losses[1][4:]) > sum(losses[0][4:])


def test_every_shift_and_its_companion_take_part_however_small_the_batch() -> None:
    net, suspect = Small(), Small().requires_grad_(False)
    shifts = torch.stack([TRIGGER, -TRIGGER, TRIGGER.flip(1)])
    plan = Plan(8, 4, 1e-3, "cosine", warm=2, decay=0.9)
    cleaning = Remover(net, net, suspect, VP, shifts, IMAGES, plan, torch.Generator().manual_seed(0), reach=0.5)
    for _ in range(3):
        cleaning.advance()
    moved = (torch.as_tensor(cleaning.state()["roaming"]["shifts"]) - shifts).flatten(1).norm(dim=1)
    assert (moved > 0).all()


def test_the_authors_removal_trains_to_the_end_and_keeps_the_last_weights() -> None:
    cleaning = remover(exact_terms)
    for forced in (0.0, 0.0, 0.5, 1.0):
        cleaning.advance()
        cleaning.check(forced)
    assert not cleaning.finished
    assert all(torch.equal(cleaning.best[name], cleaning.average[name]) for name in cleaning.best)


def test_removal_stops_once_nothing_is_forced_and_keeping_no_longer_improves() -> None:
    cleaning = remover(through_shift_terms)
    cleaning.check(0.0)
    assert not cleaning.finished
    cleaning.check(0.0)
    cleaning.check(0.0)
    assert cleaning.settled and cleaning.finished


def test_the_best_check_is_kept() -> None:
    cleaning = remover(through_shift_terms)
    cleaning.advance()
    cleaning.check(0.1)
    best = {name: value.clone() for name, value in cleaning.best.items()}
    cleaning.advance()
    cleaning.check(0.9)
    assert all(torch.equal(best[name], cleaning.best[name]) for name in best)


def test_forced_pictures_are_counted_without_the_true_trigger() -> None:
    images = torch.rand(16, 1, 13, 13, generator=torch.Generator().manual_seed(2))
    common = torch.full((1, 13, 13), 0.9)
    assert forced_share(images, common) == 0
    images[:8] = 0.9
    assert forced_share(images, common) == 0.5
    images[8:] = 0.0
    assert forced_share(images, torch.zeros(1, 13, 13)) == 0.5


def paired(seed: int = 0, learn_scale: bool = False) -> PairedNoise:
    net = Small().requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    return PairedNoise(net, VP, SHAPE, generator, steps=8, batch=4, learn_scale=learn_scale)


def terd(seed: int = 0) -> Terd:
    net = Small().requires_grad_(False)
    return Terd(net, VP, SHAPE, torch.Generator().manual_seed(seed), steps=5, refining=3, batch=4)


def paired_with_scale(seed: int = 0) -> PairedNoise:
    return paired(seed, learn_scale=True)


@pytest.mark.parametrize("make", [paired, paired_with_scale, terd])
def test_a_resumed_paired_noise_search_equals_the_uninterrupted_one(make: Callable[[int], PairedNoise]) -> None:
    whole, first, second = make(0), make(0), make(9)
    steps = [whole.advance() for _ in range(8)]
    for _ in range(3):
        first.advance()
    second.resume(first.state())
    assert steps[3:] == [second.advance() for _ in range(5)]
    assert whole.finished and torch.equal(whole.tau, second.tau) and whole.scale == second.scale


def test_a_paired_noise_search_that_is_not_finite_has_diverged() -> None:
    def broken(x: Tensor, t: Tensor) -> Tensor:
        return x * float("nan")

    search = PairedNoise(broken, VP, SHAPE, torch.Generator().manual_seed(0))
    search.advance()
    assert search.diverged and search.finished and search.tau.isfinite().all()


def test_a_shift_that_leaves_no_trace_grows() -> None:
    def blind(x: Tensor, t: Tensor) -> Tensor:
        return x - TRIGGER

    search = PairedNoise(blind, VP, SHAPE, torch.Generator().manual_seed(0), steps=60)
    before = shift_energy(search.tau)
    while not search.finished:
        search.advance()
    assert shift_energy(search.tau) > before


def test_the_divergence_of_no_shift_is_its_centre() -> None:
    features = kl_features(torch.zeros(1, 1, 4, 4))
    assert features.m == pytest.approx(0.4) and features.v == pytest.approx(-0.003)
