"""Tasks that behave and misbehave in every way the engine must bear; loaded through ASSAY_TASK_MODULES."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from app.core import (
    Array,
    Artifact,
    AssayError,
    Audio,
    Checkpoint,
    Config,
    Emits,
    Figure,
    Image,
    Log,
    Metric,
    Progress,
    Ready,
    Result,
    Stage,
    Stopped,
    Table,
    Text,
    Warn,
    field,
    task,
)
from app.core.secrets import secret


class Count(Config):
    steps: int = field(20, ge=0)
    pause: float = field(0.0, ge=0, help="Seconds of sleep per step")
    every: int = field(5, ge=1, help="Steps between checkpoints")
    note: str = ""


@task("fake.count", title="Count", emits=(Emits("metric", "value"),))
def count(config: Count, resume=None):
    yield Stage("count")
    rng = np.random.default_rng(3)
    step, total = 0, 0.0
    if resume:
        step, total = resume["step"], float(resume["total"])
        rng.bit_generator.state = resume["rng"]
    try:
        while step < config.steps:
            step += 1
            total += float(rng.normal())
            yield Metric("value", step, total)
            yield Progress(step, config.steps)
            if step % config.every == 0:
                yield Checkpoint({"step": step, "total": np.float64(total), "rng": rng.bit_generator.state})
            if config.pause:
                time.sleep(config.pause)
    except Stopped:
        yield Log("stopping as asked")
    yield Stage("save")
    return Result(verdict=f"Counted to {step}", figures=(Figure(name="total", value=total),), details={"step": step})


DOUBLE_FORK = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(120)
    os._exit(0)
"""


class Nothing(Config):
    pass


@task("fake.everything", title="Emit every kind of event")
def everything(config: Nothing, resume=None):
    yield Stage("show")
    yield Progress(1, 2, "thing")
    yield Metric("loss", 1, np.float32(0.5))
    yield Metric("odd", 1, float("nan"))
    yield Image("picture 😀/../x", 1, np.zeros((4, 5, 3), np.uint8), caption="black")
    yield Image("grey", 1, np.linspace(0, 1, 12).reshape(3, 4))
    yield Audio("beep", 1, np.sin(np.arange(800) / 9), 8000)
    yield Array("matrix", 1, np.arange(6).reshape(2, 3), labels=(("a", "b"), ("x", "y", "z")), meta={"unit": "counts"})
    yield Table("small", 1, ("name", "value"), (("a", 1.5), ("b", None), ("c", float("inf"))))
    yield Table("large", 1, ("k", "text"), [(k, "x" * 90) for k in range(1000)])
    yield Text("words", 1, "line\nline \ud800 end")
    yield Log("hello", "warning")
    yield Warn("careful", "do less")
    yield Artifact("note.txt", "text of the note", "transcript")
    yield Artifact("blob", b"\x00\x01", "dataset")
    folder = Path(os.environ["HOME"]) / "made"
    folder.mkdir(exist_ok=True)
    (folder / "a.bin").write_bytes(b"abc")
    yield Artifact("made", folder, "model")
    yield Checkpoint({"array": np.arange(3.0), "list": [1, (2, "x")], "pairs": {0: "zero"}, "big": 2**100})
    print("printed by the task")
    print("to stderr", file=sys.stderr)
    return Result(verdict="Everything was shown", tone="good")


class Pest(Config):
    kind: str = "segfault"
    seconds: float = 60.0


