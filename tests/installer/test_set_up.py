"""From nothing, from a half-made and from an outdated environment to a ready one; pip is a record of its commands."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from installer import environment, system
from installer.environment import ensure, free_space, only_one
from installer.faults import SetupError
from installer.place import RUN_LOCK, TEST_LOCK, Place
from installer.progress import Outcome, Progress
from installer.stamp import read_stamp, state_of

ROOT = Path(__file__).resolve().parents[2]


class Machine:
    """A machine where pip succeeds at once, or fails at the command that holds `failing`."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.ran: list[list[str]] = []
        self.failing = ""
        monkeypatch.setattr(Progress, "follow", lambda _progress, command, *_more, **_named: self._follow(command))
        monkeypatch.setattr(system, "provide", lambda progress, for_tests, log: True)
        monkeypatch.setattr(environment, "free_space", lambda place, state, torch: "")

    def set_up(self, *, for_tests: bool = False, torch: str | None = None) -> list[str]:
        """Set up, and what pip and venv were asked meanwhile, shortened."""
        self.ran.clear()
        ensure(self.place, for_tests=for_tests, torch=torch)
        return [self._short(command) for command in self.ran]

    def _follow(self, command: Sequence[str]) -> Outcome:
        self.ran.append(list(command))
        if self.failing and self.failing in " ".join(command):
            return Outcome(1, ("ERROR: NewConnectionError",))
        if "venv" in command:
            python = self.place.python
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
            home = Path(os.path.realpath(sys.executable)).parent
            (self.place.venv / "pyvenv.cfg").write_text(f"home = {home}\n", encoding="utf-8")
            self.site_packages.mkdir(parents=True)
            (self.site_packages / "pip.py").write_text("", encoding="utf-8")
        return Outcome(0, ("3.11.7",))

    @property
    def site_packages(self) -> Path:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.place.venv / "lib" / version / "site-packages"

    def _short(self, command: Sequence[str]) -> str:
        if "venv" in command:
            return "venv"
        if "pip" not in command:
            return "self-test"
        locks = [Path(word).name for word in command if word.endswith(".lock")]
        return " ".join(locks) or next(word for word in command if word.startswith("torch=="))


