"""Time the networks that score frames: forward and one training step, beside the figures of spec 2.6.

`python -m tests.bench.video_networks [frames, default 470]`; 1024 features, one thread. Spec 2.6 measured the published
PGL-SUM on one core at 0.96 s per forward and 2.2 s per training step with 470 frames. Minima are printed, as other work on
the machine only ever makes a step slower.
"""

import os
import sys
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from app.engines.video.network_seeds import torch_stream
from app.engines.video.networks import Shape, build, read
from app.engines.video.training import Example, Recipe, Trainer
from tests.bench.lines import line, load

FEATURES = 1024
PUBLISHED = {"forward": 0.96, "step": 2.2}
SHAPES = {
    "PGL-SUM shape": Shape("pgl-sum", FEATURES, dropout=0.5),
    "PGL-SUM shape, 256 features": Shape("pgl-sum", 256, dropout=0.5),
    "VASNet shape": Shape("vasnet", FEATURES, dropout=0.5),
    "plain attention": Shape("plain", FEATURES, hidden=256, heads=8, dropout=0.5),
    "conditional model": Shape("conditional", FEATURES, hidden=256, heads=8, dropout=0.5),
}


def main() -> int:
    """Print each figure; 0 when PGL-SUM holds both of the published code."""
    torch.set_num_threads(1)
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 470
    load()
    held = []
    for name, shape in SHAPES.items():
        count = sum(weight.numel() for weight in build(shape, torch_stream(0, "init")).parameters())
        published = PUBLISHED if name == "PGL-SUM shape" and frames == 470 else {}
        held.append(
            line(
                f"{name}, forward",
                _forward(shape, frames),
                published.get("forward"),
                ratio=f"{count / 1e6:.2f} M weights",
            )
        )
        held.append(line(f"{name}, training step", _step(shape, frames), published.get("step")))
    return int(not all(held))


def _forward(shape: Shape, frames: int) -> float:
    network = build(shape, torch_stream(0, "init")).eval()
    x = _features(shape, frames)
    return _shortest(lambda: read(network, x, torch_stream(0, "latent")))


def _step(shape: Shape, frames: int) -> float:
    example = Example("video", _features(shape, frames), torch.rand(frames, generator=torch_stream(0, "world")))
    trainer = Trainer(shape, [example] * 64, torch.ones(shape.features), Recipe(epochs=1, learning_rate=5e-5), 0)
    return _shortest(trainer.advance)


def _features(shape: Shape, frames: int) -> torch.Tensor:
    rows = np.random.default_rng(0).normal(size=(frames, shape.features)).astype(np.float32)
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _shortest(work: Callable[[], object]) -> float:
    work()
    taken = []
    for _ in range(5):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


if __name__ == "__main__":
    raise SystemExit(main())
