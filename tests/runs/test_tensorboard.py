"""What TensorBoard's own reader finds in an exported run."""

import struct

import pytest

from app.core import AssayError, Figure, Result
from app.runs import tensorboard
from app.runs.redaction import redactor
from app.runs.store import Store
from tests.runs.made_runs import finished_run, metric, png, put_file

pytest.importorskip("tensorboardX", reason="the extra [tracking] is not installed")
accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is needed to read the export back"
)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_TASK_MODULES", "tests.cli.fake_tasks")
    return Store(tmp_path / "store")


@pytest.fixture
def run(store):
    events = [
        *(metric("loss/train", step, 1 / (step + 1)) for step in range(50)),
        metric("loss/train", 50, "nan"),
        {"k": "image", "name": "picture", "step": 3, "file": "files/p.png"},
        {"k": "text", "name": "circuit", "step": 0, "text": "key abcd-1234"},
    ]
    result = Result(verdict="Good", figures=(Figure(name="accuracy", value=0.9),))
    made = finished_run(store, {"steps": 50, "rate": 0.25}, events=events, result=result)
    put_file(store, made, "files/p.png", png(12, 9))
    return made


def read(folder):
    found = accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    found.Reload()
    return found


def test_curves_are_read_back_point_by_point_with_their_times(store, run, tmp_path):
    (folder,) = tensorboard.export(store, [run], tmp_path / "out")
    points = read(folder).Scalars("loss/train")
    assert [point.step for point in points] == list(range(51))
    assert [point.value for point in points[:50]] == pytest.approx([1 / (k + 1) for k in range(50)])
    assert points[50].value != points[50].value
    begun = store.summary(run).created
    assert points[0].wall_time == pytest.approx(begun + 0.2, abs=0.01)


def test_pictures_are_handed_over_untouched(store, run, tmp_path):
    (folder,) = tensorboard.export(store, [run], tmp_path / "out")
    (picture,) = read(folder).Images("picture")
    assert (picture.width, picture.height, picture.step) == (12, 9, 3)
    assert picture.encoded_image_string == png(12, 9)
    assert struct.unpack(">II", picture.encoded_image_string[16:24]) == (12, 9)


def test_settings_figures_and_texts_are_there_without_keys(store, run, tmp_path):
    (folder,) = tensorboard.export(store, [run], tmp_path / "out", redactor(["abcd-1234"]))
    found = read(folder)
    texts = {tag: found.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in found.Tags()["tensors"]}
    settings = next(text for tag, text in texts.items() if tag.startswith("settings"))
    assert '"rate": 0.25' in settings
    assert found.Scalars("figure/accuracy")[0].value == pytest.approx(0.9)
    assert not [text for text in texts.values() if "abcd-1234" in text]
    plugins = found.SummaryMetadata("_hparams_/session_start_info")
    assert plugins.plugin_data.plugin_name == "hparams"


def test_exporting_again_replaces(store, run, tmp_path):
    for _ in range(2):
        (folder,) = tensorboard.export(store, [run], tmp_path / "out")
    assert len(read(folder).Scalars("loss/train")) == 51


def test_a_place_that_cannot_be_written_is_said(store, run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AssayError, match="could not be written"):
        tensorboard.export(store, [run], tmp_path / "file")


def test_without_the_library_the_extra_is_named(store, run, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", None)
    with pytest.raises(AssayError) as fault:
        tensorboard.export(store, [run], tmp_path / "out")
    assert "assay[tracking]" in fault.value.remedy
