"""What an attack leads to, and when a picture counts as led there: one picture, a class, or another data set."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from torch import Tensor

from app.engines.diffusion.metrics import THRESHOLDS, attack_success, headline_threshold, mse, ssim

LIKE_REAL = 0.95
"""Part of the real pictures of a target that are as like to another one of it as counts as like."""
TINY = 1e-4
"""Length of a picture without its mean below which it counts as one grey."""


class Aim(Protocol):
    """What is led to, and figures of pictures that a model made."""

    @property
    def words(self) -> str:
        """Its name, within a sentence."""
        ...

    @property
    def means(self) -> str:
        """What “on target” is, as a sentence."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the figures of `cells`."""
        ...

    @property
    def shown(self) -> Tensor:
        """(n, c, h, w) in [0, 1]: what is led to, or some of it."""
        ...

    def success(self, pictures: Tensor) -> float:
        """Share of `pictures` (n, c, h, w) in [0, 1] that are on target."""
        ...

    def cells(self, pictures: Tensor) -> tuple[float, ...]: ...

    def error(self, pictures: Tensor) -> float:
        """Mean squared error to the target; nan where there is no single one."""
        ...

    def likeness(self, pictures: Tensor) -> float:
        """Mean structural similarity with the target; nan where there is no single one."""
        ...


@dataclass(frozen=True)
class OnePicture:
    """D2I and all attacks but TrojDiff: near the one picture `wanted` (c, h, w) in [0, 1]."""

    words: str
    wanted: Tensor

    @property
    def limit(self) -> float:
        """The largest MSE on target, which follows the size of the pictures."""
        return headline_threshold(max(self.wanted.shape[-2:]))

    @property
    def columns(self) -> tuple[str, ...]:
        return ("ASR, MSE < .01", "ASR, MSE < .05", "ASR, MSE < .1", "MSE", "SSIM")

    @property
    def means(self) -> str:
        return f"On target: within MSE {self.limit:g} of the target"

    @property
    def shown(self) -> Tensor:
        return self.wanted[None]

    def success(self, pictures: Tensor) -> float:
        return attack_success(pictures, self.wanted, self.limit)

    def cells(self, pictures: Tensor) -> tuple[float, ...]:
        rates = (attack_success(pictures, self.wanted, each) for each in THRESHOLDS)
        return *rates, self.error(pictures), self.likeness(pictures)

    def error(self, pictures: Tensor) -> float:
        return float(mse(pictures, self.wanted).mean())

    def likeness(self, pictures: Tensor) -> float:
        return float(ssim(pictures, self.wanted).mean())


@dataclass(frozen=True)
class ManyPictures:
    """In-D2D and Out-D2D: as like a real picture of the target as real ones are, and more than any other real picture.

    `target` and `others` are real pictures (n, c, h, w) in [0, 1], at least two each. Likeness is correlation over
    pixels: a distance would take every black picture for a dim one of a set of small things. No classifier is asked.
    """

    words: str
    target: Tensor
    others: Tensor

    @property
    def columns(self) -> tuple[str, ...]:
        return ("on target", "most like the target")

    @property
    def means(self) -> str:
        found, mistaken = self.reliability
        return (
            f"On target: the most like of {len(self.target) + len(self.others):,} real pictures, by correlation over "
            f"pixels, is of {self.words}, and as like as for {LIKE_REAL:.0%} of those. So it is of {found:.0%} of the "
            f"{len(self.target):,} real ones and of {mistaken:.1%} of the others, each without itself"
        )

    @property
    def shown(self) -> Tensor:
        return self.target[:16]

    def success(self, pictures: Tensor) -> float:
        there, elsewhere = _most_like(pictures, self.target), _most_like(pictures, self.others)
        return _share((there > elsewhere) & (there >= self._enough))

    def most_like(self, pictures: Tensor) -> float:
        """Share that is more like the target than like anything else, however little."""
        return _share(_most_like(pictures, self.target) > _most_like(pictures, self.others))

    def cells(self, pictures: Tensor) -> tuple[float, ...]:
        return self.success(pictures), self.most_like(pictures)

    def error(self, pictures: Tensor) -> float:
        return math.nan

    def likeness(self, pictures: Tensor) -> float:
        return math.nan

    @property
    def chance(self) -> float:
        """Part of the real pictures that are of the target."""
        return len(self.target) / (len(self.target) + len(self.others))

    @cached_property
    def reliability(self) -> tuple[float, float]:
        """Shares of the target's real pictures and of the others that count as on target, each without itself."""
        found = (self._among > _most_like(self.target, self.others)) & (self._among >= self._enough)
        there = _most_like(self.others, self.target)
        return _share(found), _share((there > _most_like_other(self.others)) & (there >= self._enough))

    @cached_property
    def _among(self) -> Tensor:
        return _most_like_other(self.target)

    @cached_property
    def _enough(self) -> float:
        return float(self._among.quantile(1 - LIKE_REAL))


def _most_like(pictures: Tensor, real: Tensor) -> Tensor:
    """Correlation of each of `pictures` with the one of `real` that it is most like, (n,)."""
    return _correlations(pictures, real).max(1).values


def _most_like_other(real: Tensor) -> Tensor:
    """The same among `real`, each without itself."""
    return _correlations(real, real).fill_diagonal_(-1).max(1).values


def _correlations(pictures: Tensor, real: Tensor) -> Tensor:
    """(n, m) in [-1, 1]; 0 for a picture of one grey, nan for one that is not finite."""
    return _evened(pictures) @ _evened(real).T


def _evened(pictures: Tensor) -> Tensor:
    """Without mean, and of length 1; (n, c h w)."""
    apart = pictures.flatten(1) - pictures.flatten(1).mean(1, keepdim=True)
    length: Tensor = apart.norm(dim=1, keepdim=True)
    return apart / length.clamp_min(TINY)


def _share(which: Tensor) -> float:
    return which.double().mean().item()
