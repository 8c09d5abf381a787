import json
import os
import socket

import numpy as np
import pytest
from safetensors.numpy import save_file

from app.data.client import HelperClient
from app.data.fingerprint import changed, fingerprint
from app.data.inspect import inspect
from app.data.inspection import Inspection
from tests.data import making, making_video


def words(found):
    return " / ".join(f"{problem.what} {problem.where} {problem.remedy}" for problem in found.problems)


def through_json(found):
    again = Inspection.from_dict(json.loads(json.dumps(found.as_dict(), allow_nan=False)))
    assert again == found
    return again


@pytest.mark.parametrize("name", making_video.VALID)
def test_a_valid_file_of_the_video_room_is_recognised_and_usable(tmp_path, name):
    kind, make = making_video.VALID[name]
    found = through_json(inspect([make(tmp_path)]))
    assert (found.kind, found.usable) == (kind, True), words(found)
    assert found.facts
    assert found.summary


@pytest.mark.parametrize("name", making_video.VALID)
def test_content_decides_whatever_the_suffix_says(tmp_path, name):
    kind, make = making_video.VALID[name]
    path = make(tmp_path)
    disguised = path.rename(tmp_path / "film.png")
    found = inspect([disguised])
    if path.suffix in (".csv", ".tsv", ".json", ".yml"):
        assert found.kind in (kind, "unknown")
    else:
        assert found.kind == kind
    assert "is called .png (a picture) but is" in words(found)


@pytest.mark.parametrize("name", making_video.VALID)
@pytest.mark.parametrize("tenth", range(10))
def test_a_file_cut_short_is_a_message(tmp_path, name, tenth):
    path = making_video.VALID[name][1](tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * tenth // 10])
    found = through_json(inspect([path]))
    assert found.usable or found.problems


@pytest.mark.parametrize("name", making_video.VALID)
def test_a_file_with_flipped_bits_is_shown_or_a_message(tmp_path, name):
    path = making_video.VALID[name][1](tmp_path)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(5)
    for _ in range(8):
        damaged = bytearray(data)
        for place in rng.integers(0, min(len(data), 6000), 6):
            damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        found = through_json(inspect([path]))
        assert found.usable or found.problems


def test_a_video_is_told_by_length_size_rate_codec_and_sound_and_shown(tmp_path):
    found = inspect([making_video.clip(tmp_path / "film.mp4", frames=48)])
    facts = dict(found.facts)
    assert facts["Size"] == "64 × 48 pixels"
    assert facts["Rate"] == "24 frames/s"
    assert facts["Codec"].startswith("mpeg4 in")
    assert facts["Sound"] == "none"
    assert found.options["seconds"] == pytest.approx(2, abs=0.1)
    assert found.previews
    assert found.previews[0].image_png


def test_sound_without_pictures_is_no_video(tmp_path):
    found = inspect([making_video.sound_only(tmp_path / "film.mp4")])
    assert not found.usable
    assert "sound only" in words(found)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXTINF:2,\nhttp://host/a.ts\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "[playlist]\nFile1=a.mp4\n",
    ],
)
@pytest.mark.parametrize("name", ["list.m3u8", "film.mp4", "list.txt"])
def test_a_playlist_that_points_elsewhere_is_refused(tmp_path, text, name):
    path = tmp_path / name
    path.write_text(text)
    found = inspect([path])
    assert not found.usable
    assert "playlist" in words(found)


def test_several_videos_are_a_batch_and_broken_ones_are_named(tmp_path):
    good = making_video.clip(tmp_path / "good.mp4")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(good.read_bytes()[:500])
    found = through_json(inspect([good, broken]))
    assert (found.kind, found.usable, found.count) == ("video-folder", True, 1)
    assert [item["usable"] for item in found.options["items"]] == [True, False]
    assert "broken.mp4" in words(found)


