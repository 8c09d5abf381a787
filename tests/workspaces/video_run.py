"""Records of a real run of *Summarise* on a small generated clip, as panels get them from a log."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.core import Array, Artifact
from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.configs import SummariseConfig
from app.engines.video.tasks import summarise
from app.runs.records import Record


def summary_records(folder: Path, seconds: float = 12.0, budget: float = 30.0) -> list[Record]:
    """Arrays and artifacts of the run, with their files below `folder`; the clip is `folder`/clip.mp4."""
    write_clip(make_clip(seconds, shots=6, seed=5), folder / "clip.mp4")
    (folder / "files").mkdir(exist_ok=True)
    config = SummariseConfig(video=str(folder / "clip.mp4"), film=False, budget=budget)
    return [
        _record(number, event, folder)
        for number, event in enumerate(summarise(config), 1)
        if isinstance(event, Array | Artifact)
    ]


def _record(number: int, event: Array | Artifact, folder: Path) -> Record:
    path = f"files/{number:06d}-{event.name.replace('/', '-')}"
    if isinstance(event, Artifact):
        if isinstance(event.source, Mapping):
            (folder / path).mkdir()
            for name, content in event.source.items():
                (folder / path / name).write_bytes(content)
        return Record(number, 0.5, "artifact", event.name, None, {"file": path, "role": event.role})
    np.save(folder / f"{path}.npy", event.values)
    data = {
        "file": f"{path}.npy",
        "labels": [list(axis) for axis in event.labels],
        "meta": _plain(dict(event.meta or {})),
    }
    return Record(number, 0.5, "array", event.name, event.step, data)


def _plain(value: object) -> object:
    """As JSON gives it back: tuples are lists."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
