"""Text from anywhere, made safe to show: no terminal codes, no hidden direction changes, no endless lines."""

import re

_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_HIDDEN = re.compile(
    "[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
)


def plain_text(text: object, limit: int = 20_000) -> str:
    """`text` without terminal codes; hidden and direction-changing characters are shown as ⟨U+202E⟩.

    Line breaks and tabs stay. At most `limit` characters, and the number that were left out is said.
    """
    whole = str(text)
    shown = _TERMINAL_CODES.sub("", whole[:limit]).replace("\r\n", "\n")
    shown = _HIDDEN.sub(_name_it, shown)
    if len(whole) > limit:
        shown += f" … ({len(whole) - limit} more characters)"
    return shown


def one_line(text: object, limit: int = 200) -> str:
    """`plain_text` on one line: for names, tables and terminals."""
    return " ".join(plain_text(text, limit).split())


def _name_it(match: re.Match[str]) -> str:
    return "\n" if match[0] == "\r" else f"⟨U+{ord(match[0]):04X}⟩"
