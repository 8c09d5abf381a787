"""What a run made goes on to the next task; bad files do not end the way."""

from dataclasses import replace
from pathlib import Path

from app.data.inspection import Inspection, Problem
from app.shell.without_bad import can_leave_out
from app.workspaces import load_workspaces
from tests.shell.conftest import Open, until
from tests.shell.fake_tasks import FAKE

BAD = Inspection(
    "table", "t.csv", "a table", "/data/t.csv", 30,
    problems=(Problem("error", "There is text", "row 3", "Mend the cells", 2),),
    options={"skippable": 2},
)  # fmt: skip


def test_a_model_fills_the_form_of_the_task_that_takes_it(open_window: Open, tmp_path: Path) -> None:
    sending = replace(FAKE, send_to={"model": (("Talk about it", "fake.chatty", "note"),)})
    window = open_window({"fake": sending})
    window.open_tab("fake")
    page = window.page("fake")
    page.send.fill()
    entry = page.send.menu().actions()[0]
    assert entry.text() == "Talk about it" and not entry.isEnabled() and entry.toolTip()
    page.view.artifact = lambda role: tmp_path / "model.safetensors"  # type: ignore[method-assign]
    page.send.fill()
    page.send.menu().actions()[0].trigger()
    assert page.setup.form.values()["note"] == str(tmp_path / "model.safetensors")
    assert page.send.menu().actions()[-1].text() == "Show in folder"


def test_bad_rows_can_be_left_out_from_the_card_and_from_the_form(open_window: Open) -> None:
    window = open_window({"quantum": load_workspaces()["quantum"]})
    assert can_leave_out(BAD, "quantum.train") == 2
    assert can_leave_out(BAD, "fake.chatty") == 0
    (key, words), *_ = window.drops.targets(BAD)
    assert words == "Run without these 2 rows in Quantum"
    window.drops._fill(BAD, key)
    form = window.page("quantum").setup.form
    assert form.values()["on_bad_file"] == "skip" and form.values()["data"] == "/data/t.csv"


def test_the_form_offers_to_leave_bad_rows_out(open_window: Open, tmp_path: Path) -> None:
    window = open_window({"quantum": load_workspaces()["quantum"]})
    window.open_tab("quantum")
    setup = window.page("quantum").setup
    table = tmp_path / "flowers.csv"
    lines = [f"{k}.5,{k}.25,{'x' if k % 2 else 'y'}\n" for k in range(30)]
    lines[4] = "oops,1.0,x\n"
    table.write_text("a,b,kind\n" + "".join(lines))
    setup.take_paths("quantum.train", "data", [table])
    until(lambda: setup.without.isVisible())
    assert setup.without.text() == "Run without this row"
    setup.without.click()
    assert setup.form.values()["on_bad_file"] == "skip" and setup.form.values()["data"] == str(table)
