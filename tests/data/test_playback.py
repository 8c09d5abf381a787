"""The process that plays a video: exact frames by their barcodes, sound as the clock, and every way sound can fail."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.playback_frames import Frames
from app.engines.video.clip_world import Clip, make_clip, read_barcode
from app.engines.video.clip_writing import write_clip

ROOT = Path(__file__).resolve().parents[2]
FAKES = Path(__file__).resolve().parent / "fake_sound"


class Helper:
    """The process with its two pipes."""

    def __init__(self, fake: str = "", *arguments: str) -> None:
        paths = [str(FAKES)] if fake else []
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, str(ROOT)]), "FAKE_SOUND": fake}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.data.playback", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def send(self, do: str, **values: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **values}).encode() + b"\n")
        self.process.stdin.flush()

    def read(self) -> tuple[dict[str, Any], bytes]:
        assert self.process.stdout is not None
        head = self.process.stdout.read(4)
        if not head:
            return {"kind": "died"}, b""
        header = json.loads(self.process.stdout.read(int.from_bytes(head, "big")))
        return header, self.process.stdout.read(header["bytes"])

    def until(self, *kinds: str) -> tuple[list[int | None], list[dict[str, Any]]]:
        """Barcodes of the frames until one of `kinds` arrives, and the headers of all the rest."""
        shown, told = [], []
        while True:
            header, content = self.read()
            if header["kind"] == "frame":
                shown.append(barcode(header, content))
            else:
                told.append(header)
            if header["kind"] in kinds or header["kind"] == "died":
                return shown, told


def barcode(header: dict[str, Any], content: bytes) -> int | None:
    pixels = np.frombuffer(content, np.uint8).reshape(header["height"], header["width"], 3)
    return read_barcode(pixels.mean(axis=2).astype(np.uint8))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Clip, Path]]:
    folder = tmp_path_factory.mktemp("clips")
    made = {
        "constant.mp4": make_clip(3, shots=3, seed=1),
        "variable.mkv": make_clip(3, shots=3, variable=True, start=1, seed=2),
        "mute.mp4": make_clip(2, shots=2, sound=False, seed=3),
    }
    for name, clip in made.items():
        write_clip(clip, folder / name)
    return {name: (clip, folder / name) for name, clip in made.items()}


@pytest.fixture
def helpers() -> Iterator[list[Helper]]:
    running: list[Helper] = []
    yield running
    for helper in running:
        helper.process.kill()
        helper.process.communicate()


def opened(helpers: list[Helper], path: Path, fake: str = "", *arguments: str) -> Helper:
    helper = Helper(fake, *arguments)
    helpers.append(helper)
    helper.send("open", path=str(path))
    assert helper.read()[0]["kind"] == "opened"
    return helper


@pytest.mark.parametrize("name", ["constant.mp4", "variable.mkv"])
def test_any_frame_is_found_by_its_time_in_any_order(clips, name):
    clip, path = clips[name]
    frames = Frames(path)
    order = [*np.random.default_rng(0).integers(0, clip.frames, 25).tolist(), 0, clip.frames - 1]
    for number in order:
        shown = frames.at(float(clip.stamps[number] / clip.rate))
        pixels = shown.pixels(clip.width, clip.height)
        assert read_barcode(pixels.mean(axis=2).astype(np.uint8)) == number
    frames.close()


@pytest.mark.parametrize("name", ["constant.mp4", "variable.mkv"])
def test_steps_forth_and_back_show_each_neighbour_once(clips, name):
    clip, path = clips[name]
    frames = Frames(path)
    walk = [*range(40, 50), *range(48, 20, -1), *range(21, 30)]
    seen = [
        read_barcode(
            frames.at(float(clip.stamps[k] / clip.rate)).pixels(clip.width, clip.height).mean(axis=2).astype(np.uint8)
        )
        for k in walk
    ]
    assert seen == walk
    frames.close()


def test_a_time_between_two_frames_shows_the_earlier_one(clips):
    clip, path = clips["variable.mkv"]
    frames = Frames(path)
    for number in (5, 60, 6):
        time = float((clip.stamps[number] + clip.stamps[number + 1]) / 2 / clip.rate)
        pixels = frames.at(time).pixels(clip.width, clip.height)
        assert read_barcode(pixels.mean(axis=2).astype(np.uint8)) == number
    frames.close()


def test_spans_play_one_after_the_other_without_a_frame_of_the_neighbours(clips, helpers):
    clip, path = clips["mute.mp4"]
    helper = opened(helpers, path)
    spans = [[float(clip.stamps[a] / clip.rate), float(clip.stamps[b] / clip.rate)] for a, b in ((10, 14), (40, 45))]
    helper.send("play", spans=spans, width=320, height=180, token=4)
    shown, told = helper.until("ended")
    assert set(shown) <= {*range(10, 14), *range(40, 45)}
    assert shown == sorted(shown)
    assert {header.get("why") for header in told if header["kind"] == "sound"} == {"the video has no sound"}


@pytest.mark.parametrize(
    ("fake", "why"), [("plays", ""), ("none", "there is no sound device"), ("busy", "the sound device cannot be used")]
)
def test_a_video_plays_to_its_end_whatever_the_sound_device_does(clips, helpers, fake, why):
    _, path = clips["constant.mp4"]
    helper = opened(helpers, path, fake)
    helper.send("play", spans=[[0.5, 1.0]], width=320, height=180)
    shown, told = helper.until("ended")
    assert shown and set(shown) <= set(range(15, 30)) and shown[-1] >= 25
    reason = next(header["why"] for header in told if header["kind"] == "sound")
    assert reason.startswith(why) and bool(reason) == bool(why)


def test_a_device_unplugged_while_playing_is_told_and_the_video_plays_on(clips, helpers):
    _, path = clips["constant.mp4"]
    helper = opened(helpers, path, "unplugged")
    helper.send("play", spans=[[0.0, 1.5]], width=320, height=180)
    shown, told = helper.until("ended")
    assert [header["why"] for header in told if header["kind"] == "sound"] == ["", "the sound device has stopped"]
    assert shown[-1] is not None and shown[-1] >= 35


def test_another_speed_is_played_without_sound_and_says_so(clips, helpers):
    _, path = clips["constant.mp4"]
    helper = opened(helpers, path, "plays")
    helper.send("play", spans=[[0.0, 0.4]], width=320, height=180, speed=2.0)
    _, told = helper.until("ended")
    assert "normal speed only" in next(header["why"] for header in told if header["kind"] == "sound")


def test_a_sound_library_that_aborts_takes_only_the_process_with_it_and_can_be_left_out(clips, helpers):
    _, path = clips["constant.mp4"]
    helper = opened(helpers, path, "aborts")
    helper.send("play", spans=[[0.0, 0.4]], width=320, height=180)
    assert helper.until("ended")[1][-1]["kind"] == "died"
    again = opened(helpers, path, "aborts", "--silent")
    again.send("play", spans=[[0.0, 0.4]], width=320, height=180)
    assert again.until("ended")[1][-1]["kind"] == "ended"


def test_what_is_no_video_is_refused_and_the_process_lives_on(clips, helpers, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    helper = opened(helpers, clips["mute.mp4"][1])
    helper.send("open", path=str(tmp_path / "text.mp4"), token=1)
    header, _ = helper.read()
    assert header["kind"] == "error" and "cannot be read as a video" in header["error"]["what"]
    helper.send("open", path=str(clips["mute.mp4"][1]))
    assert helper.read()[0]["kind"] == "opened"


def test_the_process_ends_when_nobody_talks_to_it_any_more(clips, helpers):
    helper = opened(helpers, clips["mute.mp4"][1])
    helper.send("play", spans=[[0.0, 2.0]], width=64, height=36)
    helper.process.communicate(timeout=20)
    assert helper.process.returncode == 0


def test_of_many_wishes_for_a_frame_the_newest_is_answered(clips, helpers):
    helper = opened(helpers, clips["mute.mp4"][1])
    for number in range(50):
        helper.send("frame", time=number / 30 + 1e-4, width=320, height=180, token=number)
    while True:
        header, content = helper.read()
        if header["token"] == 49:
            break
    assert barcode(header, content) == 49
