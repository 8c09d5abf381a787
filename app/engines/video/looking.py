"""Look at picked frames: their features, their motion, and how they look, while the next frames are decoded."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from av.video.frame import VideoFrame

from app.core import AssayError
from app.data.video import VideoInfo
from app.engines.video import descriptor
from app.engines.video.small_pictures import Pictures

BATCH = 16
BATCHES_AHEAD = 2
PICKS_AHEAD = 4
"""Frames that may wait to be looked at; each keeps a whole decoded picture in memory."""

QUALITIES = 3
"""Sharpness, colourfulness, saliency."""

SAME_FEATURES = 1e-2
"""By how much features of unit length of one model may differ between machines."""


class FeatureModel(Protocol):
    """What describes pictures instead of the built-in descriptor."""

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def side(self) -> int: ...

    @property
    def shortest(self) -> int:
        """The shorter side, in pixels, of the pictures that `prepare` is best given."""
        ...

    def prepare(self, pixels: np.ndarray) -> np.ndarray:
        """(h, w, 3) uint8 RGB to the (side, side, 3) uint8 that the model sees."""
        ...

    def describe(self, pictures: np.ndarray) -> np.ndarray:
        """(b, side, side, 3) uint8 to (b, d) float32 of unit length."""
        ...


@dataclass(frozen=True)
class _Look:
    """What one pick gives. `model_input` (side, side, 3) uint8 where a model describes it, else `features` are there."""

    qualities: np.ndarray
    motion: np.ndarray
    features: np.ndarray | None
    model_input: np.ndarray | None
    thumbnail: np.ndarray | None


class Looks:
    """Features, motion and qualities of all picks. One thread looks, another lets a model describe 16 at a time.

    What comes out is in the order of the picks. Batches are always full but for the last, also across a checkpoint:
    what a picture gives may depend on them.
    """

    def __init__(self, info: VideoInfo, model: FeatureModel | None) -> None:
        self._info = info
        self._model = model
        self.kind = "embedded" if model is None else f"{model.kind}:{model.name}"
        self._pictures = Pictures(info)
        self._features: list[np.ndarray] = []
        self._motion: list[np.ndarray] = []
        self._qualities: list[np.ndarray] = []
        self._thumbnails: list[np.ndarray] = []
        self._waiting: list[np.ndarray] = []
        self._looking: list[Future[_Look]] = []
        self._describing: list[Future[np.ndarray]] = []
        self._eyes: ThreadPoolExecutor | None = None
        self._worker: ThreadPoolExecutor | None = None
        self._print: np.ndarray | None = None

    def add(self, picture: VideoFrame, before: np.ndarray, grey: np.ndarray, *, thumbnail: bool) -> None:
        """Look at one pick; `grey` (45, 80) is its copy, `before` that of the frame before."""
        self._eyes = self._eyes or ThreadPoolExecutor(1)
        self._looking.append(self._eyes.submit(self._look, picture, before, grey, thumbnail))
        self._collect(PICKS_AHEAD)

    def qualities(self, first: int = 0) -> np.ndarray:
        """(t, 3) of the picks from number `first` on."""
        self._collect(0)
        return np.array(self._qualities[first:], np.float64).reshape(-1, QUALITIES)

    def taken_thumbnails(self) -> list[np.ndarray]:
        """(45, 80, 3) uint8 each, those that were asked for since the last call."""
        self._collect(0)
        taken, self._thumbnails = self._thumbnails, []
        return taken

    def pause(self) -> None:
        """Wait for both threads and let them go."""
        try:
            self._collect(0)
            self._collect_features(0)
        finally:
            for worker in (self._eyes, self._worker):
                if worker is not None:
                    worker.shutdown()
            self._eyes = self._worker = None

    def state(self) -> dict[str, Any]:
        self._collect(0)
        self._collect_features(0)
        return {
            "features": _rows(self._features),
            "side": _rows(self._motion),
            "qualities": self.qualities(),
            "waiting": np.stack(self._waiting) if self._waiting else np.empty((0, 0, 0, 3), np.uint8),
            "kind": self.kind,
            "print": self._fingerprint(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Raises AssayError where `state` is of other features."""
        kind, known = str(state["kind"]), np.asarray(state["print"])
        mine = self._fingerprint()
        if kind != self.kind or known.shape != mine.shape or not np.allclose(known, mine, atol=SAME_FEATURES):
            same = "a model of that name with other weights" if kind == self.kind else f"“{self.kind}”"
            raise AssayError(
                "The features have changed since the checkpoint",
                where=self._info.path,
                why=f"it has features of “{kind}”, the run would go on with {same}",
                remedy="Choose the features it began with, or start the run again.",
            )
        self._features = list(np.asarray(state["features"], np.float32))
        self._motion = list(np.asarray(state["side"], np.float32))
        self._qualities = list(np.asarray(state["qualities"], np.float64))
        self._waiting = list(np.asarray(state["waiting"], np.uint8))

    def result(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(t, d) features, (t, 17) motion, (t, 3) qualities."""
        qualities = self.qualities()
        self._collect_features(0)
        features = list(self._features)
        if self._waiting and self._model is not None:
            features.extend(self._model.describe(np.stack(self._waiting)))
        return _rows(features), _rows(self._motion), qualities

    def _look(self, picture: VideoFrame, before: np.ndarray, grey: np.ndarray, thumbnail: bool) -> _Look:
        import cv2

        pixels = self._pictures.colour(picture)
        luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        model = self._model
        return _Look(
            qualities=np.array(
                [descriptor.sharpness(luma), descriptor.colourfulness(pixels), descriptor.saliency(luma)]
            ),
            motion=descriptor.describe_motion(before, grey),
            features=descriptor.describe(pixels) if model is None else None,
            model_input=model.prepare(self._pictures.for_model(picture, model.shortest)) if model is not None else None,
            thumbnail=letterboxed(pixels, self._info) if thumbnail else None,
        )

    def _collect(self, left: int) -> None:
        while len(self._looking) > left:
            look = self._looking.pop(0).result()
            self._qualities.append(look.qualities)
            self._motion.append(look.motion)
            if look.thumbnail is not None:
                self._thumbnails.append(look.thumbnail)
            if look.features is not None:
                self._features.append(look.features)
            if look.model_input is not None:
                self._waiting.append(look.model_input)
                if len(self._waiting) == BATCH:
                    self._send()

    def _send(self) -> None:
        assert self._model is not None
        self._worker = self._worker or ThreadPoolExecutor(1)
        self._describing.append(self._worker.submit(self._model.describe, np.stack(self._waiting)))
        self._waiting = []
        self._collect_features(BATCHES_AHEAD)

    def _collect_features(self, left: int) -> None:
        while len(self._describing) > left:
            self._features.extend(self._describing.pop(0).result())

    def _fingerprint(self) -> np.ndarray:
        """(d,) what the model makes of one fixed picture; empty without a model. Tells weights apart, not only names."""
        if self._print is None:
            self._print = np.empty(0, np.float32)
            if self._model is not None:
                side = self._model.side
                ramp = np.linspace(0, 255, side * side * 3).reshape(1, side, side, 3).astype(np.uint8)
                self._print = np.asarray(self._model.describe(ramp)[0], np.float32)
        return self._print


def provisional_score(look: np.ndarray, difference: float) -> float:
    """A score in [0, 1] from what is known of one pick; the real ones compare all picks."""
    _, colour, stands_out = look
    return float(0.5 * (1 - np.exp(-difference / 4)) + 0.25 * min(1.0, colour / 100) + 0.25 * np.clip(stands_out, 0, 1))


def letterboxed(pixels: np.ndarray, info: VideoInfo) -> np.ndarray:
    """(45, 80, 3) uint8 thumbnail of a squeezed (90, 160, 3) picture, in its true shape on black."""
    import cv2

    across, down = descriptor.SMALL_WIDTH, descriptor.SMALL_HEIGHT
    aspect = info.width * info.pixel_aspect[0] / (info.height * info.pixel_aspect[1])
    width, height = min(across, max(1, round(down * aspect))), min(down, max(1, round(across / aspect)))
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((down, across, 3), np.uint8)
    top, left = (down - height) // 2, (across - width) // 2
    canvas[top : top + height, left : left + width] = small
    return canvas


def _rows(rows: list[np.ndarray]) -> np.ndarray:
    return np.stack(rows).astype(np.float32) if rows else np.empty((0, 0), np.float32)
