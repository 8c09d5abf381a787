"""Missing system libraries are named, installed where that may be done, or given as the one line that installs them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from installer import system
from installer.faults import SetupError
from installer.progress import Outcome, Progress
from installer.system import LIBRARIES, PROGRAMS, Need, install_line, packages, provide

CURSOR = next(need for need in LIBRARIES if need.package == "libxcb-cursor0")
GLIB = next(need for need in LIBRARIES if need.package == "libglib2.0-0")
SOUND = next(need for need in LIBRARIES if need.package == "libportaudio2")


def release(*known: str) -> system.Answers:
    """An `apt-cache policy` that knows these packages."""

    def answers(command: Sequence[str]) -> str:
        return "".join(
            f"{name}:\n  Installed: (none)\n  Candidate: {'1.0' if name in known else '(none)'}\n"
            for name in command[2:]
        )

    return answers


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> "Lacking":
    return Lacking(monkeypatch)


class Lacking:
    """A machine that lacks some needs until apt-get installs them (when it may); records what was run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.needs: list[Need] = []
        self.ran: list[list[str]] = []
        self.works = True
        self._patch = monkeypatch
        monkeypatch.setattr(system, "missing", lambda for_tests: list(self.needs))
        monkeypatch.setattr(system, "_answer", release(*(need.package for need in LIBRARIES)))
        monkeypatch.setattr(system.shutil, "which", lambda name: f"/usr/bin/{name}")
        monkeypatch.setattr(Progress, "follow", lambda _progress, command, *_more, **_named: self._follow(command))

    def root(self, may: bool) -> None:
        self._patch.setattr(system, "_may_install", lambda: may)
        self._patch.setattr(system, "_is_root", lambda: may)

    def _follow(self, command: Sequence[str]) -> Outcome:
        self.ran.append(list(command))
        if "install" in command and self.works:
            self.needs.clear()
        return Outcome(0 if self.works else 100, ("E: Temporary failure resolving 'deb.debian.org'",))


def test_the_line_names_the_packages_once_and_asks_for_rights() -> None:
    line = install_line([CURSOR, SOUND, CURSOR], release("libxcb-cursor0", "libportaudio2"))
    assert line == "sudo apt-get install -y --no-install-recommends libxcb-cursor0 libportaudio2"


@pytest.mark.parametrize(
    ("known", "name"),
    [
        (["libglib2.0-0"], "libglib2.0-0"),
        (["libglib2.0-0t64"], "libglib2.0-0t64"),
        (["libglib2.0-0", "libglib2.0-0t64"], "libglib2.0-0"),
        ([], "libglib2.0-0"),
    ],
)
def test_the_name_of_a_package_is_the_one_this_release_knows(known: list[str], name: str) -> None:
    assert packages([GLIB], release(*known)) == [name]


def test_root_installs_what_is_missing_after_an_update(lacking: Lacking, tmp_path: Path) -> None:
    lacking.needs = [CURSOR]
    lacking.root(True)
    assert provide(Progress(1), False, tmp_path / "log")
    assert [command[:2] for command in lacking.ran] == [["apt-get", "update"], ["apt-get", "install"]]
    assert lacking.ran[1][-1] == "libxcb-cursor0"


def test_another_user_is_told_the_line_and_nothing_is_run(lacking: Lacking, tmp_path: Path) -> None:
    lacking.needs = [CURSOR, SOUND]
    lacking.root(False)
    with pytest.raises(SetupError) as caught:
        provide(Progress(1), False, tmp_path / "log")
    assert "libxcb-cursor.so.0" in caught.value.what
    assert "sudo apt-get install -y --no-install-recommends libxcb-cursor0 libportaudio2" in caught.value.remedy
    assert lacking.ran == []


def test_without_what_is_only_nice_to_have_the_set_up_goes_on(
    lacking: Lacking, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking.needs = [SOUND, *PROGRAMS]
    lacking.root(False)
    assert not provide(Progress(1), True, tmp_path / "log")
    assert "libportaudio2 xvfb xauth xdotool openbox" in capsys.readouterr().out


def test_a_failed_apt_get_tells_why(lacking: Lacking, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lacking.needs = [CURSOR]
    lacking.works = False
    lacking.root(True)
    with pytest.raises(SetupError):
        provide(Progress(1), False, tmp_path / "log")
    assert "No network" in capsys.readouterr().out


def test_a_library_that_cannot_be_loaded_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    there, absent = Need("libc.so.6", "libc6", "all"), Need("libnotthere.so.9", "libnotthere9", "none")
    monkeypatch.setattr(system, "LIBRARIES", (there, absent))
    found = system.missing(for_tests=False)
    assert absent in found
    assert there not in found
