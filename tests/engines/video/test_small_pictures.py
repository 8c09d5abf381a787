"""Grey copies come from the brightness plane, and look like those of the scaler of ffmpeg."""

from dataclasses import replace

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation

from app.data.video import probe
from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.small_pictures import Pictures


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(make_clip(0.2), path)
    return probe(path)


def smooth(width, height):
    """A colourful picture without fine detail, so that every way to average gives the same."""
    down, across = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    pixels = np.stack([across, down, (across + down) / 2], axis=2)
    return VideoFrame.from_ndarray((255 * pixels).astype(np.uint8), format="rgb24")


@pytest.mark.parametrize("size", [(1280, 720), (320, 180), (854, 480), (333, 251), (80, 45), (40, 30), (1080, 1920)])
@pytest.mark.parametrize("kind", ["yuv420p", "yuvj420p", "nv12", "yuv444p", "gray", "yuv420p10le", "rgb24"])
def test_a_grey_copy_is_what_the_scaler_makes(info, size, kind):
    frame = smooth(*size).reformat(format=kind)
    grey = Pictures(info).grey(frame)
    scaled = frame.reformat(80, 45, "gray", interpolation=Interpolation.AREA).to_ndarray()
    assert grey.shape == (45, 80) and grey.dtype == np.uint8
    assert np.abs(grey.astype(int) - scaled).mean() < 4


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_grey_copy_is_the_right_way_up(info, rotation):
    frame = smooth(640, 360).reformat(format="yuv420p")
    grey = Pictures(replace(info, rotation=rotation)).grey(frame)
    whole = np.rot90(frame.to_ndarray(format="gray"), rotation // 90)
    assert grey.shape == (45, 80)
    for rows, columns in (((0, 4), (0, 4)), ((-4, None), (0, 4)), ((0, 4), (-4, None)), ((-4, None), (-4, None))):
        here = whole[
            slice(*(r and r * whole.shape[0] // 45 for r in rows)),
            slice(*(c and c * whole.shape[1] // 80 for c in columns)),
        ]
        assert abs(float(grey[slice(*rows), slice(*columns)].mean()) - float(here.mean())) < 8
