"""The built-in description tells colours, edges, layout and motion apart."""

import numpy as np
import pytest

from app.engines.video import descriptor


def noise(seed=0, smooth=1):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (90 // smooth, 160 // smooth, 3))
    return np.kron(pixels, np.ones((smooth, smooth, 1))).astype(np.uint8)


def test_a_description_has_its_length():
    described = descriptor.describe(noise())
    assert described.shape == (descriptor.DIMENSIONS,) and described.dtype == np.float32
    assert float(described @ described) == pytest.approx(2.49, abs=1e-4)


def test_a_plain_picture_has_colours_but_no_edges_and_no_layout():
    described = descriptor.describe(np.full((90, 160, 3), 90, np.uint8))
    assert float(described @ described) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("across", "direction"), [(True, 0), (False, 4)])
def test_stripes_have_edges_of_one_direction(across, direction):
    wave = (np.arange(160 if across else 90) // 4 % 2 * 200).astype(np.uint8)
    pixels = np.broadcast_to(wave[None, :, None] if across else wave[:, None, None], (90, 160, 3))
    edges = descriptor.describe(np.ascontiguousarray(pixels))[256:384].reshape(16, 8)
    assert set(edges.argmax(axis=1)) == {direction}
    assert float((edges[:, direction] ** 2).sum()) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(("shift", "axis", "sector"), [(2, 1, (7, 0)), (2, 0, (1, 2)), (-2, 1, (3, 4))])
def test_a_picture_that_moves_tells_how_fast_and_where_to(shift, axis, sector):
    import cv2

    before = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (45, 80)).astype(np.uint8), (0, 0), 2)
    motion = descriptor.describe_motion(before, np.roll(before, shift, axis=axis))
    assert motion.shape == (descriptor.SIDE_DIMENSIONS,)
    assert motion[:8].sum() == pytest.approx(1.0, abs=1e-5) and motion[8:16].sum() == pytest.approx(1.0, abs=1e-5)
    assert motion[3:5].sum() > 0.6
    assert motion[[8 + k for k in sector]].sum() > 0.7


def test_a_still_picture_does_not_move():
    still = noise()[:45, :80, 0]
    motion = descriptor.describe_motion(still, still)
    assert motion[0] == 1 and motion[16] == 0


def test_one_bright_spot_stands_out_and_a_plain_picture_does_not():
    spot = np.full((90, 160), 60, np.uint8)
    spot[40:46, 80:86] = 250
    assert descriptor.saliency(spot) > 0.15
    assert descriptor.saliency(np.full((90, 160), 60, np.uint8)) == pytest.approx(0, abs=0.05)


def test_sharpness_and_colourfulness_follow_the_picture():
    assert descriptor.sharpness(noise()[..., 0]) > descriptor.sharpness(noise(smooth=10)[..., 0]) > 0
    assert descriptor.colourfulness(noise()) > 50
    assert descriptor.colourfulness(np.repeat(noise()[..., :1], 3, axis=2)) == 0
