"""Pages of a report: templates that escape everything, with hidden characters and secrets taken out on the way."""

import base64
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

import app
from app.core import Figure
from app.runs.figures import figure_text
from app.runs.plain_text import plain_text
from app.runs.redaction import Redact

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 1_000_000
"""Characters of one text; what is longer was cut before, with a word on it."""


class DataUri(Markup):
    """Bytes inlined into the page: checked when made, so passed through unread."""


def data_uri(kind: str, data: bytes) -> DataUri:
    """`data` as a `data:` address; `kind` is a media type that this program chose, never one from a file."""
    return DataUri(f"data:{kind};base64,{base64.b64encode(data).decode()}")


def fill(template: str, redact: Redact, now: datetime, **context: Any) -> str:
    """The finished page. Every string is made plain and redacted, then escaped; markup of ours is only redacted."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    def clean(value: Any) -> Any:
        if isinstance(value, DataUri) or not isinstance(value, str):
            return value
        return Markup(redact(value)) if isinstance(value, Markup) else redact(plain_text(value, LONGEST))

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=clean,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(figure_words=_figure_words, is_web=_is_web)
    page = environment.get_template(template).render(
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        version=app.__version__,
        now=now.strftime("%d %B %Y, %H:%M"),
        **context,
    )
    return page.lstrip()


def _figure_words(figure: Figure) -> Mapping[str, str]:
    value, sign, rest = figure_text(figure).partition(" ±")
    return {"value": value, "rest": sign + rest}


def _is_web(link: str) -> bool:
    return link.startswith(("https://", "http://"))
