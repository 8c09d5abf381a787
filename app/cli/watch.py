"""Follow a run in a terminal, in a pipe, or as JSON lines, until it is over or Ctrl+C stops it."""

import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from app.cli.context import Context, finite
from app.cli.talk import Commands
from app.engines import load_tasks
from app.runs.figures import duration_text, figure_text, number
from app.runs.follower import Follower
from app.runs.plain_text import one_line
from app.runs.records import Batch
from app.runs.states import OVER, WAITING
from app.runs.summary import RunSummary
from app.runs.supervisor import Supervisor

PAUSE = 0.05
LINE_EVERY = 5.0
"""Seconds between two lines about the same stage in a pipe."""
WORTH_SAYING = 1.0
"""Seconds of waiting before the reason is shown."""

OK, FAILED, STOPPED = 0, 1, 130


def follow(context: Context, supervisor: Supervisor, run: str, commands: Commands | None = None) -> int:
    """Show `run` until it is over and return the exit code. Ctrl+C stops the run, a second one ends it by force.

    A session takes its `commands` from standard input; the end of that is its ordinary end.
    """
    view = _view(context)
    if commands is not None:
        commands.start()
    view.begin(context, run)
    asked = 0
    follower = Follower(context.store.folder(run))
    while True:
        try:
            summary = _until_over(context, run, follower, view, commands)
            break
        except KeyboardInterrupt:
            asked += 1
            _ask_to_stop(context, supervisor, run, view, asked)
    ended_by_input = commands is not None and commands.at_end and summary.state == "stopped" and not asked
    code = OK if ended_by_input else STOPPED if asked else exit_code(context, summary)
    view.end(context, summary, code)
    return code


def exit_code(context: Context, summary: RunSummary) -> int:
    """What the end of a run means to a shell."""
    if summary.state == "stopped":
        return STOPPED
    if summary.state != "done":
        task = load_tasks().get(summary.task)
        return task.failed_exit if task else FAILED
    result = context.store.result(summary.id)
    return result.exit_code if result else OK


def _until_over(context: Context, run: str, follower: Follower, view: "View", commands: Commands | None) -> RunSummary:
    while True:
        summary = context.store.summary(run)
        batch = follower.poll()
        if not batch.empty:
            view.show(batch)
            if commands is not None:
                commands.saw(batch)
        elif summary.state in OVER:
            return summary
        else:
            view.wait(summary)
            time.sleep(PAUSE)


def _ask_to_stop(context: Context, supervisor: Supervisor, run: str, view: "View", asked: int) -> None:
    state = context.store.summary(run).state
    if state in OVER:
        return
    if asked == 1:
        view.say("Stopping: what was computed is kept. Ctrl+C again ends it by force.")
        supervisor.stop(run)
    elif state not in WAITING:
        view.say("Ending it by force.")
        supervisor.force_stop(run)


class View(ABC):
    """How a run is shown; everything but the verdict goes to standard error."""

    @abstractmethod
    def begin(self, context: Context, run: str) -> None: ...

    @abstractmethod
    def show(self, batch: Batch) -> None: ...

    @abstractmethod
    def end(self, context: Context, summary: RunSummary, code: int) -> None: ...

    @abstractmethod
    def wait(self, summary: RunSummary) -> None:
        """Called while there is nothing new."""

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class JsonLines(View):
    """Every event as it is in the log, one JSON object a line, between a first and a last line of ours."""

    def begin(self, context: Context, run: str) -> None:
        _line({"k": "run", "id": run, "folder": str(context.store.folder(run))})

    def show(self, batch: Batch) -> None:
        for record in in_order(batch):
            _line(record)

    def wait(self, summary: RunSummary) -> None:
        """A program that reads lines needs none about waiting."""

    def end(self, context: Context, summary: RunSummary, code: int) -> None:
        result = context.store.result(summary.id)
        _line(
            {
                "k": "end",
                "id": summary.id,
                "state": summary.state,
                "exit": code,
                "result": result.model_dump(mode="json") if result else None,
                "error": summary.error,
            }
        )


def in_order(batch: Batch) -> Iterator[dict[str, Any]]:
    """The batch's points and records as the log had them: one mapping each, by sequence number."""
    lines = [
        {"n": seq, "t": at, "k": "metric", "name": name, "step": step, "value": value}
        for name, points in batch.points.items()
        for seq, at, step, value in zip(
            points.seq.tolist(), points.time.tolist(), points.step.tolist(), points.value.tolist(), strict=True
        )
    ]
    for record in batch.records:
        line: dict[str, Any] = {"n": record.seq, "t": record.time, "k": record.kind}
        if record.name:
            line["name"] = record.name
        if record.step is not None:
            line["step"] = record.step
        lines.append({**line, **record.data})
    yield from sorted(lines, key=lambda line: line["n"])


