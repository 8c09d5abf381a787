"""Guards around every test: no network but loopback, a home of its own, no screen, no leftovers."""

import gc
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, store and caches of the person who runs the tests stay untouched."""
    home = tmp_path_factory.mktemp("home")
    for variable, folder in {
        "HOME": home,
        "USERPROFILE": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_CACHE_HOME": home / "cache",
        "ASSAY_CONFIG": home / "assay-config",
        "ASSAY_STORE": home / "assay-store",
    }.items():
        monkeypatch.setenv(variable, str(folder))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return home


@pytest.fixture(autouse=True)
def garbage_between_tests() -> Iterator[None]:
    """Python collects in this thread, between tests: in a worker thread it would delete widgets, which ends the process.

    The app does the same while its window is open (`app.shell.collecting`).
    """
    gc.disable()
    yield
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > gc.get_threshold()[generation]:
            gc.collect(generation)
            break


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Any connection that leaves this machine fails the test that tried it."""
    tried: list[object] = []
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = str(address[0]) if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and not host.startswith(LOOPBACK):
            tried.append(address)
            raise OSError(f"tests do not use the network: {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
    yield tried
    assert not tried, f"the test tried to reach {tried}"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the project; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"real test data is not on this machine (looked in {folder}; set ASSAY_SHARED)")
    return folder


@pytest.fixture(scope="session")
def golden() -> Path:
    return ROOT / "tests" / "golden"
