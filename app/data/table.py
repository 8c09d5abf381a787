"""Read tables of text (CSV and its relatives): encoding, delimiter, header and decimal comma are found out."""

import codecs
import csv
import io
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import AssayError
from app.data.files import open_plain
from app.data.text import plain, size_in_words

SIZE_LIMIT = 256_000_000
ROW_LIMIT = 500_000
COLUMN_LIMIT = 20_000
FIELD_LIMIT = 131_072
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}

_SAMPLE_ROWS = 60
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Dialect:
    """How the text is cut into cells, and whether 1,5 means one and a half."""

    delimiter: str
    decimal_comma: bool
    header: bool


@dataclass(frozen=True)
class Table:
    """Cells as text. `numbers` is each row's number as a spreadsheet counts; not `complete` means more rows follow."""

    name: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    numbers: list[int]
    dialect: Dialect
    encoding: str
    complete: bool

    def column(self, wanted: str | None) -> int:
        """The index of the column with this name or number from 1; the last one for None. Raises AssayError."""
        if wanted is None or wanted == "":
            return len(self.columns) - 1
        if wanted in self.columns:
            return self.columns.index(wanted)
        if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:6]) <= len(self.columns):
            return int(wanted[:6]) - 1
        raise AssayError(
            f"“{self.name}” has no column “{plain(wanted, 60)}”",
            where=self.name,
            remedy=f"Its columns: {plain(', '.join(self.columns), 300)}",
        )

    def place(self, row: int, column: int) -> str:
        return f"{self.name}, row {self.numbers[row]}, column “{plain(self.columns[column], 60)}”"


def read_table(path: Path, byte_limit: int | None = None) -> Table:
    """The table at `path`, or with `byte_limit` the rows in its first bytes.

    Raises AssayError for NUL characters, ragged rows, unclosed quotes, cells over `FIELD_LIMIT`, and more than
    `SIZE_LIMIT` bytes, `ROW_LIMIT` rows or `COLUMN_LIMIT` columns.
    """
    name = plain(path.name)
    with open_plain(path) as handle:
        data = handle.read((byte_limit or SIZE_LIMIT) + 1)
    complete = len(data) <= (byte_limit or SIZE_LIMIT)
    if not complete and byte_limit is None:
        raise AssayError(f"“{name}” is larger than {size_in_words(SIZE_LIMIT)}", where=name, remedy="Split or thin it")
    text, encoding = _decode(data, name, complete)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise AssayError(f"“{name}” is no plain text", where=f"{name}, line {line}", why="it contains a NUL character")
    dialect = sniff(text)
    rows, numbers = _cut(text, dialect.delimiter, name, complete)
    return _table(name, rows, numbers, dialect, encoding, complete)


def sniff(text: str) -> Dialect:
    """The dialect that makes the first rows most regular and most numeric."""
    # Whole lines only, and not so many that a hostile first line is read three times.
    head = text[: 4 * FIELD_LIMIT]
    guesses = [_guess(head, delimiter) for delimiter in DELIMITERS]
    _, dialect = max(guesses, key=_score)
    return dialect


def number(text: str, decimal_comma: bool = False) -> float | None:
    """The number written in a cell (NaN and infinity are numbers here); None where there is none."""
    text = text.strip()
    if decimal_comma and "." not in text:
        text = text.replace(",", ".", 1)
    return float(text) if _NUMBER.fullmatch(text) else None


def _score(guess: tuple[tuple[bool, float, int], Dialect]) -> tuple[bool, float, int]:
    return guess[0]


def _guess(head: str, delimiter: str) -> tuple[tuple[bool, float, int], Dialect]:
    rows = []
    # A fault is met again by the full read, which says where it is.
    with suppress(csv.Error):
        for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                break
    widths = [len(row) for row in rows]
    width = max(set(widths), key=widths.count) if widths else 0
    even = [row for row in rows if len(row) == width]
    regular = width > 1 and len(even) >= 0.8 * len(rows)
    body = even[1:] or even
    shares = {comma: _numeric_share(body, comma) for comma in (False, True)}
    decimal_comma = delimiter != "," and shares[True] > shares[False]
    dialect = Dialect(delimiter, decimal_comma, _has_header(even, decimal_comma))
    return (regular, round(shares[decimal_comma], 3), width), dialect


