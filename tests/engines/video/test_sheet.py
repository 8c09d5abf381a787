"""Contact sheet and moving preview can be read, and are the same each time."""

import io

import numpy as np
import pytest
from PIL import Image

from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.sheet import GAP, THUMB, SheetShot, contact_sheet, pdf, pictures_of, png, preview_gif


def shots(count: int) -> list[SheetShot]:
    return [SheetShot(k + 1, 10 * k, 2.5 * k, 2.5, k / count, k % 3 == 0) for k in range(count)]


def flat(count: int) -> dict[int, np.ndarray]:
    return {10 * k: np.full((135, THUMB, 3), 120, np.uint8) for k in range(count)}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("sheet") / "clip.mp4"
    write_clip(make_clip(3.0, shots=3), path)
    return path


def test_a_kept_shot_has_a_frame_and_every_shot_a_caption():
    sheet = contact_sheet(shots(6), flat(6))
    assert sheet.shape == (2 * (135 + 36 + GAP) + GAP, 5 * (THUMB + GAP) + GAP, 3)
    edge = sheet[GAP + 60, GAP - 2], sheet[GAP + 60, 2 * GAP + THUMB - 2]
    assert edge[0].tolist() == [0x1E, 0x7A, 0x3C] and edge[1].tolist() == [255, 255, 255]
    for column in range(5):
        below = sheet[GAP + 139 : GAP + 171, GAP + column * (THUMB + GAP) :][:, :THUMB]
        assert below.min() < 100


def test_captions_have_the_contrast_that_small_text_needs():
    def luminance(colour: str) -> float:
        parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
        return float(
            np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        )

    from app.engines.video import sheet

    for ink in (sheet.INK, sheet.QUIET, sheet.KEPT):
        assert (luminance(sheet.GROUND) + 0.05) / (luminance(ink) + 0.05) >= 4.5


def test_one_shot_and_a_shot_whose_frame_is_gone_make_a_sheet():
    assert contact_sheet(shots(1), flat(1)).shape[1] == THUMB + 2 * GAP
    assert contact_sheet(shots(1), {}).ndim == 3


def test_a_long_sheet_becomes_pages_and_the_same_bytes():
    pixels = contact_sheet(shots(60), flat(60))
    data = pdf(pixels)
    assert data.startswith(b"%PDF") and data.count(b"/Type /Page\n") >= 2
    assert pdf(pixels) == data and png(pixels) == png(pixels)


def test_pictures_are_those_of_the_wanted_frames(path):
    found = pictures_of(path, [0, 45, 89])
    assert sorted(found) == [0, 45, 89]
    assert all(picture.shape == (135, THUMB, 3) for picture in found.values())
    assert np.abs(found[0].astype(int) - found[89]).mean() > 10


def test_the_preview_is_small_and_moves(path):
    data = preview_gif(path)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "GIF" and picture.n_frames == 18 and picture.width == 240
    assert len(data) < 1_000_000
