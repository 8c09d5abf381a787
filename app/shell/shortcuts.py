"""Keys of the window: one table of commands with their usual keys, what the user changed, and what collides."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence


@dataclass(frozen=True)
class Command:
    """A command that has a name, a key, and a method of the window to call."""

    key: str
    words: str
    usual: str
    method: str


COMMANDS: tuple[Command, ...] = (
    Command("palette", "Search everything", "Ctrl+K", "open_palette"),
    Command("run", "Run with these settings", "Ctrl+Return", "run_now"),
    Command("stop", "Stop the shown run", "Ctrl+.", "stop_now"),
    Command("resume", "Resume the shown run", "Ctrl+R", "resume_now"),
    Command("duplicate", "Use the settings of the shown run", "Ctrl+D", "duplicate_now"),
    Command("try", "Try it", "Ctrl+T", "try_now"),
    Command("compare", "Compare the selected runs", "Ctrl+Shift+K", "compare_now"),
    Command("report", "Report of the shown run", "Ctrl+Shift+R", "report_now"),
    Command("find", "Search the runs", "Ctrl+F", "find_now"),
    Command("export", "Export the shown run", "Ctrl+Shift+E", "export_now"),
    Command("copy-command", "Copy the settings as a command line", "Ctrl+Shift+C", "copy_command"),
    Command("paste-command", "Paste a command line into the form", "Ctrl+Shift+V", "paste_command"),
    Command("runs", "Show or hide the runs", "Ctrl+B", "toggle_runs"),
    Command("settings", "Settings", "Ctrl+,", "open_settings"),
    Command("help", "Help on this page", "F1", "open_help"),
    Command("keys", "All shortcuts", "Ctrl+/", "open_shortcuts"),
    Command("rename", "Rename the shown run", "F2", "rename_now"),
    Command("next-pane", "Next pane", "F6", "next_pane"),
    Command("previous-pane", "Previous pane", "Shift+F6", "previous_pane"),
    Command("maximise", "Maximise a panel, or show all", "F11", "maximise_now"),
    Command("undo", "Undo in the form", "Ctrl+Z", "undo_now"),
    Command("redo", "Redo in the form", "Ctrl+Shift+Z", "redo_now"),
    Command("measure", "Measure before the start", "Ctrl+M", "measure_now"),
    Command("sweep", "Sweep over values and seeds", "", "sweep_now"),
    Command("stop-all", "Stop all runs", "", "stop_all"),
    Command("home", "Start page", "Ctrl+0", "home_now"),
    Command("trash", "Open the trash", "", "open_trash"),
    Command("activity", "Activity", "", "open_activity"),
    Command("offline", "Offline: on or off", "", "toggle_offline"),
    Command("theme", "Light or dark", "", "toggle_theme"),
    Command("tour", "Tour of this workspace", "", "tour_now"),
    Command("reset-layout", "Reset the layout of panels", "", "reset_layout"),
    Command("about", "About Assay, and licences", "", "open_about"),
    Command("quit", "Quit", "Ctrl+Q", "close"),
    *(Command(f"tab-{k}", f"Tab {k}", f"Ctrl+{k}", f"tab_{k}") for k in range(1, 9)),
)


def keys_of(changed: Mapping[str, str]) -> dict[str, str]:
    """Key of every command, the user's own where there is one."""
    return {command.key: changed.get(command.key, command.usual) for command in COMMANDS}


def collisions(keys: Mapping[str, str]) -> dict[str, list[str]]:
    """Keys that more than one command would answer, with the words of those commands."""
    users: dict[str, list[str]] = {}
    words = {command.key: command.words for command in COMMANDS}
    for key, sequence in keys.items():
        text = QKeySequence(sequence).toString()
        if text:
            users.setdefault(text, []).append(words[key])
    return {text: names for text, names in users.items() if len(names) > 1}
