"""Settings go out as text and come back the same, from wherever they are pasted."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import AssayError
from app.core.task import Task
from app.runs.config_text import changed, read_config_text, to_command_line, to_json, to_toml, value_from_text
from tests.cli import fake_tasks

TASK = Task("fake.curve", "Draw a curve", "fake", fake_tasks.curve, fake_tasks.CurveConfig)
TASKS = {TASK.name: TASK}
VALUES = {"steps": 7, "rate": 1e-07, "name": "it's “here”\n$HOME", "layers": [1, 2], "limit": 0.5, "kind": "rough"}


@pytest.mark.parametrize("write", [to_command_line, to_json, to_toml])
def test_what_is_written_is_read_back(write):
    read = read_config_text(write(TASK, VALUES), TASKS)
    assert read.task == "fake.curve" and not read.unknown and not read.problems
    assert TASK.parse(read.values) == TASK.parse(VALUES)


@settings(max_examples=200, deadline=None)
@given(
    name=st.text(),
    rate=st.floats(min_value=1e-300, max_value=1e300),
    layers=st.lists(st.integers(-(2**40), 2**40), max_size=4),
    limit=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    write=st.sampled_from([to_command_line, to_json, to_toml]),
)
def test_any_value_makes_the_round_trip(name, rate, layers, limit, write):
    if write is to_toml and any("\ud800" <= letter <= "\udfff" for letter in name):
        return
    values = {"name": name, "rate": rate, "layers": layers, "limit": limit}
    read = read_config_text(write(TASK, values), TASKS)
    assert TASK.parse(read.values) == TASK.parse(values)


def test_only_what_differs_from_the_default_is_on_the_command_line():
    assert to_command_line(TASK, {"steps": 20, "rate": 0.2}) == "python -m app run fake.curve --set rate=0.2"
    assert changed(fake_tasks.CurveConfig, {"layers": (8, 4), "seed": 1}) == {"seed": 1}


@pytest.mark.parametrize(
    "text",
    [
        "$ python -m app run fake.curve --set steps=7",
        "python -m app run fake.curve \\\n  --set steps=7",
        "assay run fake.curve -s steps=7 --json",
        "python -m app --offline run fake.curve --set=steps=7",
        '{"task": "fake.curve", "settings": {"steps": 7}}',
        '{"task": "fake.curve", "config": {"steps": 7}}',
        'task = "fake.curve"\n[settings]\nsteps = 7',
        'task = "fake.curve"\nsteps = 7',
        '<meta name="assay-run" content="{&#34;task&#34;:&#34;fake.curve&#34;,&#34;config&#34;:{&#34;steps&#34;:7}}">',
    ],
)
def test_every_form_is_recognised(text):
    read = read_config_text(text, TASKS)
    assert (read.task, int(read.values["steps"])) == ("fake.curve", 7)


def test_unknown_settings_are_kept_and_named():
    read = read_config_text('{"task": "fake.curve", "settings": {"steps": 7, "momentum": 0.9}}', TASKS)
    assert read.values == {"steps": 7} and read.unknown == {"momentum": 0.9}


def test_a_text_without_a_task_is_for_the_one_in_view():
    assert read_config_text("steps = 7", TASKS, "fake.curve").values == {"steps": 7}


def test_words_that_are_no_setting_are_named():
    read = read_config_text("python -m app run fake.curve --set steps --config x.toml", TASKS)
    assert "“steps”" in read.problems[0] and "x.toml" in read.problems[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{",
        '{"task": "other.task"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "run 'open",
        "\x00",
        "x" * 5_000_000,
    ],
)
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(AssayError) as fault:
        read_config_text(text, TASKS)
    assert fault.value.what


@pytest.mark.parametrize(
    "text, annotation, value",
    [
        ("0,5", float, "0.5"),
        ("1e-4", float, "1e-4"),
        ("none", float | None, None),
        ("none", str, "none"),
        ("1,2", tuple[int, ...], ["1", "2"]),
        ("[1, 2]", list[int], [1, 2]),
        ("a,b", str, "a,b"),
        ('{"a": 1}', dict[str, int], {"a": 1}),
    ],
)
def test_text_means_what_the_setting_needs(text, annotation, value):
    assert value_from_text(text, annotation) == value


def test_a_preset_carries_its_title():
    assert read_config_text(to_json(TASK, VALUES, "Mine"), TASKS).title == "Mine"
    assert json.loads(to_json(TASK, {}))["settings"]["steps"] == 20
