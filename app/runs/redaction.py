"""Secrets taken out of text: by their value wherever they appear, and by the look of a credential."""

import base64
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "‹secret removed›"
SHORTEST = 4
"""A shorter value would blank out half of every log; it is not treated as a secret by value."""

_NAMES = (
    r"(?:api[_-]?key|apikey|access[_-]?key|access[_-]?token|auth[_-]?token|token|password|passwd|secret|credential)"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+)[^\s\"',;]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{16,}"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@:]+:[^\s/@]+@"), rf"\1{MASK}@"),
    # key=value with a value that looks like a credential: eight or more characters, not a plain number or word.
    (
        re.compile(
            rf"(?i)({_NAMES}[\"']?\s*[:=]\s*[\"']?)(?=[^\s\"'&,;]*\d)(?![\d.]+(?:[\s\"'&,;]|$))[^\s\"'&,;‹]{{8,}}"
        ),
        rf"\1{MASK}",
    ),
    (
        re.compile(r"\b(?:hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16})\b"),
        MASK,
    ),
)
_KEY = re.compile(r"|[a-z_]+\.[a-z_]+")
"""What a setting holds in place of a secret: nothing, or the name under which the keyring has it."""
_SECRET_NAME = re.compile(rf"(?i)(?:^|[._-]){_NAMES}$")

Redact = Callable[[str], str]


def redactor(secrets: Iterable[str] = (), home: Path | None = None) -> Redact:
    """A function that removes `secrets` (also quoted, escaped or base64 encoded) and credential-like text.

    With `home`, that folder is written as `~`, so that a bundle does not name its sender.
    """
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    by_value = re.compile("|".join(map(re.escape, forms))) if forms else None
    homes = _home_forms(home) if home else None

    def redact(text: str) -> str:
        if by_value:
            text = by_value.sub(MASK, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return homes.sub("~", text) if homes else text

    return redact


def redact_record(record: Any, redact: Redact) -> Any:
    """`record` (nested mappings, lists, strings) redacted; a field that is named like a secret loses its text."""
    if isinstance(record, str):
        return redact(record)
    if isinstance(record, dict):
        return {
            redact(str(name)): MASK
            if isinstance(value, str) and _SECRET_NAME.search(str(name)) and not _KEY.fullmatch(value)
            else redact_record(value, redact)
            for name, value in record.items()
        }
    if isinstance(record, (list, tuple)):
        return [redact_record(item, redact) for item in record]
    return record


def _forms(secret: str) -> set[str]:
    secret = secret.strip()
    if len(secret) < SHORTEST:
        return set()
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        encoded,
        encoded.rstrip("="),
    }


def _home_forms(home: Path) -> re.Pattern[str]:
    text = str(home).rstrip("/\\")
    forms = {text, text.replace("\\", "/"), json.dumps(text)[1:-1], quote(text)}
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True) if len(form) > 1))
