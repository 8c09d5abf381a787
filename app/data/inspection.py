"""What is known of a dropped file or folder: plain values that fit through JSON."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.core.errors import AssayError

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
LARGEST_PREVIEW = 512
"""Pixels along the longer side; a preview claiming more did not come from us."""


@dataclass(frozen=True)
class Problem:
    """Something wrong or noteworthy. `count` is how often it was seen; `where` names the first place."""

    severity: Severity
    what: str
    where: str = ""
    remedy: str = ""
    count: int = 1

    @classmethod
    def from_error(cls, error: AssayError) -> "Problem":
        what = f"{error.what}: {error.why}" if error.why else error.what
        return cls("error", what, error.where, error.remedy)


@dataclass(frozen=True)
class Preview:
    """A small picture (PNG, at most `LARGEST_PREVIEW` pixels a side) or, without one, a line of text."""

    image_png: bytes | None
    caption: str


@dataclass(frozen=True)
class Inspection:
    """A dropped thing in words. `path` is what to write into a form's data field; `options` is what the form needs."""

    kind: str
    title: str
    summary: str
    path: str
    count: int | None = None
    facts: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    previews: tuple[Preview, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """True where a workspace could take it: the kind is known and nothing makes it unreadable."""
        return self.kind != "unknown" and not any(problem.severity == "error" for problem in self.problems)

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "title": self.title,
            "summary": self.summary,
            "path": self.path,
            "count": self.count,
            "facts": [list(fact) for fact in self.facts],
            "problems": [
                {"severity": p.severity, "what": p.what, "where": p.where, "remedy": p.remedy, "count": p.count}
                for p in self.problems
            ],
            "previews": [
                {"png": base64.b64encode(p.image_png).decode() if p.image_png else None, "caption": p.caption}
                for p in self.previews
            ],
            "options": self.options,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Inspection":
        """Rebuild what `as_dict` gave; raises AssayError for anything else, for the helper may be broken."""
        try:
            return cls(
                kind=str(record["kind"]),
                title=str(record["title"]),
                summary=str(record["summary"]),
                path=str(record["path"]),
                count=None if record["count"] is None else int(record["count"]),
                facts=tuple((str(name), str(text)) for name, text in record["facts"]),
                problems=tuple(_problem(entry) for entry in record["problems"]),
                previews=tuple(_preview(entry) for entry in record["previews"]),
                options=dict(record["options"]),
            )
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise AssayError("The file reader gave an answer that makes no sense", why=repr(error)) from error


def _problem(entry: Mapping[str, Any]) -> Problem:
    severity = next((known for known in SEVERITIES if known == entry["severity"]), SEVERITIES[0])
    return Problem(severity, str(entry["what"]), str(entry["where"]), str(entry["remedy"]), int(entry["count"]))


def _preview(entry: Mapping[str, Any]) -> Preview:
    if entry["png"] is None:
        return Preview(None, str(entry["caption"]))
    picture = base64.b64decode(entry["png"], validate=True)
    width, height = int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])
    if picture[:8] != PNG_MAGIC or max(width, height) > LARGEST_PREVIEW:
        raise ValueError("a preview is no small PNG")
    return Preview(picture, str(entry["caption"]))
