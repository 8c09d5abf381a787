"""A comparison shows what differs, how much that changed, and when it cannot know."""

import json

import pytest

from app.core import AssayError, Citation, Figure
from app.runs.compare import Published, as_dict, compare
from app.stats import paired_difference, unpaired_difference
from tests.runs.test_sweep import run


def runs(rate, values, seeds=None):
    return [
        run(f"{rate}-{k}", v, rate=rate, steps=5, seed=s)
        for k, (v, s) in enumerate(zip(values, seeds or range(99), strict=False))
    ]


def only(comparison, column=1):
    return comparison.rows[0].cells[column]


def test_only_differing_settings_are_listed():
    assert compare(runs(1, [0.9]) + runs(2, [0.8])).fields == (("rate", (1, 2)),)


def test_equal_seeds_are_compared_pair_by_pair():
    a, b = [0.80, 0.90, 0.70], [0.82, 0.93, 0.72]
    effect = only(compare(runs(1, a) + runs(2, b))).effect
    assert effect.interval == paired_difference(a, b)
    assert effect.verdict == "better" and "paired by seed" in effect.method


def test_different_seeds_are_compared_unpaired():
    a, b = [0.80, 0.90, 0.70], [0.82, 0.93]
    effect = only(compare(runs(1, a) + runs(2, b, [7, 8]))).effect
    assert effect.interval == unpaired_difference(a, b)
    assert effect.verdict == "no clear difference" and "Welch" in effect.method


def test_single_runs_use_their_own_intervals_and_say_that_seeds_were_not_tried():
    effect = only(compare(runs(1, [0.2]) + runs(2, [0.9]))).effect
    assert effect.interval.half == pytest.approx((0.5**2 + 0.5**2) ** 0.5)
    assert "other seeds were not tried" in effect.method and effect.verdict == "no clear difference"


def test_without_any_interval_the_difference_stands_alone():
    first, second = runs(1, [0.2]), runs(2, [0.9, 0.8])
    effect = only(compare(first + second)).effect
    assert effect.interval is None and effect.verdict == "too few runs to say"


def test_the_best_value_is_marked_and_a_tie_is_not():
    assert [cell.best for cell in compare(runs(1, [0.2]) + runs(2, [0.9])).rows[0].cells] == [False, True]
    assert not any(cell.best for cell in compare(runs(1, [0.9]) + runs(2, [0.9])).rows[0].cells)


def test_the_pinned_baseline_has_no_effect_on_itself():
    comparison = compare(runs(1, [0.2]) + runs(2, [0.9]), baseline="2-0")
    assert comparison.baseline == 1
    assert only(comparison, 1).effect is None
    assert only(comparison, 0).effect.difference == pytest.approx(-0.7)


def test_a_published_figure_is_a_column_that_is_never_best_nor_averaged():
    printed = Published("Paper, Table 2", (Figure(name="accuracy", value=0.99),), Citation(text="A paper"))
    cells = compare(runs(1, [0.2]) + runs(2, [0.9]), published=[printed]).rows[0].cells
    assert cells[2].figure.value == 0.99 and not cells[2].best and cells[1].best


@pytest.mark.parametrize("given, baseline", [(runs(1, [0.2]), None), (runs(1, [0.2]) + runs(2, [0.9]), "x")])
def test_what_cannot_be_compared_is_refused(given, baseline):
    with pytest.raises(AssayError):
        compare(given, baseline)


def test_runs_of_different_tasks_share_only_the_figures_they_have():
    from dataclasses import replace

    other = replace(run("x", None, width=3), task="fake.other", figures=(Figure(name="speed", value=3.0),))
    comparison = compare([*runs(1, [0.2]), other])
    assert [row.name for row in comparison.rows] == ["accuracy", "speed"]
    assert comparison.rows[0].cells[1].figure is None


def test_a_comparison_goes_out_as_json():
    record = json.loads(json.dumps(as_dict(compare(runs(1, [0.2, 0.3]) + runs(2, [0.9, 0.8])))))
    assert record["figures"][0]["cells"][1]["effect"]["verdict"] in ("better", "no clear difference")