def _numeric_share(rows: list[list[str]], decimal_comma: bool) -> float:
    cells = [cell for row in rows for cell in row]
    return sum(number(cell, decimal_comma) is not None for cell in cells) / max(1, len(cells))


def _has_header(rows: list[list[str]], decimal_comma: bool) -> bool:
    """True where the first row has words above columns of numbers; one bad cell in it is not enough."""
    if len(rows) < 2:
        return bool(rows) and all(number(cell, decimal_comma) is None for cell in rows[0])
    body = rows[1:]
    numeric = [
        column
        for column in range(len(rows[0]))
        if sum(number(row[column], decimal_comma) is not None for row in body) >= 0.5 * len(body)
    ]
    words = sum(number(rows[0][column], decimal_comma) is None for column in numeric)
    return not numeric or words > 0.5 * len(numeric)


def _decode(data: bytes, name: str, complete: bool) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif _alternates(data[:200]):
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        # A partial read may end inside a character: a decoder that waits for more keeps quiet about that.
        text = codecs.getincrementaldecoder(encoding)().decode(data, final=complete)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise AssayError(f"“{name}” is damaged UTF-16 text", where=name, why=plain(str(error))) from error
        return data.decode("latin-1"), "Latin-1"
    return text, encoding.upper().removesuffix("-SIG")


def _alternates(data: bytes) -> bool:
    """True for UTF-16 of mostly Latin letters: every other byte is zero."""
    even, odd = data[::2], data[1::2]
    return (
        len(data) >= 8 and max(even.count(0), odd.count(0)) > 0.9 * len(odd) and min(even.count(0), odd.count(0)) == 0
    )


def _cut(text: str, delimiter: str, name: str, complete: bool) -> tuple[list[list[str]], list[int]]:
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    numbers: list[int] = []
    line = 0
    try:
        for number_, row in enumerate(reader, start=1):
            line = reader.line_num
            if row and any(map(str.strip, row)):
                rows.append(row)
                numbers.append(number_)
            if len(rows) > ROW_LIMIT:
                raise AssayError(f"“{name}” has more than {ROW_LIMIT:,} rows", where=name, remedy="Thin it first")
    except csv.Error as error:
        if complete or "field larger" in str(error):
            raise _bad_quotes(name, line + 1, error) from error
    if not complete:
        # The last row was cut by the limit, not by its author.
        rows, numbers = rows[:-1], numbers[:-1]
    return rows, numbers


def _bad_quotes(name: str, line: int, error: csv.Error) -> AssayError:
    if "field larger" in str(error):
        why = f"a cell is longer than {FIELD_LIMIT:,} characters; perhaps a quote was never closed"
    elif "unexpected end" in str(error):
        why = "a quote is opened there and never closed"
    else:
        why = plain(str(error))
    return AssayError(f"“{name}” cannot be cut into cells", where=f"{name}, line {line}", why=why)


def _table(
    name: str, rows: list[list[str]], numbers: list[int], dialect: Dialect, encoding: str, complete: bool
) -> Table:
    if not rows:
        raise AssayError(f"“{name}” has no rows", where=name)
    width = len(rows[0])
    if width > COLUMN_LIMIT:
        raise AssayError(f"“{name}” has more than {COLUMN_LIMIT:,} columns", where=name)
    for row, number_ in zip(rows, numbers, strict=True):
        if len(row) != width:
            raise AssayError(
                f"“{name}” is ragged: row {number_} has {len(row)} cells, the first row has {width}",
                where=f"{name}, row {number_}",
                remedy=f"Cells are separated by {DELIMITERS[dialect.delimiter]}; put cells that contain one in quotes",
            )
    if dialect.header:
        columns = tuple(cell.strip() or f"column {i}" for i, cell in enumerate(rows[0], start=1))
        rows, numbers = rows[1:], numbers[1:]
    else:
        columns = tuple(f"column {i}" for i in range(1, width + 1))
    return Table(name, columns, rows, numbers, dialect, encoding, complete)


def label_suggestion(table: Table) -> int:
    """The column most likely to hold the class: one named so, else the last."""
    named = [i for i, column in enumerate(table.columns) if column.lower() in LABEL_NAMES]
    return named[-1] if named else len(table.columns) - 1


LABEL_NAMES = {"label", "labels", "class", "target", "species", "y", "category", "diagnosis", "outcome"}
