"""Every workspace's Try it, with reports and screenshots in one folder: what a machine without a screen can show."""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from app.cli.context import Context, context
from app.cli.start import stop_on_terminate, trial, trials
from app.cli.watch import follow
from app.core import AssayError
from app.runs.page import fill
from app.runs.report import render
from app.runs.storage import Disk
from app.runs.store import Store

SCREENSHOT = "app.shell.screenshot"
SCREENSHOT_LIMIT = 120.0


def demo(options: argparse.Namespace) -> int:
    """The code of the first Try it that did not go well. A missing screenshot is said, and is no failure."""
    out: Path = options.out.expanduser().absolute()
    chosen = {key: trial(key) for key in options.workspaces} or trials()
    if not chosen:
        raise AssayError("No workspace has a Try it")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AssayError("The folder cannot be made", where=str(out), why=error.strerror or str(error)) from error
    surroundings = context(options)
    if options.store is None:
        surroundings = replace(surroundings, store=Store(out / "store"))
    stop_on_terminate()
    entries, code = [], 0
    for key, (task, values) in chosen.items():
        print(f"{key}: {task}", file=sys.stderr)
        with surroundings.supervisor() as supervisor:
            run = supervisor.submit(task, values, name=f"Try it: {key}")
            ended = follow(surroundings, supervisor, run)
        code = code or ended
        entry = _entry(surroundings, out, key, run, options.theme)
        entries.append({**entry, "exit": ended})
        if ended == 130:
            break
    page = fill("demo.html.j2", surroundings.secrets.redactor(), datetime.now(), carried="", entries=entries)
    Disk().replace(out / "index.html", page.encode())
    if options.json:
        print(json.dumps({"k": "demo", "folder": str(out), "runs": entries}, ensure_ascii=False))
    else:
        print(out / "index.html")
    return code


def _entry(surroundings: Context, out: Path, key: str, run: str, theme: str) -> dict[str, str]:
    summary = surroundings.store.summary(run)
    redact, references = surroundings.secrets.redactor(), surroundings.references(run)
    page = render(surroundings.store, run, references=references, redact=redact)
    Disk().replace(out / f"{key}.html", page.encode("utf-8", "replace"))
    problem = take_screenshot(surroundings.store.root, run, out / f"{key}.png", theme)
    if problem:
        print(f"No screenshot of {key}: {problem}", file=sys.stderr)
    return {
        "workspace": key,
        "run": run,
        "state": summary.state,
        "verdict": summary.verdict or str((summary.error or {}).get("what", "")),
        "report": f"{key}.html",
        "screenshot": "" if problem else f"{key}.png",
        "problem": problem,
    }


def take_screenshot(store: Path, run: str, target: Path, theme: str) -> str:
    """Draw the window with `run` into `target` in a process of its own, without a screen; why not, in words."""
    if importlib.util.find_spec("app.shell") is None or importlib.util.find_spec(SCREENSHOT) is None:
        return "this installation has no window (app.shell.screenshot is missing)"
    command = [
        sys.executable,
        "-m",
        SCREENSHOT,
        "--store",
        str(store),
        "--run",
        run,
        "--out",
        str(target),
        "--theme",
        theme,
    ]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SCREENSHOT_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {SCREENSHOT_LIMIT:.0f} s"
    if done.returncode or not target.is_file():
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"it ended with code {done.returncode}: {last[:300]}"
    return ""
