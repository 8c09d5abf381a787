"""A world of made-up videos with known importance, on which networks train in seconds (method 3.4)."""

from dataclasses import dataclass

import numpy as np

from app.engines.video.network_seeds import stream

DIMENSIONS = 64
PROTOTYPES = 24
RATERS = 15
VIDEOS = 50
TEST_VIDEOS = 10
AMPLITUDE = 3.0
"""A disturbed entry of this world becomes plus or minus 3."""


@dataclass(frozen=True)
class WorldVideo:
    """One made-up video: x (T, 64) float32, y (T,) true importance in [0, 1], ratings (15, T) 1 to 5, scenes (S, 2).

    `scenes` are first and last step of each scene.
    """

    name: str
    features: np.ndarray
    truth: np.ndarray
    ratings: np.ndarray
    scenes: np.ndarray


def make_world(seed: int, videos: int = VIDEOS) -> list[WorldVideo]:
    """The world of `seed`: prototypes with an interest each, and videos made of scenes that show them."""
    rng = stream(seed, "world")
    prototypes = rng.normal(size=(PROTOTYPES, DIMENSIONS))
    prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
    interest = rng.uniform(size=PROTOTYPES)
    return [_video(f"video_{k + 1}", prototypes, interest, stream(seed, "world", k)) for k in range(videos)]


def _video(name: str, prototypes: np.ndarray, interest: np.ndarray, rng: np.random.Generator) -> WorldVideo:
    lengths = rng.integers(4, 17, size=rng.integers(8, 21))
    shown = rng.choice(PROTOTYPES, size=len(lengths), p=rng.dirichlet(np.full(PROTOTYPES, 0.5)))
    prototype = np.repeat(shown, lengths)
    steps = len(prototype)
    truth = _importance(shown, lengths, prototype, interest)
    drift = np.concatenate([np.cumsum(rng.normal(0, 0.03, (length, DIMENSIONS)), axis=0) for length in lengths])
    features = 2 * prototypes[prototype] + drift + rng.normal(0, 0.30, (steps, DIMENSIONS))
    noise = rng.normal(0, 0.22, (RATERS, 1)) + rng.normal(0, 0.25, (RATERS, steps))
    ends = np.cumsum(lengths)
    return WorldVideo(
        name=name,
        features=features.astype(np.float32),
        truth=truth.astype(np.float32),
        ratings=np.clip(np.round(1 + 4 * np.clip(truth + noise, 0, 1)), 1, 5),
        scenes=np.stack([ends - lengths, ends - 1], axis=1),
    )


def _importance(shown: np.ndarray, lengths: np.ndarray, prototype: np.ndarray, interest: np.ndarray) -> np.ndarray:
    """y = 0.55 interest + 0.25 min(1, 4 frequency) + 0.2 [first occurrence], mean over 5 steps, scaled to [0, 1]."""
    frequency = np.bincount(prototype, minlength=len(interest)) / len(prototype)
    first = np.repeat([scene not in shown[:k] for k, scene in enumerate(shown)], lengths)
    raw = 0.55 * interest[prototype] + 0.25 * np.minimum(1, 4 * frequency[prototype]) + 0.2 * first
    smooth = np.convolve(np.pad(raw, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    spread = float(np.ptp(smooth))
    return (smooth - smooth.min()) / spread if spread else np.zeros_like(smooth)
