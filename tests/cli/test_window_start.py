"""Which words open the window, and which are a command."""

import sys
import types
from pathlib import Path

import pytest

import app.__main__ as entry


@pytest.fixture
def opened(monkeypatch):
    """Calls of a window that does not exist."""
    calls: list[tuple[list[Path], Path | None]] = []

    def main(paths, store):
        calls.append((paths, store))
        return 0

    monkeypatch.setitem(sys.modules, "app.shell.start", types.SimpleNamespace(main=main))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    return calls


def test_no_words_open_the_window(opened):
    assert entry.main([]) == 0
    assert opened == [([], None)]


def test_files_are_dropped_onto_the_window_and_the_store_is_passed_on(opened, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a\n")
    entry.main([str(path)])
    entry.main(["--store", str(tmp_path), str(path)])
    entry.main([f"--store={tmp_path}"])
    assert opened == [([path], None), ([path], tmp_path), ([], tmp_path)]


def test_a_command_is_a_command_even_where_a_file_has_its_name(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tasks").write_text("")
    assert entry.main(["tasks"]) == 0
    assert not opened


def test_a_file_that_is_not_there_is_no_reason_for_a_window(opened, capsys):
    with pytest.raises(SystemExit) as end:
        entry.main(["missing.csv"])
    assert end.value.code == 2 and not opened


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_without_a_display_nothing_of_qt_is_touched(opened, monkeypatch, capsys):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert entry.main([]) == 3
    assert "no display" in capsys.readouterr().err and not opened