@task("fake.pest", title="Misbehave")
def pest(config: Pest, resume=None):
    yield Stage("misbehave")
    yield Metric("value", 1, 1.0)
    match config.kind:
        case "segfault":
            ctypes.string_at(0)
        case "exit":
            os._exit(7)
        case "sleep in c":
            libc = ctypes.CDLL(None)
            end = time.monotonic() + config.seconds
            while time.monotonic() < end:
                libc.usleep(200_000)
        case "sleep once in c":
            ctypes.PyDLL(None).sleep(int(config.seconds))
        case "python loop":
            try:
                end = time.monotonic() + config.seconds
                while time.monotonic() < end:
                    sum(range(1000))
            except Stopped:
                return Result(verdict="Interrupted in the loop")
        case "ignore stop":
            while True:
                try:
                    yield Progress(1, 2)
                    time.sleep(0.01)
                except Stopped:
                    continue
        case "offspring":
            subprocess.run([sys.executable, "-c", DOUBLE_FORK])
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
            yield Log("offspring made")
            while True:
                try:
                    yield Progress(1, 2)
                    time.sleep(0.01)
                except Stopped:
                    continue
        case "memory":
            import resource

            room = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 2**28
            resource.setrlimit(resource.RLIMIT_AS, (room, room))
            blocks = []
            while True:
                blocks.append(np.ones(2**22))
        case "error":
            raise ValueError("a value that cannot be")
        case "assay error":
            raise AssayError("The set is empty", where="set.csv", why="it has no rows", remedy="Choose another.")
        case "network":
            try:
                socket.create_connection(("198.51.100.7", 80), timeout=1)
            except OSError as error:
                yield Log(f"refused: {error}")
            try:
                socket.getaddrinfo("example.org", 80)
            except OSError as error:
                yield Log(f"refused: {error}")
        case "nan figure":
            nan = Figure(name="odd", value=float("nan"), interval=float("inf"))
            return Result(verdict="Odd", figures=(nan,), details={"x": float("-inf")})
        case "bad return":
            return None
    return Result(verdict="Survived")


class Diverge(Config):
    loss: bool = True
    at: int = 7


@task("fake.diverge", title="Diverge", emits=(Emits("metric", "energy", loss=True), Emits("metric", "score")))
def diverge(config: Diverge, resume=None):
    name = "energy" if config.loss else "score"
    for step in range((resume or {"step": 0})["step"] + 1, 20):
        yield Metric(name, step, float("nan") if step == config.at and not resume else 1.0 / step)
        yield Checkpoint({"step": step})
    return Result(verdict="Done")


@task("fake.diverge_freely", title="Diverge on", emits=(Emits("metric", "energy", loss=True),), stop_on_nan=False)
def diverge_freely(config: Diverge, resume=None):
    for step in range(5):
        yield Metric("energy", step, float("inf"))
    return Result(verdict="Went on")


@task("fake.echo", title="Echo", session=True)
def echo(config: Nothing, resume=None):
    heard = 0
    try:
        while True:
            command = yield Ready()
            heard += 1
            yield Text("echo", heard, str(command["name"]))
    except Stopped:
        pass
    return Result(verdict=f"Heard {heard}")


class Stages(Config):
    block: str = field("", help="The stage in which to hang")


@task("fake.stages", title="Pass through stages")
def stages(config: Stages, resume=None):
    for name in ("import", "load", "caching", "step", "evaluation", "save"):
        yield Stage(name)
        try:
            end = time.monotonic() + (60 if name == config.block else 0)
            while time.monotonic() < end:
                time.sleep(0.05) if name in ("import", "load", "caching") else sum(range(10_000))
                if name == "step":
                    yield Metric("value", 1, 1.0)
        except Stopped:
            return Result(verdict=f"Stopped in {name}")
    return Result(verdict="Passed")


class Keyed(Config):
    key: str = field("service.key", widget="secret")


@task("fake.secret", title="Use a key")
def keyed(config: Keyed, resume=None):
    value = secret(config.key)
    print("printing", value)
    yield Log(f"the key is {value}")
    yield Text("t", 1, f"key {value}")
    raise RuntimeError(f"failed with {value}")


class Burst(Config):
    events: int = 1000
    size: int = 0


@task("fake.burst", title="Emit many events")
def burst(config: Burst, resume=None):
    yield Stage("burst")
    for step in range(config.events):
        yield Metric("loss", step, 1.0)
        if config.size:
            yield Artifact("block", b"x" * config.size, "dataset")
    return Result(verdict="Emitted")
