"""Sweeps make every combination once; seeds fold into a mean that carries its interval and n."""

import pytest

from app.core import AssayError, Figure
from app.core.task import Task
from app.runs.summary import RunSummary
from app.runs.sweep import check, expand, groups, parse_over, parse_seeds, table
from app.stats import mean_interval
from tests.cli import fake_tasks

TASK = Task("fake.curve", "Draw a curve", "fake", fake_tasks.curve, fake_tasks.CurveConfig)


def run(identifier, value=None, state="done", **config):
    figures = () if value is None else (Figure(name="accuracy", value=value, interval=0.5, n=100, better="higher"),)
    return RunSummary(
        id=identifier,
        task="fake.curve",
        workspace="fake",
        name="",
        state=state,
        created=0.0,
        config=config,
        figures=figures,
    )


def test_every_combination_comes_once_with_seeds_changing_fastest():
    made = expand({"rate": 0.1}, {"steps": [1, 2], "kind": ["smooth", "rough"]}, [0, 1])
    assert len(made) == 8
    assert [config["seed"] for config in made[:4]] == [0, 1, 0, 1]
    assert made[0] == {"rate": 0.1, "steps": 1, "kind": "smooth", "seed": 0}
    assert len({tuple(sorted(config.items())) for config in made}) == 8


def test_without_anything_to_vary_there_is_one_run():
    assert expand({"steps": 1}, {}) == [{"steps": 1}]


def test_a_sweep_of_too_many_runs_is_refused_with_their_number():
    with pytest.raises(AssayError, match="1000000 runs"):
        expand({}, {"a": range(1000), "b": range(1000)})


@pytest.mark.parametrize(
    "text, values",
    [
        ("rate=0.1,1e-3", ["0.1", "1e-3"]),
        ("kind=smooth,rough", ["smooth", "rough"]),
        ("layers=[1,2],[3]", [[1, 2], [3]]),
        ("limit=none,0.5", [None, "0.5"]),
    ],
)
def test_values_are_read_as_their_setting_needs(text, values):
    name, read = parse_over(TASK, text)
    assert read == values
    assert len(check(TASK, expand({}, {name: read}))) == len(values)


@pytest.mark.parametrize("text, seeds", [("0-4", [0, 1, 2, 3, 4]), ("3", [3]), ("0,3,7-9", [0, 3, 7, 8, 9])])
def test_seeds_are_ranges_and_lists(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "4-0", "-1", "0-99999999", "1.5"])
def test_what_is_no_list_of_seeds_is_refused(text):
    with pytest.raises(AssayError):
        parse_seeds(text)


def test_an_unknown_field_is_refused_with_the_known_ones():
    with pytest.raises(AssayError) as fault:
        parse_over(TASK, "speed=1")
    assert "steps" in fault.value.remedy


def test_runs_equal_but_for_their_seed_fold_into_a_mean_with_its_interval():
    found = groups([run("a", 0.9, rate=1, seed=0), run("b", 0.8, rate=2, seed=0), run("c", 0.92, rate=1, seed=1)])
    assert [[r.id for r in group.runs] for group in found] == [["a", "c"], ["b"]]
    folded = found[0].figures[0]
    wanted = mean_interval([0.9, 0.92])
    assert (folded.value, folded.interval, folded.n) == (wanted.centre, wanted.half, 2)
    assert found[0].seeds == (0, 1)


def test_a_single_run_keeps_the_interval_over_its_own_samples():
    figure = groups([run("a", 0.9, seed=0)])[0].figures[0]
    assert (figure.interval, figure.n) == (0.5, 100)


def test_a_seed_without_a_finite_value_is_left_out_and_counted():
    figure = groups([run("a", 0.9, seed=0), run("b", float("nan"), seed=1), run("c", 0.8, seed=2)])[0].figures[0]
    assert figure.n == 2 and "1 without a finite value" in figure.note


def test_runs_without_figures_yet_are_in_the_group_but_not_in_the_mean():
    group = groups([run("a", 0.9, seed=0), run("b", None, "running", seed=1)])[0]
    assert group.n == 2 and group.figures[0].n == 100
    assert group.states() == ("done", "running")


def test_the_table_shows_only_the_settings_that_vary():
    found = table([run("a", 0.9, rate=1, steps=5, seed=0), run("b", 0.8, rate=2, steps=5, seed=0)])
    assert found.fields == ("rate",) and found.figures == ("accuracy",)
    assert [values for _, values, _ in found.rows] == [(1,), (2,)]