def test_a_folder_of_videos_with_a_pipe_a_socket_and_a_loop_is_a_batch(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    making_video.clip(folder / "a.mp4")
    os.mkfifo(folder / "pipe.mp4")
    (folder / "loop").symlink_to(folder)
    (folder / "gone.mp4").symlink_to(folder / "nowhere")
    with socket.socket(socket.AF_UNIX) as one:
        here = os.getcwd()
        os.chdir(folder)
        try:
            one.bind("s.mp4")
        finally:
            os.chdir(here)
        found = inspect([folder])
    assert (found.kind, found.usable, found.count) == ("video-folder", True, 1)
    assert found.path == str(folder)
    assert all(name in words(found) for name in ("pipe.mp4", "gone.mp4", "s.mp4"))


def test_classes_of_pictures_beside_a_video_stay_pictures(tmp_path):
    folder = making.class_folders(tmp_path / "set")
    making_video.clip(folder / "about.mp4")
    assert inspect([folder]).kind == "labelled-images"


def test_nan_rows_name_video_and_rows(tmp_path):
    features = np.zeros((making_video.STEPS, making_video.WIDTH), np.float32)
    features[[3, 7]] = np.nan
    found = inspect([making_video.features(tmp_path / "set.h5", features=features)])
    assert found.kind == "video-features"
    assert not found.usable
    assert "rows 3, 7" in words(found)
    assert "video_1" in words(found)


def test_a_missing_key_is_named_with_how_it_was_rebuilt(golden):
    found = inspect([golden / "videosum" / "eccv16_layout_synthetic.h5"])
    assert found.usable
    assert "“picks” is missing and was rebuilt from n_steps" in words(found)
    assert "video_4" in words(found)
    assert dict(found.facts)["video_1"].startswith("Synthetic clip 1: 739 frames")


def test_videos_that_are_never_tested_are_named(tmp_path):
    path = making_video.splits_json(tmp_path / "s.json")
    assert "never tested: video_1, video_2" in words(inspect([path]))


def test_an_analysis_folder_names_its_video(tmp_path):
    found = inspect([making_video.analysis(tmp_path / "analysis")])
    assert (found.kind, found.usable) == ("video-analysis", True)
    assert "a.mp4" in found.summary
    (tmp_path / "analysis" / "analysis.json").write_text("{")
    assert not inspect([tmp_path / "analysis"]).usable


def test_models_for_pictures_are_recognised_by_content(tmp_path):
    onnx = tmp_path / "net.bin"
    onnx.write_bytes(b"\x08\x08\x12\x07pytorch\x1a\x052.1.0\x3a\x90\x01" + bytes(200))
    assert inspect([onnx]).kind == "image-model"
    folder = tmp_path / "vit"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "vit", "image_size": 224, "num_channels": 3}))
    (folder / "model.safetensors").write_bytes(bytes(20))
    found = inspect([folder])
    assert (found.kind, found.options["type"]) == ("image-model", "vit")


def test_a_folder_that_would_be_refused_later_says_so_at_once(tmp_path):
    folder = tmp_path / "vit"
    folder.mkdir()
    config = {"model_type": "vit", "image_size": 224, "num_channels": 3}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00." + bytes(20))
    found = through_json(inspect([folder]))
    assert (found.kind, found.usable) == ("image-model", False)
    assert "pickled weights" in words(found)
    save_file({"w": np.zeros((2, 3), np.float32)}, folder / "model.safetensors")
    found = inspect([folder])
    assert found.usable
    assert dict(found.facts)["Parameters"] == "6"
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "net.Net"}}))
    assert "Custom code" in words(inspect([folder]))


def test_a_folder_of_summe_files_is_one_set(tmp_path):
    folder = tmp_path / "SumMe" / "GT"
    folder.mkdir(parents=True)
    for name in ("Air.mat", "Bike.mat"):
        making_video.summe(folder / name)
    for dropped in (folder, folder.parent):
        found = inspect([dropped])
        assert (found.kind, found.count) == ("video-annotations", 2)


@pytest.mark.parametrize("make", [making_video.clip, making_video.features])
def test_a_video_or_feature_file_that_changed_is_noticed(tmp_path, make):
    path = make(tmp_path / ("film.mp4" if make is making_video.clip else "set.h5"))
    before = fingerprint(str(path))
    assert changed(str(path), before) == ""
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert "content" in changed(str(path), before)
    path.unlink()
    assert "not there" in changed(str(path), before)


@pytest.fixture(scope="module")
def client():
    client = HelperClient()
    yield client
    client.close()


@pytest.mark.parametrize("name", making_video.VALID)
def test_every_format_is_read_inside_the_confinement(client, tmp_path, name):
    kind, make = making_video.VALID[name]
    found = client.inspect([make(tmp_path)])
    assert (found.kind, found.usable) == (kind, True), words(found)


@pytest.mark.shared_data
def test_the_real_files_are_recognised(client, shared):
    folder = shared / "data" / "videosum"
    assert client.inspect([folder / "big_buck_bunny_0_30.webm"]).options["codec"] == "vp8"
    vfr = client.inspect([folder / "synth_b_vfr.mp4"])
    assert "variable" in dict(vfr.facts)["Rate"]
    anno = client.inspect([folder / "tvsum_annotations_subset.h5"])
    assert (anno.kind, anno.count) == ("video-annotations", 20)
    for path in sorted((folder / "splits").iterdir()):
        assert client.inspect([path]).kind == "video-splits"
    batch = client.inspect([folder])
    assert (batch.kind, batch.count) == ("video-folder", 6)


def test_a_network_that_train_made_is_recognised_and_not_loaded(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    facts = {"format": 1, "shape": {"kind": "plain"}, "features": 447, "feature_kind": ""}
    (folder / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    (folder / "weights.safetensors").write_bytes(b"not read here")
    found = inspect([folder])
    assert (found.kind, found.usable) == ("video-model", True)
    assert "plain" in found.summary and "447" in found.summary
