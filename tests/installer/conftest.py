"""A source tree of two tiny locks, and an environment made by hand, so that no test waits for pip."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from installer.place import RUN_LOCK, TEST_LOCK, Place
from installer.stamp import Stamp, write_stamp


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A tree that was never set up."""
    tree = Place(tmp_path / "assay")
    for name in (RUN_LOCK, TEST_LOCK):
        tree.lock(name).parent.mkdir(parents=True, exist_ok=True)
        tree.lock(name).write_text(f"{Path(name).stem}==1.0 \\\n    --hash=sha256:00\n", encoding="utf-8")
    return tree


@pytest.fixture
def environment(place: Place) -> Callable[..., Place]:
    """Makes an environment in `place` whose interpreter is a link to this one; with a stamp unless `stamped` is False."""

    def make(*, for_tests: bool = False, torch: str = "", system: bool = True, stamped: bool = True) -> Place:
        place.python.parent.mkdir(parents=True)
        place.python.symlink_to(sys.executable)
        (place.venv / "pyvenv.cfg").write_text("home = elsewhere\n", encoding="utf-8")
        if stamped:
            hashes = place.lock_hashes(for_tests)
            write_stamp(place, Stamp("3.11.7", os.path.realpath(place.python), torch, hashes, system))
        return place

    return make


@pytest.fixture
def stamped_with(environment: Callable[..., Place]) -> Callable[..., Place]:
    """An environment whose stamp has some values changed."""

    def make(**changes: object) -> Place:
        place = environment()
        found = json.loads(place.stamp.read_text(encoding="utf-8"))
        place.stamp.write_text(json.dumps({**found, **changes}), encoding="utf-8")
        return place

    return make
