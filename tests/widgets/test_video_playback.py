"""The window's end of the player: pictures arrive as signals, a dead process is replaced, nothing is left behind."""

import gc
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.engines.video.clip_world import make_clip, read_barcode
from app.engines.video.clip_writing import write_clip
from app.widgets.video_playback import Playback
from app.widgets.video_surface import VideoSurface

PATIENCE = 30_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(make_clip(2, shots=2, sound=False), path)
    return path


@pytest.fixture
def playback(clip, qapp):
    made = Playback()
    made.open(str(clip))
    yield made
    made.close()


def number(image: QImage) -> int | None:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return read_barcode(rows[:, : grey.width()])


def test_the_wished_frame_arrives_as_a_picture(playback, qtbot: QtBot):
    for wished in (31, 30, 59, 0):
        with qtbot.waitSignal(playback.shown, timeout=PATIENCE) as heard:
            playback.show_frame(wished / 30, 320, 180)
        image, time = heard.args
        assert number(image) == wished and round(time * 30) == wished


def test_after_the_process_was_killed_the_next_wish_starts_another(playback, qtbot: QtBot):
    with qtbot.waitSignal(playback.shown, timeout=PATIENCE):
        playback.show_frame(0.0, 320, 180)
    with qtbot.waitSignal(playback.failed, timeout=PATIENCE) as heard:
        playback._process.kill()
    assert "has ended" in heard.args[0].what
    with qtbot.waitSignal(playback.shown, timeout=PATIENCE) as heard:
        playback.show_frame(1.0, 320, 180)
    assert number(heard.args[0]) == 30


def test_a_process_that_dies_over_sound_is_started_without_sound(clip, qtbot: QtBot):
    script = "import sys, os\nsys.stdin.readline()\nsys.stdin.readline()\nsys.stdin.readline()\nos._exit(6)"
    playback = Playback(command=[sys.executable, "-c", script])
    playback.open(str(clip))
    with qtbot.waitSignal(playback.failed, timeout=PATIENCE):
        playback.play([(0.0, 1.0)], 320, 180)
    playback._start()
    assert playback._process.args[-1] == "--silent"
    playback.close()


def test_the_process_gets_no_secrets_by_its_environment(clip, qtbot: QtBot, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "secret")
    script = (
        "import json, os, sys\n"
        "line = json.dumps({'kind': 'error', 'error': {'what': ' '.join(os.environ)}, 'bytes': 0}).encode()\n"
        "sys.stdout.buffer.write(len(line).to_bytes(4, 'big') + line)\nsys.stdout.flush()\nsys.stdin.read()"
    )
    playback = Playback(command=[sys.executable, "-c", script])
    playback.open(str(clip))
    with qtbot.waitSignal(playback.failed, timeout=PATIENCE) as heard:
        playback.show_frame(0.0, 64, 36)
    assert "PYTHONPATH" in heard.args[0].what and "SOME_TOKEN" not in heard.args[0].what
    playback.close()


def test_closing_ends_the_process_and_no_picture_comes_after(playback, qtbot: QtBot, qapp):
    with qtbot.waitSignal(playback.shown, timeout=PATIENCE):
        playback.play([(0.0, 2.0)], 320, 180)
    process = playback._process
    playback.close()
    assert process.poll() is not None
    with qtbot.assertNotEmitted(playback.shown):
        qapp.processEvents()


def test_opened_and_dropped_twenty_times_no_process_and_no_object_is_left(clip, qapp):
    processes, owners = [], []
    for _ in range(20):
        playback = Playback()
        playback.open(str(clip))
        playback.show_frame(0.0, 64, 36)
        processes.append(playback._process)
        owners.append(weakref.ref(playback))
        playback.close()
        playback.deleteLater()
        del playback
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert all(process.poll() is not None for process in processes)
    assert not [owner for owner in owners if owner() is not None]


def test_the_surface_keeps_proportions_on_a_dark_ground(theme, qapp):
    surface = VideoSurface(theme)
    surface.resize(400, 400)
    picture = QImage(320, 180, QImage.Format.Format_RGB888)
    picture.fill(0xFFFF0000)
    surface.show_image(picture)
    seen = surface.grab().toImage()
    assert seen.pixelColor(200, 10).lightness() < 40
    assert seen.pixelColor(200, 200).red() > 240
    assert seen.pixelColor(200, 80).lightness() < 40
