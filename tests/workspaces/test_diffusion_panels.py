"""The panels that only the diffusion workspace has: fed with records as a run would write them."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox

from app.engines.diffusion.references import ROW_COLUMNS
from app.engines.diffusion.showing import FEATURE_COLUMNS, shift_words
from app.engines.diffusion.zoo_tables import MODEL_COLUMNS
from app.runs.records import Record
from app.runs.summary import RunSummary
from app.widgets.build import build_panel
from app.widgets.panels import Panel
from app.widgets.theme import load_theme
from app.workspaces.diffusion import BATCH, DISTANCES, PICTURES, SCATTER, TELLING, TRIGGER, WIPE
from app.workspaces.diffusion.batch import COLUMNS, WORDS, batch_rows, confusion_rows
from app.workspaces.diffusion.scatter import references
from app.workspaces.diffusion.zoo_panels import SCATTER as ZOO_SCATTER
from tests.shell.conftest import quiet_qt
from tests.widgets.gallery import saved_picture

assert quiet_qt  # a fixture, used here too

SHOWN: list[Panel] = []
STOCHASTIC, STEADY = "DDIM η 1", "DDIM η 0, clipped"
SEARCHES = ("λ 0.5 from −U", "paired noise")


@pytest.fixture
def theme(qapp):
    chosen = load_theme("light")
    chosen.apply(qapp)
    return chosen


@pytest.fixture(autouse=True)
def kept():
    """Panels live until their events are over: one that is collected while it paints takes the process with it."""
    yield
    for panel in SHOWN:
        panel.close()
    SHOWN.clear()


def panel_of(declaration, theme):
    panel = build_panel(declaration, theme)
    SHOWN.append(panel)
    panel.resize(640, 420)
    panel.show()
    QApplication.processEvents()
    return panel


def scanned(panel, folder: Path) -> None:
    """Two seeds, two samplers, two searches: sheets, the most telling ones, and their features."""
    seq = 0
    rows = []
    for seed in (0, 1):
        for sampler in (STOCHASTIC, STEADY):
            sets = [("clean", f"seed {seed}, noise alone")]
            sets += [("triggered", shift_words(f"seed {seed}", search)) for search in SEARCHES]
            for which, caption in sets:
                seq += 1
                data = {"file": saved_picture(folder, f"{seq}.png", seq), "caption": caption}
                record = Record(seq, 0.0, "image", f"images/{which}/{sampler}", 100 * seed + seq % 9, data)
                if panel.wants(record.kind, record.name):
                    panel.record_added(record, folder)
            apart = 1 + 2 * seed + (sampler == STEADY)
            rows += [
                [seed, search, sampler, 0.3 * apart, 0.1, 2.0 * (k + 1), 0.3, 0.75, 0.0]
                for k, search in enumerate(SEARCHES)
            ]
    telling = {"caption": f"{STOCHASTIC}: {shift_words('seed 0', SEARCHES[0])}"}
    if panel.wants("image", "evidence/triggered/seed 0"):
        panel.record_added(Record(seq + 1, 0.0, "image", "evidence/triggered/seed 0", 0, telling), folder)
    table = {"columns": list(FEATURE_COLUMNS), "rows": rows}
    panel.record_added(Record(seq + 2, 0.0, "table", "features", 2, table), folder)


@pytest.mark.parametrize(
    "declaration", [BATCH, DISTANCES, PICTURES, TRIGGER, WIPE, ZOO_SCATTER], ids=lambda each: each.title
)
def test_a_panel_starts_empty(declaration, theme):
    assert not panel_of(declaration, theme).filled


def test_the_most_telling_pictures_are_shown_first_with_their_features(theme, tmp_path):
    panel = panel_of(PICTURES, theme)
    scanned(panel, tmp_path)
    assert panel.chosen == f"{STOCHASTIC}: {shift_words('seed 0', SEARCHES[0])}"
    assert "one picture 75 %" in panel._words.text()


def test_the_evidence_is_seen_sampler_by_sampler_for_the_same_search(theme, tmp_path):
    panel = panel_of(PICTURES, theme)
    scanned(panel, tmp_path)
    panel.choose(f"{STOCHASTIC}: {shift_words('seed 1', SEARCHES[1])}")
    box = next(box for box in panel.findChildren(QComboBox) if box.accessibleName() == "Sampler")
    assert [box.itemText(k) for k in range(box.count())] == [STOCHASTIC, STEADY]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert panel.chosen == f"{STEADY}: {shift_words('seed 1', SEARCHES[1])}"
    panel.choose("no such thing")
    assert panel.chosen.startswith(STEADY)


def test_a_choice_of_the_user_is_not_taken_away_by_later_pictures(theme, tmp_path):
    panel = panel_of(PICTURES, theme)
    scanned(panel, tmp_path)
    panel.choose(f"{STEADY}: {shift_words('seed 0', SEARCHES[1])}")
    data = {"file": saved_picture(tmp_path, "late.png", 90), "caption": shift_words("seed 2", SEARCHES[0])}
    panel.record_added(Record(90, 0.0, "image", f"images/triggered/{STEADY}", 205, data), tmp_path)
    assert panel.chosen == f"{STEADY}: {shift_words('seed 0', SEARCHES[1])}"
    panel.clear()
    assert not panel.filled and not panel.chosen


def test_a_point_of_the_scan_and_a_reference_show_their_pictures_when_clicked(theme, tmp_path):
    panel = panel_of(SCATTER, theme)
    scanned(panel, tmp_path)
    QApplication.processEvents()
    own = f"{STEADY}: {shift_words('seed 1', SEARCHES[1])}"
    for key in (own, f"reference {references()[0].name}"):
        QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=panel.view.position(key).toPoint())
        assert panel.view.chosen == key and panel._words.text().startswith(("This scan, " + key, "Reference "))
    assert len(panel.table("shown")[1]) == len(references()) + 8


def test_a_clicked_point_stays_when_its_run_is_told_again_and_is_forgotten_with_the_run(theme, tmp_path):
    panel = panel_of(SCATTER, theme)
    panel.set_context(["this one"])
    scanned(panel, tmp_path)
    own = panel.view.chosen
    QApplication.processEvents()
    clicked = f"reference {references()[0].name}"
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=panel.view.position(clicked).toPoint())
    for run, chosen in (("this one", clicked), ("another", own)):
        panel.clear()
        panel.set_context([run])
        scanned(panel, tmp_path)
        assert panel.view.chosen == chosen


def test_references_are_models_of_known_truth_with_both_their_sheets():
    known = references()
    assert {each.truth == "clean" for each in known} == {True, False}
    for each in known:
        assert each.sheets is not None and each.uniformity > 0
        assert all(sheet.is_file() for sheet in each.sheets)


def test_the_models_that_judge_a_scan_stand_in_the_place_of_those_that_come_with_assay(theme, tmp_path):
    panel = panel_of(SCATTER, theme)
    rows = [["mine", "clean", 0.3, 0.1], ["theirs", "baddiffusion", 0.02, 0.02], ["blind", "clean", None, 0.1]]
    table = {"columns": list(ROW_COLUMNS), "rows": rows}
    panel.record_added(Record(1, 0.0, "table", "references", 0, table), tmp_path)
    scanned(panel, tmp_path)
    assert [row[:2] for row in panel.table("shown")[1][:3]] == [
        ["mine", "clean"],
        ["theirs", "baddiffusion"],
        [f"{STOCHASTIC}: {shift_words('seed 0', SEARCHES[0])}", "this scan"],
    ]
    QApplication.processEvents()
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=panel.view.position("reference theirs").toPoint())
    assert "backdoored with baddiffusion; of the file that this scan is judged by" in panel._words.text()
    panel.clear()
    assert len(panel.table("shown")[1]) == len(references())


def run(place: int, state: str = "done") -> RunSummary:
    name = f"20260101-00000{place}-diffusion-scan-000{place}"
    config = {"model": f"/models/m{place}"}
    return RunSummary(name, "diffusion.scan", "diffusion", "", state, place, seconds=12.0, config=config)  # type: ignore[arg-type]


BATCH_LINES = [
    (run(1), {"word": "backdoored", "truth": "baddiffusion", "kind": "ddpm", "model": "m1", "one picture": 0.75}),
    (run(2), {"word": "no sign", "truth": "clean", "kind": "ddpm", "model": "m2"}),
    (run(3), {"word": "suspicious", "truth": "clean", "kind": "ncsn", "model": "m3"}),
    (run(4), {"word": "backdoored", "truth": "unknown", "kind": "ldm", "model": "m4"}),
    (run(5, "failed"), {}),
]


def test_a_batch_is_one_table_with_a_line_per_model():
    rows = batch_rows(BATCH_LINES)
    assert [row[0] for row in rows] == ["m1", "m2", "m3", "m4", "m5"]
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert rows[0][4] == 75.0 and rows[4][2] is None and "failed" in rows[4][-1]


def test_the_confusion_counts_only_models_of_which_the_truth_is_known():
    rows = confusion_rows(BATCH_LINES)
    assert [dict(zip(WORDS, row[1:5], strict=True)) for row in rows] == [
        {"backdoored": 1, "suspicious": 0, "inconclusive": 0, "no sign": 0},
        {"backdoored": 0, "suspicious": 1, "inconclusive": 0, "no sign": 1},
    ]
    assert rows[1][-1].startswith("1 of 2 (")
    assert confusion_rows(BATCH_LINES[3:]) == []


def test_a_click_on_a_line_of_the_batch_opens_its_run(theme, qtbot):
    panel = panel_of(BATCH, theme)
    panel.runs_together(BATCH_LINES)
    assert panel.filled
    with qtbot.waitSignal(panel.run_chosen) as told:
        panel.models.row_chosen.emit(2)
    assert told.args == [BATCH_LINES[2][0].id]


ZOO = (("ddpm-clean-1", "clean", 0.2, 0.25), ("ddpm-baddiffusion-1", "BadDiffusion", 0.01, 0.02))


def zoo_of(panel, folder: Path) -> None:
    """Two models, each with the sheets of both scans, and the table as it stands after the second."""
    seq = 0
    for place in range(len(ZOO)):
        for scan in ("ours", "reference"):
            for which in ("clean", "shifted"):
                seq += 1
                data = {"file": saved_picture(folder, f"zoo-{seq}.png", 20 * seq), "caption": scan}
                panel.record_added(Record(seq, 0.0, "image", f"found/{which}/{scan}", place, data), folder)
    rows = []
    for name, truth, uniformity, variation in ZOO:
        row = dict.fromkeys(MODEL_COLUMNS) | {
            "model": name, "kind": "DDPM", "truth": truth, "uniformity": uniformity, "variation per pixel": variation,
            "ours": "no sign", "Elijah": "no sign", "Elijah: uniformity": uniformity / 2,
            "Elijah: variation per pixel": variation,
        }  # fmt: skip
        rows.append(list(row.values()))
    table = {"columns": list(MODEL_COLUMNS), "rows": rows}
    panel.record_added(Record(seq + 1, 0.0, "table", "zoo/models", 2, table), folder)


def test_every_model_of_a_zoo_is_a_point_that_shows_its_pictures(theme, tmp_path):
    panel = panel_of(ZOO_SCATTER, theme)
    zoo_of(panel, tmp_path)
    QApplication.processEvents()
    for name, truth, *_ in ZOO:
        QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=panel.view.position(name).toPoint())
        assert panel.view.chosen == name and panel._words.text().startswith(f"{name}, DDPM, {truth}; our scan")
        assert panel._pictures.accessibleDescription().startswith("noise alone")
    assert [row[:2] for row in panel.table("shown")[1]] == [[name, truth] for name, truth, *_ in ZOO]


def test_the_zoo_can_be_seen_as_the_reference_scan_saw_it(theme, tmp_path):
    panel = panel_of(ZOO_SCATTER, theme)
    zoo_of(panel, tmp_path)
    panel.scans.setCurrentIndex(1)
    panel.scans.activated.emit(1)
    assert [row[2] for row in panel.table("shown")[1]] == [0.1, 0.005]
    panel.clear()
    assert not panel.filled and panel.table("shown")[1] == []


def test_the_distances_of_each_seed_are_counted_and_the_newest_is_shown(theme, tmp_path):
    panel = panel_of(DISTANCES, theme)
    (tmp_path / "files").mkdir(exist_ok=True)
    for seq, seed in enumerate(("seed 0", "seed 1")):
        np.save(tmp_path / "files" / f"d{seq}.npy", np.stack([np.full(6, 0.3), np.full(6, 0.1 * seq)]).astype("f4"))
        data = {"file": f"files/d{seq}.npy"}
        panel.record_added(Record(seq, 0.0, "array", f"distances/{seed}", seq, data), tmp_path)
    assert panel.choices.currentText() == "seed 1" and panel.view.accessibleDescription().endswith("median 0.1")
    panel.choices.setCurrentIndex(0)
    panel.choices.activated.emit(0)
    assert panel.view.accessibleDescription() == "noise alone: median 0.3; noise + shift: median 0"
    assert len(panel.table("shown")[1]) == 24
    panel.rewind(0)
    assert panel.choices.count() == 1
    panel.rewind(-1)
    assert not panel.filled


def test_the_most_telling_pictures_stand_with_and_without_the_shift(theme, tmp_path):
    panel = panel_of(TELLING, theme)
    panel.restore_view({})
    for seq, which in enumerate(("clean", "triggered")):
        data = {"file": saved_picture(tmp_path, f"{which}.png", 90), "caption": which}
        panel.record_added(Record(seq, 0.0, "image", f"evidence/{which}/seed 0", 1, data), tmp_path)
    assert panel.view.accessibleDescription() == "seed 0: clean; seed 0: triggered"
    assert not panel.choices.isVisible()
