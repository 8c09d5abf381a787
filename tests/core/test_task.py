"""The contract: config in, events out, result back."""

import pytest

from app.core import AssayError, Config, Metric, Ready, Result, Stopped, collect, field, form_fields
from app.core.task import Emits, Task


class Settings(Config):
    steps: int = field(3, ge=1, le=10, unit="steps", help="How often to count")
    rate: float = field(0.1, gt=0, lt=1, log=True, advanced=True)


def count(config: Settings, resume=None):
    for step in range(config.steps):
        yield Metric("count", step, float(step))
    return Result(verdict="counted")


def echo(config: Settings, resume=None):
    heard = 0
    while True:
        try:
            command = yield Ready()
        except Stopped:
            yield Metric("heard", 0, float(heard))
            return Result(verdict=f"heard {heard}")
        heard += len(command["text"])


TASK = Task(name="test.count", title="Count", workspace="test", function=count, config=Settings)


def test_collect_returns_all_events_and_the_result():
    events, result = collect(count, Settings(steps=2))
    assert events == [Metric("count", 0, 0.0), Metric("count", 1, 1.0)]
    assert result.verdict == "counted"


def test_a_session_is_sent_its_commands_and_then_stopped():
    events, result = collect(echo, Settings(), commands=[{"name": "say", "text": "abc"}])
    assert result.verdict == "heard 3"
    assert events[-1] == Metric("heard", 0, 3.0)


def test_parse_names_every_bad_setting_at_once():
    with pytest.raises(AssayError) as caught:
        TASK.parse({"steps": 0, "rate": 2, "colour": "red"})
    assert all(name in caught.value.why for name in ("steps", "rate", "colour"))
    assert "3 settings" in caught.value.what


def test_a_config_cannot_be_changed_after_it_was_checked():
    with pytest.raises(ValueError, match="frozen"):
        Settings().steps = 5


def test_form_fields_carry_bounds_unit_and_order():
    steps, rate = form_fields(Settings)
    assert (steps.name, steps.ge, steps.le, steps.unit, steps.default) == ("steps", 1, 10, "steps", 3)
    assert (rate.gt, rate.lt, rate.log, rate.advanced) == (0, 1, True, True)


def test_a_declaration_with_a_star_covers_every_ending():
    emits = Emits("metric", "accuracy/*")
    assert emits.covers("metric", "accuracy/3")
    assert not emits.covers("image", "accuracy/3")
    assert not emits.covers("metric", "loss")


def test_an_error_says_what_where_why_and_how_to_mend_it():
    error = AssayError("Could not read a.csv", where="row 3", why="it has 4 cells, not 5", remedy="Add the cell.")
    assert str(error) == "Could not read a.csv (row 3): it has 4 cells, not 5. Add the cell."
    assert AssayError.from_dict(error.as_dict()).as_dict() == error.as_dict()
