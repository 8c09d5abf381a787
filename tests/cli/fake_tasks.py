"""Tasks that behave and misbehave on request, for tests of everything around a task."""

import os
import time
from collections.abc import Iterator
from typing import Literal

import numpy as np

from app.core import (
    Array,
    Artifact,
    AssayError,
    Checkpoint,
    Citation,
    Config,
    Emits,
    Event,
    Figure,
    Image,
    Log,
    Metric,
    Preset,
    Progress,
    Ready,
    Result,
    Stage,
    State,
    Stopped,
    Table,
    Text,
    Warn,
    field,
    task,
)


class CurveConfig(Config):
    steps: int = field(20, ge=1, le=1_000_000, help="Steps to take")
    rate: float = field(0.1, gt=0, help="Size of a step", unit="1/step", log=True)
    kind: Literal["smooth", "rough"] = field("smooth", help="Shape of the curve")
    name: str = field("", help="A text that is shown")
    layers: tuple[int, ...] = field((8, 4), help="Sizes")
    limit: float | None = field(None, help="Stop below this")
    pause: float = field(0.0, ge=0, help="Seconds between steps", unit="s", advanced=True)
    exit_code: int = field(0, ge=0, le=100)
    fail_at: int | None = field(None, help="Fail at this step")
    seed: int = field(0, ge=0)


@task(
    "fake.curve",
    title="Draw a curve",
    emits=(
        Emits("metric", "loss/train", loss=True, better="lower"),
        Emits("metric", "loss/validation", loss=True, better="lower"),
        Emits("metric", "accuracy", title="Accuracy", better="higher"),
        Emits("image", "picture"),
        Emits("array", "confusion"),
        Emits("table", "scores"),
        Emits("text", "words"),
        Emits("artifact", "model"),
    ),
    presets={"try": Preset("Try it", {"steps": 5}), "paper": Preset("As in the paper", {"steps": 40, "rate": 0.05})},
)
def curve(config: CurveConfig, resume: State | None = None) -> Iterator[Event]:
    rng = np.random.default_rng(config.seed)
    yield Stage("prepare")
    yield Log(f"pid {os.getpid()} name {config.name}")
    first = int(resume["step"]) if resume else 0
    partial = False
    step = first
    yield Stage("run")
    try:
        for step in range(first, config.steps):
            loss = float(np.exp(-config.rate * step) + 0.01 * rng.random())
            yield Metric("loss/train", step, loss)
            yield Metric("loss/validation", step, 1.1 * loss)
            yield Metric("accuracy", step, 1 - loss / 2)
            yield Progress(step + 1, config.steps)
            if step == config.fail_at:
                raise AssayError(
                    "The curve broke", where=f"step {step}", why="it was told to", remedy="Do not tell it to."
                )
            if step % 10 == 0:
                yield Image("picture", step, rng.random((8, 8)), caption=config.name or "noise")
                yield Checkpoint({"step": step + 1})
            time.sleep(config.pause)
    except Stopped:
        partial = True
    yield Warn("The curve is not real", remedy="Use a real task.")
    yield Array("confusion", step, np.array([[5, 1], [0, 6]]), labels=(("cat", "dog"), ("cat", "dog")))
    yield Table("scores", step, ["name", "score"], [["one", 0.5], [config.name or "two", 1.0]])
    yield Text("words", step, config.name or "some words")
    yield Artifact("model", b"weights", "model", description="a model")
    value = 0.9 + 0.01 * rng.random()
    return Result(
        verdict=f"The curve falls {config.name}".strip(),
        tone="good",
        advice="Nothing to do.",
        figures=(
            Figure(name="accuracy", value=value, interval=0.02, n=100, better="higher"),
            Figure(name="last loss", value=float(np.exp(-config.rate * step)), better="lower", unit="nats"),
        ),
        notes=("A note.",),
        methods="We drew a curve.",
        citations=(Citation(text="A. Author, A paper, 2024.", link="https://example.org/paper"),),
        details={"steps": step + 1},
        partial=partial,
        exit_code=config.exit_code,
    )


class KeyConfig(Config):
    key: str = field("ibm_quantum.token", widget="secret", help="Name of the kept key")
    note: str = field("", help="A text that is shown")
    wait_for: str = field("", help="Go on when this file is there")


@task("fake.key", title="Misuse a key", emits=(Emits("metric", "*"), Emits("text", "*"), Emits("table", "*")))
def misuse_key(config: KeyConfig, resume: State | None = None) -> Iterator[Event]:
    """Do with a key everything that must not make it visible."""
    import sys
    from pathlib import Path

    from app.core.secrets import secret

    key = secret(config.key)
    print(f"printed {key}", flush=True)
    print(f"printed {key}", file=sys.stderr, flush=True)
    yield Log(f"GET https://host/?token={key}")
    yield Text("t", 0, f"text {key}")
    yield Metric(f"metric {key}", 0, 1.0)
    yield Warn(f"warning {key}", remedy=key)
    yield Table("table", 0, [key], [[key]])
    yield Stage("wait")
    limit = time.monotonic() + 30
    while config.wait_for and not Path(config.wait_for).exists() and time.monotonic() < limit:
        time.sleep(0.02)
        yield Progress(0, 1)
    raise RuntimeError(f"refused with {key}")


class EchoConfig(Config):
    greeting: str = field("hello", help="What is said first")


@task("fake.echo", title="Answer what is said", session=True, emits=(Emits("text", "answer"),))
def echo(config: EchoConfig, resume: State | None = None) -> Iterator[Event]:
    said = 0
    yield Text("answer", 0, config.greeting)
    try:
        while True:
            command = yield Ready()
            said += 1
            yield Text("answer", said, str(command.get("text", "")).upper())
    except Stopped:
        return Result(verdict=f"{said} answers")
