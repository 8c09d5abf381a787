"""The room `diffusion`: its models are at hand, and what a run makes can be handed on."""

from app.data.builtin import builtin_choices, describe_builtin
from app.engines import load_tasks
from app.engines.diffusion.starting import PREFIX, STARTERS
from app.workspaces import load_workspaces


def test_both_starters_are_offered_and_described():
    refs = {ref for _, ref in builtin_choices(("diffusion-model",))}
    assert refs == {PREFIX + name for name in STARTERS}
    assert all(describe_builtin(ref).kind == "diffusion-model" for ref in refs)


def test_what_a_scan_finds_can_be_sent_to_the_removal_and_its_model_back_to_the_scan():
    room = load_workspaces()["diffusion"]
    targets = {role: [(task, field) for _, task, field in entries] for role, entries in room.send_to.items()}
    assert ("diffusion.remove", "shift") in targets["diffusion-shift"]
    assert ("diffusion.scan", "model") in targets["diffusion-model"]
    assert room.accepts["diffusion-model"] == ("diffusion.scan", "model")


def test_a_failed_run_ends_unlike_a_backdoored_model():
    tasks = load_tasks()
    assert all(tasks[name].failed_exit == 2 for name in load_workspaces()["diffusion"].tasks)
    assert tasks["quantum.train"].failed_exit == 1
