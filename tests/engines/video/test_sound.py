"""The sound of a video is heard whole, in its place, or not at all."""

from itertools import pairwise

import av
import numpy as np
import pytest

from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.sound import HOP, RATE, listen, waveform


@pytest.fixture(scope="module")
def clip():
    return make_clip(6, shots=3, seed=2)


@pytest.fixture(scope="module", params=["mp4", "webm", "avi"])
def path(request, clip, tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / f"clip.{request.param}"
    write_clip(clip, path)
    return path


def test_a_new_tone_begins_where_its_shot_begins(clip, path):
    sound = listen(path)
    for cut in clip.cuts:
        begin = float(clip.stamps[cut] / clip.rate)
        around = slice(int((begin - 0.3) * RATE / HOP), int((begin + 0.3) * RATE / HOP))
        at = (around.start + int(np.argmax(sound.onset[around]))) * HOP / RATE
        assert abs(at - begin) < 0.08
    assert abs(sound.duration - clip.duration) < 0.2
    assert len(waveform(sound, clip.duration, 100)) == 100


def test_a_gap_in_the_sound_stays_silent(tmp_path):
    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for second in (0, 1, 4, 5):
            for piece in range(10):
                tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(800) / 8000)
                frame = av.AudioFrame.from_ndarray((tone * 32767).astype(np.int16)[None], format="s16", layout="mono")
                frame.sample_rate, frame.pts = 8000, second * 8000 + piece * 800
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    sound = listen(path)
    assert sound.duration == pytest.approx(6, abs=0.1)
    edges = [round(second * RATE / HOP) for second in (0.1, 1.9, 2.1, 3.9, 4.1, 5.9)]
    loud = [float(sound.loudness[first:last].mean()) for first, last in list(pairwise(edges))[::2]]
    assert loud[0] == pytest.approx(0.354, abs=0.03) and loud[2] == pytest.approx(0.354, abs=0.03)
    assert loud[1] < 0.01
