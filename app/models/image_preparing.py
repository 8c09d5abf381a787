"""Bring a picture into the form that a vision model was trained on: size, crop, scale of its values."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
SIDE = 224
"""Where a model takes pictures of any size."""

LONGEST = 4
"""Of a picture that is longer than so many times its shorter side, only the middle is enlarged: the rest is cut away."""


@dataclass(frozen=True)
class Preparation:
    """How pictures are prepared. All sizes in pixels.

    `resized` is (height, width) to stretch to, or a length for the shorter side; then the middle `side` x `side` is
    cut out. Values become (v · `factor` - `mean`) / `std` per colour.
    """

    side: int
    resized: int | tuple[int, int]
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    factor: float = 1 / 255
    resample: Image.Resampling = Image.Resampling.BILINEAR

    @property
    def shortest(self) -> int:
        """The shorter side that a picture should have, so that nothing is enlarged."""
        return max(self.side, self.resized if isinstance(self.resized, int) else min(self.resized))

    def prepare(self, pixels: np.ndarray) -> np.ndarray:
        """(h, w, 3) uint8 RGB to (side, side, 3) uint8."""
        if isinstance(self.resized, int):
            pixels = _middle(pixels)
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        height, width = self._size(*pixels.shape[:2])
        if (height, width) != pixels.shape[:2]:
            picture = picture.resize((width, height), self.resample)
        top, left = (height - self.side) // 2, (width - self.side) // 2
        return np.asarray(picture)[top : top + self.side, left : left + self.side].copy()

    def normalised(self, pictures: np.ndarray) -> np.ndarray:
        """(b, side, side, 3) uint8 to (b, 3, side, side) float32."""
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        values = (pictures.astype(np.float32) * np.float32(self.factor) - mean) / std
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2))

    def _size(self, height: int, width: int) -> tuple[int, int]:
        if not isinstance(self.resized, int):
            return self.resized
        scale = self.resized / min(height, width)
        return max(self.resized, round(height * scale)), max(self.resized, round(width * scale))


def _middle(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    most = LONGEST * min(height, width)
    top, left = max(0, (height - most) // 2), max(0, (width - most) // 2)
    return pixels[top : top + most, left : left + most]


def for_imagenet(side: int = SIDE) -> Preparation:
    """As GoogLeNet and most after it were trained: 256 for 224 on the shorter side (spec 2.2), the same share else."""
    return Preparation(side, round(side * 256 / SIDE))
