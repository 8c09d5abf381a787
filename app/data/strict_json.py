"""Read JSON from others within limits, and say in which line it goes wrong."""

import codecs
import json
import re
from pathlib import Path
from typing import Any

from app.core.errors import AssayError
from app.data.files import open_plain
from app.data.text import plain, size_in_words

SIZE_LIMIT = 4_000_000
DEPTH_LIMIT = 64
DIGIT_LIMIT = 100

# Strings first, so that what stands inside them is not taken for structure. An unclosed one is swallowed whole: if the
# closing mark were demanded, a line of `\"` would be scanned again from each of them.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|[\[\]{}]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity')


def read_json(path: Path, limit: int = SIZE_LIMIT) -> Any:
    """The value in the JSON file at `path`. Raises AssayError as `parse_json`, also when larger than `limit` bytes."""
    with open_plain(path) as handle:
        data = handle.read(limit + 1)
    return parse_json(data, where=plain(path.name), limit=limit)


def parse_json(data: bytes, where: str = "", limit: int = SIZE_LIMIT) -> Any:
    """The value written in `data` (UTF-8, or UTF-16 with its mark).

    Raises AssayError with the line for: more than `limit` bytes, nesting beyond `DEPTH_LIMIT`, integers beyond
    `DIGIT_LIMIT` digits, NaN and Infinity, a name given twice, and anything that is no JSON.
    """
    if len(data) > limit:
        raise AssayError(f"The JSON is larger than {size_in_words(limit)}", where=where)
    text = _decode(data, where)
    _check_tokens(text, where)
    try:
        return json.loads(text, object_pairs_hook=_Pairs(text, where).check)
    except json.JSONDecodeError as error:
        raise _at(error.lineno, f"This is no valid JSON: {error.msg}, column {error.colno}", where) from error
    except (ValueError, RecursionError) as error:
        raise AssayError("This is no valid JSON", where=where, why=plain(str(error))) from error


def _decode(data: bytes, where: str) -> str:
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _at(line, f"The text is not {encoding.removesuffix('-sig').upper()}", where) from error


def _check_tokens(text: str, where: str) -> None:
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "[{":
            depth += 1
            if depth > DEPTH_LIMIT:
                raise _at_offset(text, match.start(), f"Brackets are nested more than {DEPTH_LIMIT} deep", where)
        elif token in "]}":
            depth -= 1
        elif token.endswith(("NaN", "Infinity")):
            raise _at_offset(text, match.start(), f"{token} is no JSON number", where)
        elif token[0] != '"' and len(token) > DIGIT_LIMIT:
            raise _at_offset(text, match.start(), f"A number has more than {DIGIT_LIMIT} digits", where)


class _Pairs:
    """Builds objects and refuses a name that one object gives twice."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._where = where

    def check(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for name, value in pairs:
            if name in built:
                raise self._twice(name)
            built[name] = value
        return built

    def _twice(self, name: str) -> AssayError:
        what = f"The name “{plain(name, 60)}” is given twice"
        places = [match.start() for match in re.finditer(re.escape(json.dumps(name)) + r"\s*:", self._text)]
        # Unsure which pair of places it is once there are more than two: say no line rather than a wrong one.
        if len(places) != 2:
            return AssayError(what, where=self._where)
        return _at_offset(self._text, places[1], what, self._where)


def _at_offset(text: str, offset: int, what: str, where: str) -> AssayError:
    return _at(text.count("\n", 0, offset) + 1, what, where)


def _at(line: int, what: str, where: str) -> AssayError:
    return AssayError(what, where=f"{where}, line {line}" if where else f"line {line}")
