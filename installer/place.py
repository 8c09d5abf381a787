"""Where the set-up keeps its things: the environment, its stamp, its log and the locks it was made from."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

RUN_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"


@dataclass(frozen=True)
class Place:
    """A source tree and the environment beside its pyproject.toml."""

    root: Path

    @property
    def venv(self) -> Path:
        """The environment; never shared, so it may be made anew."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter inside the environment."""
        return self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp(self) -> Path:
        """Written last: with it the environment is whole, without it half-made."""
        return self.venv / "assay-stamp.json"

    @property
    def log(self) -> Path:
        """Everything pip and apt-get said."""
        return self.venv / "assay-setup.log"

    @property
    def busy(self) -> Path:
        """Locked while a set-up works here."""
        return self.venv / "assay-setup.lock"

    @property
    def scratch(self) -> Path:
        """For pip's unpacking, on the disk whose space was checked."""
        return self.venv / "assay-scratch"

    def lock(self, name: str) -> Path:
        """A lock by its file name."""
        return self.root / "installer" / name

    def lock_hashes(self, for_tests: bool) -> dict[str, str]:
        """SHA-256 of each lock that the environment must have been made from."""
        names = (RUN_LOCK, TEST_LOCK) if for_tests else (RUN_LOCK,)
        return {name: hashlib.sha256(self.lock(name).read_bytes()).hexdigest() for name in names}
