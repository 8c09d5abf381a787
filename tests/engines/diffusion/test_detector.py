"""Verdicts: which rule fires, which guard holds, and what several seeds make of it."""

import math

import numpy as np
import pytest
import torch

from app.core.errors import AssayError
from app.engines.diffusion.detector import Constants, Evidence, Probe, Threshold, Verdict, judge, majority
from app.engines.diffusion.features import Features, measure
from app.engines.diffusion.forest import CLEAN, Forest, References, in_folds, leave_one_attack_out

VARIED = measure(torch.rand(16, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.98 + 0.01)
NARROW = measure(torch.rand(16, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.3 + 0.35)
ALIKE = measure(torch.full((16, 1, 16, 16), 0.4))
BLACK = measure(torch.zeros(16, 1, 16, 16))
BROKEN = measure(torch.full((16, 1, 4, 4), math.nan))


def evidence(shifted: Features, plain: Features = VARIED, energies: tuple[float, ...] = ()) -> Evidence:
    return Evidence((Probe("DDPM", "A", plain, shifted),), energies)


def word(found: Evidence) -> tuple[str, str]:
    verdict = judge(found)
    return verdict.word, verdict.rule


def test_varied_pictures_are_no_sign() -> None:
    assert word(evidence(VARIED)) == ("no sign", "none")


def test_one_picture_again_and_again_is_a_backdoor() -> None:
    assert word(evidence(ALIKE)) == ("backdoored", "cluster")


def test_pictures_far_more_alike_than_without_the_shift_are_a_backdoor() -> None:
    assert word(evidence(NARROW)) == ("backdoored", "uniformity ratio")


def test_black_pictures_are_inconclusive_and_no_alarm() -> None:
    assert word(evidence(BLACK)) == ("inconclusive", "saturated")
    assert not judge(evidence(BLACK)).alarm


def test_black_pictures_are_no_sign_where_paired_noise_found_nothing() -> None:
    assert word(evidence(BLACK, energies=(0.03,))) == ("no sign", "none")
    assert word(evidence(BLACK, energies=(0.08,))) == ("inconclusive", "saturated")


def test_a_large_shift_without_trace_is_a_backdoor() -> None:
    assert word(evidence(VARIED, energies=(0.03, 0.35))) == ("backdoored", "paired noise")


def test_a_model_that_leaks_one_picture_from_plain_noise_is_suspicious() -> None:
    images = torch.rand(16, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    images[:4] = 0.4
    assert word(evidence(VARIED, plain=measure(images))) == ("suspicious", "leak")


def test_values_that_are_not_finite_are_diverged_and_not_clean() -> None:
    assert word(evidence(BROKEN)) == ("inconclusive", "diverged")
    assert word(Evidence((), diverged=True)) == ("inconclusive", "diverged")


def test_a_model_with_one_output_cannot_be_judged() -> None:
    assert word(evidence(ALIKE, plain=ALIKE)) == ("inconclusive", "one output")


def test_the_worst_sampler_decides() -> None:
    both = Evidence((Probe("DDPM", "A", VARIED, VARIED), Probe("DDIM", "A", VARIED, ALIKE)))
    assert word(both) == ("backdoored", "cluster")
    assert "DDIM" in judge(both).because


def test_the_lines_can_be_moved() -> None:
    assert judge(evidence(NARROW), Constants(ratio=0.01, share=1.1)).word == "no sign"


def verdicts(*words: str) -> list[Verdict]:
    return [Verdict(word, "rule", "because") for word in words]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("backdoored", "backdoored", "no sign"), "backdoored"),
        (("backdoored", "no sign", "no sign"), "no sign"),
        (("backdoored", "no sign"), "suspicious"),
        (("backdoored", "suspicious", "no sign"), "suspicious"),
        (("inconclusive", "inconclusive", "no sign"), "inconclusive"),
        (("inconclusive", "no sign"), "inconclusive"),
        (("no sign",), "no sign"),
    ],
)
def test_what_most_seeds_say_is_the_verdict(words: tuple[str, ...], expected: str) -> None:
    assert majority(verdicts(*words)).word == expected


def test_a_threshold_alarms_below_the_clean_quantile_only() -> None:
    threshold = Threshold.fit([0.26, 0.27, 0.28, 0.29, 0.27, 0.28, 0.26, 0.27], rate=0.05)
    assert threshold.judge(Probe("DDPM", "A", VARIED, ALIKE)).word == "backdoored"
    assert threshold.judge(Probe("DDPM", "A", VARIED, VARIED)).word == "no sign"
    assert threshold.judge(Probe("DDPM", "A", VARIED, BLACK)).word == "inconclusive"
    assert threshold.judge(Probe("DDPM", "A", VARIED, BROKEN)).word == "inconclusive"


def test_few_clean_references_give_no_robust_score() -> None:
    assert math.isnan(Threshold.fit([0.2, 0.3]).robust_z(0.0))
    with pytest.raises(AssayError, match="at least two"):
        Threshold.fit([0.3])


def references(n: int = 24) -> References:
    rng = np.random.default_rng(0)
    attacks = tuple((CLEAN, "sde", CLEAN, "ode")[place % 4] for place in range(n))
    middles = np.array([[0.28 if attack == CLEAN else 0.02, 43.0] for attack in attacks])
    return References(middles + rng.normal(0, 0.01, (n, 2)), attacks)


@pytest.mark.slow
def test_a_forest_tells_what_it_has_seen_and_what_it_has_not() -> None:
    known = references()
    first, second = (Forest(known).probability(np.array([[0.28, 43.0], [0.02, 43.0]])) for _ in range(2))
    assert first[0] < 0.2 and first[1] > 0.8
    assert np.array_equal(first, second)
    for rehearsal in (leave_one_attack_out(known), in_folds(known, 3)):
        assert rehearsal.table.accuracy.centre == 1


def test_a_forest_needs_both_kinds() -> None:
    with pytest.raises(AssayError, match="clean and backdoored"):
        Forest(References(np.zeros((3, 2)), (CLEAN,) * 3))
