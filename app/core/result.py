"""What a task returns: a verdict in plain words, headline figures, and the method's own terms."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Figure(BaseModel):
    """A headline number. `interval` is the half width of the 95 % interval over `n` repetitions or samples."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: float
    unit: str = ""
    interval: float | None = None
    n: int = 1
    better: Literal["higher", "lower", None] = None
    note: str = ""


class Citation(BaseModel):
    """Where a method or a published figure comes from."""

    model_config = ConfigDict(frozen=True)

    text: str
    link: str = ""


class Result(BaseModel):
    """The end of a run. `exit_code` is what the command line returns when the run ends well."""

    model_config = ConfigDict(frozen=True)

    verdict: str
    tone: Literal["good", "bad", "neutral", "unsure"] = "neutral"
    advice: str = ""
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    methods: str = ""
    citations: tuple[Citation, ...] = ()
    details: dict[str, Any] = {}
    partial: bool = False
    exit_code: int = 0
