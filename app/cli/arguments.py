"""The words of the command line and what each of them is for."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from app import __version__

COMMANDS = ("tasks", "run", "try", "measure", "inspect", "runs", "sweep", "demo", "settings")

Add = Callable[..., argparse.ArgumentParser]

EPILOG = """\
exit codes: 0 all well (or what the run's result asks for), 1 the run failed, 2 something given cannot be used,
3 no display for the window, 130 stopped by Ctrl+C (what was computed by then is kept).
Without a command the window opens; file names after it are dropped onto it."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of one command, with `handler` naming the function that does it. Exits with 2 on a usage fault."""
    everywhere = _everywhere()
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Assay, a desktop laboratory, from the command line.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[everywhere],
    )
    parser.set_defaults(json=False, store=None, offline=None)
    parser.add_argument("--version", action="version", version=f"Assay {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(
        name: str, handler: str, text: str, within: "argparse._SubParsersAction[argparse.ArgumentParser]" = commands
    ) -> argparse.ArgumentParser:
        made = within.add_parser(name, help=text, description=text, parents=[everywhere])
        made.set_defaults(handler=handler)
        return made

    tasks = add("tasks", "listing:tasks", "List the tasks, or the settings of one.")
    tasks.add_argument("task", nargs="?", help="a task whose settings to list")

    run = add("run", "start:run", "Run a task and follow it to its end.")
    _task_options(run)
    run.add_argument("--name", default="", help="a name for the run")
    run.add_argument("--detach", action="store_true", help="return as soon as the run is queued and started")

    trial = add("try", "start:try_it", "Run a workspace's Try it: a real result in under a minute.")
    trial.add_argument("workspace")

    measure = add("measure", "start:measure", "A few real steps in a throw-away process: memory, time and disk.")
    _task_options(measure)
    measure.add_argument("--steps", type=int, default=3, help="steps to take (3)")

    inspect = add("inspect", "listing:inspect", "Say what files are, and what is wrong with them.")
    inspect.add_argument("paths", nargs="+", type=Path, metavar="PATH")

    sweep = add("sweep", "sweep:sweep", "Queue a run for every combination of values and seeds.")
    _task_options(sweep)
    sweep.add_argument("--over", action="append", default=[], metavar="FIELD=V1,V2", help="values to try; repeatable")
    sweep.add_argument("--seeds", default="", metavar="0-4", help="seeds to repeat each combination with")
    sweep.add_argument("--dry-run", action="store_true", help="list the runs, measure one, queue nothing")

    demo = add("demo", "demo:demo", "Run every workspace's Try it and leave reports and screenshots in a folder.")
    demo.add_argument("workspaces", nargs="*", metavar="WORKSPACE", help="only these (all)")
    demo.add_argument("--out", type=Path, default=Path("assay-demo"), help="folder (assay-demo)")
    demo.add_argument("--theme", choices=("light", "dark"), default="light")

    _runs(add("runs", "runs:list_runs", "List, show and handle earlier runs."), add)
    _settings(add("settings", "preferences:show", "Show and change settings and kept keys."), add)
    return parser.parse_args(list(arguments))


def _everywhere() -> argparse.ArgumentParser:
    """Options that may stand before or after the command."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = shared.add_argument_group("everywhere")
    group.add_argument("--json", action="store_true", help="answer in JSON; a run's events as JSON lines")
    group.add_argument("--store", type=Path, metavar="DIR", help="folder that keeps the runs")
    network = group.add_mutually_exclusive_group()
    network.add_argument("--offline", action="store_true", dest="offline", help="nothing leaves this machine")
    network.add_argument("--online", action="store_false", dest="offline", help="runs may use the hosts they name")
    return shared


def _task_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task")
    parser.add_argument("--set", "-s", action="append", default=[], metavar="NAME=VALUE", help="a setting; repeatable")
    parser.add_argument("--config", "-c", type=Path, metavar="FILE", help="settings from TOML, JSON or a report")
    parser.add_argument("--preset", metavar="NAME", help="start from one of the task's presets")


def _runs(parser: argparse.ArgumentParser, add: Add) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    parser.set_defaults(query=[], trashed=False, limit=30)

    listing = add("list", "runs:list_runs", "List runs, newest first.", actions)
    listing.add_argument("query", nargs="*", help="plain words, #tag, field=value")
    listing.add_argument("--limit", type=int, default=30, help="how many (30); 0 for all")
    listing.add_argument("--trashed", action="store_true", help="those in the trash")

    def one(name: str, handler: str, text: str) -> argparse.ArgumentParser:
        made = add(name, handler, text, actions)
        made.add_argument("run", help="its id, a part of it that is unique, or “last”")
        return made

    one("show", "runs:show", "What a run was asked, and what it answered.")
    one("resume", "start:resume", "Go on from the last checkpoint and follow the run.")
    stop = one("stop", "runs:stop", "Ask a run to stop; what it has computed is kept.")
    stop.add_argument("--force", action="store_true", help="end its processes now")
    report = one("report", "runs:report", "Write the report of a run as one HTML file.")
    report.add_argument("--out", type=Path, help="where to (into the run's folder)")
    bundle = one("bundle", "runs:bundle", "Save a bug report: logs without keys and without your home folder's name.")
    bundle.add_argument("--out", type=Path, help="a .zip file (assay-bundle-ID.zip)")
    bundle.add_argument("--dry-run", action="store_true", help="only list what would be saved")
    for name, text in {"trash": "Put a run into the trash.", "restore": "Take a run out of the trash."}.items():
        one(name, f"runs:{name}", text)
    one("delete", "runs:delete", "Delete a run from the disk for ever.").add_argument("--yes", action="store_true")

    export = add("export", "runs:export", "Write runs for other programs.", actions)
    export.add_argument("runs", nargs="+", metavar="RUN")
    export.add_argument("--tensorboard", type=Path, metavar="DIR", help="as TensorBoard event files")
    export.add_argument("--mlflow", metavar="TARGET", help="to MLflow: a folder, sqlite:… or http…")
    export.add_argument("--csv", type=Path, metavar="DIR", help="curves as CSV, one file for each run")

    compare = add("compare", "runs:compare", "Compare runs: differing settings, effects with intervals.", actions)
    compare.add_argument("runs", nargs="+", metavar="RUN")
    compare.add_argument("--baseline", metavar="RUN", help="the run to compare with (the first)")
    compare.add_argument("--out", type=Path, help="write the comparison as one HTML file")


def _settings(parser: argparse.ArgumentParser, add: Add) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    add("list", "preferences:show", "List all settings.", actions)
    add("path", "preferences:path", "Where the settings are kept.", actions)
    put = add("set", "preferences:put", "Change a setting.", actions)
    put.add_argument("name")
    put.add_argument("value")
    reset = add("reset", "preferences:reset", "Take a setting back to its default.", actions)
    reset.add_argument("name")
    add("keys", "preferences:keys", "List the keys that can be kept, and where each one is.", actions)
    key = add("key", "preferences:set_key", "Keep a key; it is asked for, never given on the command line.", actions)
    key.add_argument("name")
    key.add_argument("--place", choices=("auto", "keyring", "session", "file"), default="auto")
    forget = add("forget", "preferences:forget_key", "Forget a kept key.", actions)
    forget.add_argument("name")
