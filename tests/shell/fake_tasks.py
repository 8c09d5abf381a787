"""Small tasks for the window: one that talks as fast as it is told, some that misbehave; loaded through ASSAY_TASK_MODULES."""

import math
import time

import numpy as np

from app.core import (
    AssayError,
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
from app.widgets.declare import Images, LogOf, Plot, TableOf, TextOf
from app.workspaces.declare import Page, Step, Workspace

FOREIGN = "<b>bold</b><img src='file:///etc/passwd'><a href='http://example.org'>x</a> \x1b[31mred\u202eten\x00 &lt; 😀"
"""As a stranger might send it: markup, a picture from a file, a link, an escape sequence, reversed writing."""


class Chatty(Config):
    data: str = field("builtin:digits", widget="data", accepts=("labelled-images", "table"), group="Data")
    steps: int = field(40, ge=1, group="Work", help="Events of the curve")
    rate: float = field(0.0, ge=0, unit="per s", group="Work", help="Events a second; 0 means as fast as it goes")
    every: int = field(20, ge=1, group="Work", advanced=True, help="Steps between checkpoints")
    pictures: int = field(0, ge=0, group="Work", advanced=True, help="A picture every so many steps; 0 means none")
    fail_at: int = field(0, ge=0, group="Work", advanced=True, help="The step that goes wrong; 0 means none")
    note: str = field("", group="Work")
    seed: int = field(0, ge=0, group="Work")


@task(
    "fake.chatty",
    title="Talk",
    emits=(
        Emits("metric", "value", "Value"),
        Emits("metric", "loss", "Loss", better="lower", loss=True),
        Emits("image", "picture"),
    ),
)
def chatty(config: Chatty, resume=None):
    yield Stage("load")
    step = resume["step"] if resume else 0
    stopped = False
    yield Stage("talk")
    began, first = time.monotonic(), step
    try:
        while step < config.steps:
            step += 1
            yield Metric("value", step, math.sin(step / 20) + config.seed)
            if step == config.fail_at:
                where = f"step {step}"
                raise AssayError("The sample cannot be read", where=where, why="it is made up", remedy="Leave it out.")
            if config.pictures and step % config.pictures == 0:
                yield Image("picture", step, np.full((8, 8), step % 256, np.uint8))
            if step % 10 == 0:
                yield Metric("loss", step, math.exp(-step / 100))
                yield Progress(step, config.steps)
            if step % config.every == 0:
                yield Checkpoint({"step": step})
            if config.rate:
                time.sleep(max(0.0, began + (step - first) / config.rate - time.monotonic()))
    except Stopped:
        stopped = True
    yield Stage("save")
    return Result(
        verdict=f"Talked for {step} steps",
        tone="good",
        partial=stopped,
        figures=(Figure(name="steps", value=step, interval=1.0, n=3), Figure(name="share", value=step / config.steps)),
    )


class Nothing(Config):
    pass


@task("fake.stubborn", title="Ignore the request to stop", emits=(Emits("metric", "value"),))
def stubborn(config: Nothing, resume=None):
    yield Stage("sulk")
    step = 0
    while True:
        try:
            step += 1
            yield Metric("value", step, float(step))
            time.sleep(0.02)
        except Stopped:
            continue


@task(
    "fake.foreign",
    title="Say things that look like markup",
    emits=(Emits("metric", "*"), Emits("table", "foreign"), Emits("text", "foreign")),
)
def foreign(config: Nothing, resume=None):
    yield Stage(FOREIGN)
    yield Warn(FOREIGN, FOREIGN)
    yield Log(FOREIGN)
    yield Metric(f"m {FOREIGN}", 1, 1.0)
    yield Metric(f"m {FOREIGN}", 2, 2.0)
    yield Table("foreign", 1, ("name", FOREIGN), ((FOREIGN, 1.5), ("=1+1", 2)))
    yield Text("foreign", 1, FOREIGN)
    figures = (Figure(name=FOREIGN, value=1.0, note=FOREIGN),)
    return Result(verdict=FOREIGN, advice=FOREIGN, figures=figures, notes=(FOREIGN,))


@task("fake.echo", title="Echo", session=True, emits=(Emits("text", "echo"),))
def echo(config: Nothing, resume=None):
    heard = 0
    try:
        while True:
            command = yield Ready()
            heard += 1
            yield Text("echo", heard, str(command))
    except Stopped:
        pass
    return Result(verdict=f"Heard {heard}")


FAKE = Workspace(
    key="fake",
    title="Fake",
    question="Does the window hold?",
    tasks=("fake.chatty", "fake.stubborn", "fake.foreign"),
    try_it=("fake.chatty", {"steps": 40}),
    try_it_seconds=2,
    accepts={"labelled-images": ("fake.chatty", "data"), "table": ("fake.chatty", "data")},
    pages=(
        Page(
            "Curves",
            ((Plot("Value", ("value", "m *")), Plot("Loss", ("loss",)), Images("Pictures", "picture")),),
            tasks=("fake.chatty", "fake.stubborn"),
        ),
        Page(
            "Words", ((LogOf("Log"), TableOf("Table", "foreign"), TextOf("Text", "foreign")),), tasks=("fake.foreign",)
        ),
    ),
    tour=(Step("data", "Drop something here."),),
)
"""A workspace for these tasks, so that tests of the window wait for nobody's training."""
