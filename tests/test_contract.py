"""Every registered task keeps the contract that engine, window and command line rely on."""

import subprocess
import sys
from fnmatch import fnmatchcase
from functools import cache

import pytest

from app.core import form_fields
from app.core.task import Task
from app.engines import find_task, load_tasks
from app.workspaces import load_workspaces
from tests.contract import Story, play, prepared
from tests.contract_cases import CASES

NAMES = sorted(name for name in load_tasks() if name.split(".")[0] in load_workspaces())
RUNNABLE = [name for name in NAMES if name in CASES and not CASES[name].reaches]
RESUMABLE = [name for name in RUNNABLE if not find_task(name).session]
NAMED = frozenset({"metric", "image", "audio", "array", "table", "text", "artifact"})
SHOWN = NAMED - {"artifact", "audio"}
LASTING = frozenset({"metric", "array", "table", "text", "image", "artifact"})
AFTER_STOP = 100
"""Events that a task may still say once it was told to stop."""

HEAVY = {
    "torch",
    "transformers",
    "diffusers",
    "qiskit",
    "qiskit_aer",
    "sklearn",
    "scipy",
    "cv2",
    "PySide6",
    "pyqtgraph",
}
LOOK = """
import sys
from app.core import form_fields
from app.engines import load_tasks
for task in load_tasks().values():
    form_fields(task.config)
print(",".join(sorted(set(sys.modules))))
"""


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory):
    """The tiny settings of a task, as its config; made once."""

    @cache
    def of(name: str):
        return find_task(name).parse(prepared(CASES[name], tmp_path_factory.mktemp("contract")))

    return of


@pytest.fixture(scope="session")
def straight(settings):
    """The uninterrupted run of a task; run once."""

    @cache
    def of(name: str) -> Story:
        return play(find_task(name), settings(name), CASES[name])

    return of


@pytest.mark.parametrize("name", NAMES)
def test_every_task_has_a_tiny_case_or_says_why_not(name):
    assert name in CASES


def test_settings_of_all_tasks_import_light():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True, timeout=60)
    assert not HEAVY & set(done.stdout.strip().split(","))


@pytest.mark.parametrize("name", NAMES)
def test_presets_and_demonstration_are_settings_that_the_task_takes(name):
    task = find_task(name)
    for title, preset in task.presets.items():
        needed = {field.name: "x" for field in form_fields(task.config) if field.required}
        assert task.parse(needed | dict(preset.values)), title
    tried, values = load_workspaces()[task.workspace].try_it
    if tried == name:
        assert task.parse(values)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_says_what_it_is(name):
    for field in form_fields(find_task(name).config):
        assert field.title.strip(), field.name


@pytest.mark.parametrize("name", NAMES)
def test_every_declared_event_has_a_panel(name):
    shown = load_workspaces()[find_task(name).workspace].shown()
    for emits in find_task(name).emits:
        if emits.kind in SHOWN:
            assert any(kind == emits.kind and fnmatchcase(emits.name, pattern) for kind, pattern in shown), emits.name


@pytest.mark.parametrize("key", load_workspaces())
def test_every_panel_shows_something_that_a_task_declares(key):
    workspace = load_workspaces()[key]
    tasks = [task for task in load_tasks().values() if task.workspace == key]
    for kind, pattern in workspace.shown():
        if kind in NAMED:
            assert any(_declares(task, kind, pattern) for task in tasks), f"{kind} {pattern}"


@pytest.mark.parametrize("key", load_workspaces())
def test_a_workspace_names_only_tasks_and_settings_that_exist(key):
    workspace = load_workspaces()[key]
    for page in workspace.pages:
        assert set(page.tasks) <= set(load_tasks())
    fields = [*workspace.accepts.values(), *((session.task, session.field) for session in workspace.sessions)]
    fields += [(task, field) for targets in workspace.send_to.values() for _, task, field in targets]
    for task, field in fields:
        assert field in find_task(task).config.model_fields
    for task in workspace.tasks:
        assert find_task(task).workspace == key


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_a_task_says_only_what_it_declared(name, straight):
    task = find_task(name)
    for told in straight(name).told:
        if told.kind in NAMED:
            assert task.declaration(told.kind, told.name) is not None, f"{told.kind} {told.name}"


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_a_task_ends_with_a_verdict(name, straight):
    result = straight(name).result
    assert result.verdict.strip()
    assert all(figure.name.strip() for figure in result.figures)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_the_same_seed_gives_the_same_events(name, settings, straight):
    again = play(find_task(name), settings(name), CASES[name])
    first = straight(name)
    assert len(again.told) == len(first.told)
    for place, (one, other) in enumerate(zip(again.told, first.told, strict=True)):
        assert one.content == other.content, f"event {place}: {one.kind} {one.name}"
    assert again.result == first.result


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_a_task_can_be_stopped_anywhere(name, settings, straight):
    count = len(straight(name).told)
    for place in sorted(
        {1, 2, 3, count // 7, count // 3, count // 2, 2 * count // 3, 9 * count // 10, count - 1} - {0}
    ):
        story = play(find_task(name), settings(name), CASES[name], stop_at=place)
        assert len(story.told) - place <= AFTER_STOP, f"stopped after event {place}"
        assert story.result is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", RESUMABLE)
def test_a_resumed_run_equals_an_uninterrupted_one(name, settings, straight):
    story = straight(name)
    places = story.checkpoints()
    for place in dict.fromkeys((*places[:1], *places[len(places) // 2 :][:1], *places[-2:])):
        resumed = play(find_task(name), settings(name), CASES[name], resume=story.told[place].state)
        expected, got = story.after(place, LASTING), resumed.after(-1, LASTING)
        for one, other in zip(got, expected, strict=False):
            assert one == other, f"resumed from event {place}: {one[0][:200]} is not {other[0][:200]}"
        assert len(got) == len(expected), f"resumed from event {place}"
        assert resumed.result == story.result


def _declares(task: Task, kind: str, pattern: str) -> bool:
    return any(
        emits.kind == kind and (fnmatchcase(emits.name, pattern) or fnmatchcase(pattern, emits.name))
        for emits in task.emits
    )