@pytest.fixture
def machine(place: Place, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(place, monkeypatch)


def test_from_nothing_everything_is_made_in_order(machine: Machine) -> None:
    assert machine.set_up() == ["venv", RUN_LOCK, "torch==2.13.0", "self-test"]
    assert state_of(machine.place, for_tests=False, torch=None) == "ready"


def test_a_second_set_up_does_nothing(machine: Machine) -> None:
    machine.set_up()
    assert machine.set_up() == []


def test_the_tests_need_both_locks(machine: Machine) -> None:
    assert f"{RUN_LOCK} {TEST_LOCK}" in machine.set_up(for_tests=True)


def test_the_locks_are_installed_with_hashes_wheels_only_and_nothing_else(machine: Machine) -> None:
    machine.set_up()
    install = next(command for command in machine.ran if "-r" in command)
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(install)


def test_torch_is_held_to_the_pins_of_the_lock(machine: Machine) -> None:
    machine.set_up()
    install = next(command for command in machine.ran if "torch==2.13.0" in command)
    pins = Path(install[install.index("--constraint") + 1]).read_text(encoding="utf-8")
    assert pins == "requirements==1.0\n"


def test_a_chosen_build_of_torch_comes_from_its_own_index(machine: Machine) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("the builds differ between systems")
    machine.set_up(torch="cpu")
    install = next(command for command in machine.ran if "torch==2.13.0+cpu" in command)
    assert install[install.index("--index-url") + 1].endswith("/whl/cpu")
    stamp = read_stamp(machine.place)
    assert stamp is not None and stamp.torch == "cpu"


@pytest.mark.parametrize("failing", ["venv", " -r ", "torch==", "import platform"])
def test_a_set_up_that_failed_anywhere_is_not_trusted_and_goes_on_next_time(machine: Machine, failing: str) -> None:
    machine.failing = failing
    with pytest.raises(SetupError):
        machine.set_up()
    assert state_of(machine.place, for_tests=False, torch=None) in ("absent", "half-made")
    machine.failing = ""
    ran = machine.set_up()
    assert ran == ([] if failing != "venv" else ["venv"]) + [RUN_LOCK, "torch==2.13.0", "self-test"]
    assert state_of(machine.place, for_tests=False, torch=None) == "ready"


def test_an_update_that_failed_is_not_trusted(machine: Machine) -> None:
    machine.set_up()
    machine.place.lock(RUN_LOCK).write_text("other==2.0\n", encoding="utf-8")
    machine.failing = " -r "
    with pytest.raises(SetupError) as caught:
        machine.set_up()
    assert "No network" in caught.value.what
    assert state_of(machine.place, for_tests=False, torch=None) == "half-made"


def test_a_half_made_environment_loses_its_broken_packages(machine: Machine) -> None:
    machine.set_up()
    machine.place.stamp.unlink()
    broken = machine.site_packages / "numpy-2.4.6.dist-info"
    broken.mkdir()
    assert machine.set_up() == [RUN_LOCK, "torch==2.13.0", "self-test"]
    assert not broken.exists()


@pytest.mark.parametrize("damage", ["interpreter", "pip", "configuration"])
def test_an_environment_whose_python_does_not_work_is_made_anew(machine: Machine, damage: str) -> None:
    machine.set_up()
    if damage == "interpreter":
        machine.place.python.unlink()
        machine.place.python.symlink_to("/nowhere/python3")
    elif damage == "pip":
        (machine.site_packages / "pip.py").write_text("raise ImportError\n", encoding="utf-8")
        machine.place.stamp.unlink()
    else:
        (machine.place.venv / "pyvenv.cfg").unlink()
        machine.place.stamp.unlink()
    assert machine.set_up()[0] == "venv"
    assert state_of(machine.place, for_tests=False, torch=None) == "ready"


def test_a_folder_that_is_no_environment_is_left_alone(machine: Machine) -> None:
    machine.place.venv.mkdir()
    treasure = machine.place.venv / "thesis.txt"
    treasure.write_text("years of work", encoding="utf-8")
    with pytest.raises(SetupError):
        machine.set_up()
    assert treasure.exists()
    assert machine.ran == []


def test_without_disk_space_it_says_how_much_is_needed_and_free(place: Place) -> None:
    with pytest.raises(SetupError) as caught:
        free_space(place, "absent", "", usage=lambda _path: (10**11, 0, 2 * 10**9))
    assert "about 6 GB" in caught.value.what and "2.0 GB are free" in caught.value.what


def test_an_update_needs_less_space_than_a_first_set_up(place: Place) -> None:
    assert free_space(place, "outdated", "", usage=lambda _path: (10**11, 0, 3 * 10**9)) == ""


@pytest.mark.skipif(os.name != "posix", reason="file locks of POSIX")
def test_two_set_ups_do_not_work_at_the_same_time(place: Place) -> None:
    place.venv.mkdir(parents=True)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from installer.environment import only_one; from installer.place import Place\n"
        "with only_one(Place(Path(sys.argv[2]))): print('got it', flush=True)"
    )
    with only_one(place):
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(ROOT), str(place.root)], stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        assert "waiting" in other.stdout.readline()
    assert other.stdout.read() == "got it\n"
    other.stdout.close()
    assert other.wait(timeout=20) == 0


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_terminated_set_up_ends_what_it_started(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from installer.commands import _interrupt; from installer.progress import Progress\n"
        "signal.signal(signal.SIGTERM, _interrupt)\n"
        "child = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'\n"
        "Progress(1).follow([sys.executable, '-c', child], Path(sys.argv[2]), lambda line: None)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(ROOT), str(log)], stderr=subprocess.DEVNULL)
    child = int(_first_line(log))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def _first_line(log: Path, limit: float = 20.0) -> str:
    """The first line that the child said; the log begins with its command."""
    ends = time.monotonic() + limit
    while time.monotonic() < ends:
        text = log.read_text(encoding="utf-8") if log.exists() else ""
        said = [line for line in text.splitlines() if line.isdigit()]
        if said:
            return said[0]
    raise AssertionError("the child said nothing")
