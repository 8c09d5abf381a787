"""The built-in description of a picture: colours, edges and layout in 447 values, motion beside them (spec 2.2)."""

import cv2
import numpy as np

WIDTH, HEIGHT = 160, 90
SMALL_WIDTH, SMALL_HEIGHT = 80, 45
DIMENSIONS = 447
SIDE_DIMENSIONS = 17

_CELLS, _DIRECTIONS = 4, 8
_CELL_OF_ROW, _CELL_OF_COLUMN = (np.arange(side) * _CELLS // side for side in (HEIGHT, WIDTH))
_PLACES = (_CELL_OF_ROW[:, None] * _CELLS + _CELL_OF_COLUMN) * _DIRECTIONS
"""(90, 160) where the directions of each pixel's cell begin."""

_LAYOUT_WEIGHT = 0.7
_SPEEDS = np.array([0.25, 0.5, 1, 2, 4, 8, 16], np.float32)
"""Edges between the 8 speed bins in pixels of the 80 × 45 picture per frame."""


def describe(pixels: np.ndarray) -> np.ndarray:
    """(447,) float32 of a (90, 160, 3) uint8 RGB picture; squared norm 2.49 unless a part of it is empty."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    parts = (_colours(pixels), _edges(grey), _LAYOUT_WEIGHT * _layout(grey))
    return np.concatenate(parts).astype(np.float32)


def describe_motion(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """(17,) float32 of two (45, 80) uint8 grey pictures: shares of 8 speeds, of 8 directions, mean change / 64."""
    flow = cv2.calcOpticalFlowFarneback(before, now, np.zeros((*now.shape, 2), np.float32), 0.5, 2, 9, 2, 5, 1.1, 0)
    speed, turn = cv2.cartToPolar(flow[..., 0], flow[..., 1])
    bins = np.searchsorted(_SPEEDS, speed.ravel(), side="right")
    speeds = np.bincount(bins, minlength=len(_SPEEDS) + 1) / speed.size
    directions = np.bincount(_sector(turn, 2 * np.pi).ravel(), speed.ravel(), _DIRECTIONS)
    change = cv2.norm(before, now, cv2.NORM_L1) / now.size / 64
    return np.concatenate([speeds, directions / max(directions.sum(), 1e-9), [change]]).astype(np.float32)


def sharpness(grey: np.ndarray) -> float:
    """Variance of the Laplacian of a (h, w) uint8 picture, on a logarithmic scale; 0 for a plain one."""
    return float(np.log1p(cv2.Laplacian(grey, cv2.CV_32F).var()))


def colourfulness(pixels: np.ndarray) -> float:
    """Hasler and Süsstrunk (2003), M3 of (h, w, 3) uint8 RGB: 0 for grey, about 100 for extremely colourful."""
    red, green, blue = (pixels[..., k].astype(np.float32) for k in range(3))
    warm, cold = red - green, (red + green) / 2 - blue
    return float(np.hypot(warm.std(), cold.std()) + 0.3 * np.hypot(warm.mean(), cold.mean()))


def saliency(grey: np.ndarray) -> float:
    """How far the most salient twentieth of a (h, w) uint8 picture stands out, 0 to 1 (spectral residual, Hou 2007)."""
    spectrum = np.fft.rfft2(cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32))
    strength = np.abs(spectrum) + 1e-3
    magnitude = np.log(strength)
    residual = magnitude - cv2.blur(magnitude, (3, 3))
    back = np.fft.irfft2(spectrum * (np.exp(residual) / strength), s=(64, 64))
    stands_out = cv2.GaussianBlur(back**2, (0, 0), 2.5)
    at = int(0.95 * stands_out.size)
    top, mean = float(np.partition(stands_out, at, axis=None)[at]), float(stands_out.mean())
    return (top - mean) / max(top + mean, 1e-12)


def _colours(pixels: np.ndarray) -> np.ndarray:
    """(256,) of unit length: hue, saturation and value of the picture; hue and value of its quarters."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    whole = cv2.calcHist([hsv], [0, 1, 2], None, [8, 4, 4], [0, 180, 0, 256, 0, 256]).ravel()
    parts = [np.sqrt(whole / whole.sum())]
    half_height, half_width = hsv.shape[0] // 2, hsv.shape[1] // 2
    for rows in (slice(None, half_height), slice(half_height, None)):
        for columns in (slice(None, half_width), slice(half_width, None)):
            quarter = np.ascontiguousarray(hsv[rows, columns])
            found = cv2.calcHist([quarter], [0, 2], None, [8, 4], [0, 180, 0, 256]).ravel()
            parts.append(np.sqrt(found / found.sum()))
    return _unit(np.concatenate(parts))


def _edges(grey: np.ndarray) -> np.ndarray:
    """(128,) of unit length: in each of 4 × 4 cells, how strong the edges of 8 unsigned directions are."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength, turn = cv2.cartToPolar(across, down)
    places = (_PLACES + _sector(turn, np.pi)).ravel()
    strengths = np.bincount(places, strength.ravel(), _CELLS * _CELLS * _DIRECTIONS)
    return _unit(np.sqrt(strengths))


def _layout(grey: np.ndarray) -> np.ndarray:
    """(63,) of unit length: the 8 × 8 lowest cosine terms of the 32 × 32 thumbnail without its mean."""
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    terms = cv2.dct(small)[:8, :8].ravel()[1:]
    return _unit(np.sign(terms) * np.sqrt(np.abs(terms)))


def _sector(turn: np.ndarray, whole: float) -> np.ndarray:
    """Which of the 8 directions each angle of `turn` >= 0 falls into; `whole` is the angle after which they repeat."""
    return np.asarray((turn * (_DIRECTIONS / whole)).astype(np.int64) & (_DIRECTIONS - 1))


def _unit(values: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(values))
    return values / length if length > 1e-9 else np.zeros_like(values)
