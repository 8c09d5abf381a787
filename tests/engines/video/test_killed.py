"""A video run that is killed in the middle goes on, and ends with the same bytes as one that was left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.runs.supervisor import Supervisor
from tests.runs.killing import count, finished, killed, newest, stages, supervised

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(make_clip(40.0, seed=5), path)
    return path


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with supervised(tmp_path / "store") as made:
        yield made


@pytest.mark.parametrize("stage", ["analyse", "write"])
def test_killed_while_it_looks_or_writes_it_ends_the_same(stage: str, supervisor: Supervisor, clip: Path):
    store = supervisor.store
    values = {"video": str(clip)}
    straight = finished(supervisor, "video.summarise", values)
    broken = killed(supervisor, "video.summarise", values, lambda run: stage in stages(store, run))
    for name in ("summary.mp4", "summary.json", "features.h5"):
        assert newest(store, broken, name) == newest(store, straight, name), name
    assert store.result(broken) == store.result(straight)
    assert not list(store.folder(broken).rglob("*.part"))


def test_killed_while_it_trains_it_ends_with_the_same_weights(supervisor: Supervisor):
    store = supervisor.store
    values = {"epochs": 8, "hidden": 16}
    straight = finished(supervisor, "video.train", values)
    broken = killed(supervisor, "video.train", values, lambda run: count(store, run, "objective") >= 2)
    for name in ("weights.safetensors", "model.json"):
        assert newest(store, broken, "model", name) == newest(store, straight, "model", name), name
    assert store.result(broken) == store.result(straight)
