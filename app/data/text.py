"""Names and texts from others, made safe to show on one line."""

import math
import unicodedata

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that act on the text around them or show nothing: controls, bidi marks, lone surrogates."""

UNITS = ("kB", "MB", "GB", "TB", "PB")

JOINERS = {"\u200d", "\ufe0f"}
"""Needed inside emoji and some scripts; harmless on their own."""


def plain(text: str, limit: int = 200) -> str:
    """`text` on one line with every acting or invisible character spelled out, as in `\\x1b` or `\\u202e`."""
    # Cut first: a hostile name may be megabytes long.
    return shorten("".join(map(_visible, text[: 4 * limit])), limit)


def shorten(text: str, limit: int) -> str:
    """`text` with its middle left out where it is longer than `limit` characters (at least 3)."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def listed(names: list[str], limit: int = 5) -> str:
    """The first few of `names`, made plain, and how many more there are."""
    shown = ", ".join(plain(name, 60) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def plural(count: int, one: str, many: str = "") -> str:
    """“1 picture”, “5,000 pictures”."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def size_in_words(count: int) -> str:
    """Bytes as a person says them: “512 bytes”, “3.1 MB”."""
    if count < 1000:
        return plural(count, "byte")
    power = min(len(UNITS), int(math.log10(count)) // 3)
    return f"{count / 1000**power:.3g} {UNITS[power - 1]}"


def _visible(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        # A byte of a file name that is no UTF-8, as Python carries it.
        code = ord(character)
        return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
    if character in JOINERS or unicodedata.category(character) not in INVISIBLE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