class Lines(View):
    """Plain lines for a pipe or a file: stages, warnings, logs, and progress at most every five seconds."""

    def __init__(self) -> None:
        self._stage = ""
        self._waiting, self._waiting_since = "", 0.0
        self._metrics: dict[str, float] = {}
        self._last_line = float("-inf")

    def begin(self, context: Context, run: str) -> None:
        self.say(f"run {run}")

    def wait(self, summary: RunSummary) -> None:
        words = summary.paused or (f"waiting ({summary.state})" if summary.state in WAITING else "")
        if words != self._waiting:
            self._waiting, self._waiting_since = words, time.monotonic()
        elif words and time.monotonic() - self._waiting_since > WORTH_SAYING:
            self.say(one_line(words))
            self._waiting_since = float("inf")

    def show(self, batch: Batch) -> None:
        for name, points in batch.points.items():
            self._metrics[name] = float(points.value[-1])
        for record in batch.records:
            if record.kind == "stage":
                self._stage = record.name or str(record.data.get("name", ""))
                self.stage_begins(record.time)
            elif record.kind == "progress":
                self.progressed(record.time, record.data)
            elif record.kind == "warn":
                what, remedy = (one_line(record.data.get(name, ""), 1_000) for name in ("what", "remedy"))
                self.say(f"warning: {what} {remedy}".rstrip())
            elif record.kind == "log":
                self.say(one_line(record.data.get("text", ""), 2_000))

    def stage_begins(self, time_: float) -> None:
        self.say(f"[{time_:8.1f} s] {one_line(self._stage)}")
        self._last_line = time_

    def progressed(self, time_: float, data: dict[str, Any]) -> None:
        done, total = _whole(data.get("done")), _whole(data.get("total"))
        if time_ - self._last_line < LINE_EVERY and done != total:
            return
        self._last_line = time_
        share = f"{done}/{total} {100 * done // total} %" if total else str(done)
        self.say(f"[{time_:8.1f} s] {one_line(self._stage)} {share}  {self.metric_words()}".rstrip())

    def metric_words(self) -> str:
        return "  ".join(f"{one_line(name, 40)} {number(value)}" for name, value in list(self._metrics.items())[:3])

    def end(self, context: Context, summary: RunSummary, code: int) -> None:
        print_outcome(context, summary)


class Bars(Lines):
    """A progress bar for each stage, with the latest figures behind it."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None

    def stage_begins(self, time_: float) -> None:
        self._close()
        self._bar = self._made(total=None)

    def progressed(self, time_: float, data: dict[str, Any]) -> None:
        if self._bar is None:
            self._bar = self._made(total=None)
        done, total = _whole(data.get("done")), _whole(data.get("total"))
        if total and self._bar.total != total:
            # What was done before this bar (a resume) must not count into its rate.
            self._bar.initial = done
            self._bar.total = total
            self._bar.unit = f" {one_line(data.get('unit', 'step'), 20)}"
        self._bar.n = done
        self._bar.set_postfix_str(self.metric_words(), refresh=False)
        self._bar.refresh()

    def wait(self, summary: RunSummary) -> None:
        super().wait(summary)
        if self._bar is not None:
            self._bar.refresh()

    def say(self, text: str) -> None:
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)

    def end(self, context: Context, summary: RunSummary, code: int) -> None:
        self._close()
        super().end(context, summary, code)

    def _made(self, total: int | None) -> Any:
        from tqdm import tqdm

        return tqdm(total=total, desc=one_line(self._stage, 30), unit=" step", file=sys.stderr, dynamic_ncols=True)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def print_outcome(context: Context, summary: RunSummary) -> None:
    """Verdict, figures, and where everything is; what went wrong and what to do about it."""
    result = context.store.result(summary.id)
    partial = " (partial)" if result and (result.partial or summary.state != "done") else ""
    if result:
        print(f"{one_line(result.verdict, 2_000)}{partial}")
        for figure in result.figures:
            print(f"  {one_line(figure.name)}: {figure_text(figure)}")
        if result.advice:
            print(one_line(result.advice, 2_000))
    if summary.error:
        where = f" ({one_line(summary.error.get('where'))})" if summary.error.get("where") else ""
        print(f"{one_line(summary.error.get('what', ''), 1_000)}{where}", file=sys.stderr)
        for name in ("why", "remedy"):
            if text := summary.error.get(name):
                print(one_line(text, 2_000), file=sys.stderr)
    print(
        f"{summary.state} after {duration_text(summary.seconds)}: {context.store.folder(summary.id)}", file=sys.stderr
    )
    if summary.state != "done":
        print(f"Go on with: python -m app runs resume {summary.id}", file=sys.stderr)


def _view(context: Context) -> View:
    if context.json:
        return JsonLines()
    return Bars() if sys.stderr.isatty() else Lines()


def _line(record: dict[str, Any]) -> None:
    print(json.dumps(finite(record), ensure_ascii=False, default=str), flush=True)


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and abs(value) < 1e15 else 0
