"""Numbers as people type them: both decimal signs, any digits, exponents kept; and steps that suit the number."""

import math
import re
import unicodedata

LONGEST = 64
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"[+-]?\d+")


class Unreadable(ValueError):
    """The text is no number of the wanted kind; the message says what to do."""


def parse_number(text: str, whole: bool) -> int | float:
    """The number in `text`; "," and "." are both decimal signs. Raises Unreadable.

    Whole numbers keep every digit; 1e3 counts as whole, 0.5 does not. Minus zero becomes zero.
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    if not plain:
        raise Unreadable("Enter a number")
    if len(plain) > LONGEST:
        raise Unreadable(f"Longer than {LONGEST} characters: that is no number")
    if sum(plain.count(sign) for sign in ".,") > 1:
        raise Unreadable("Use one decimal sign and no thousands separators")
    if not NUMBER.fullmatch(plain):
        raise Unreadable("Use digits, one decimal sign, and e for powers of ten: 0.001 or 1e-3")
    if WHOLE.fullmatch(plain) and whole:
        return int(plain)
    value = float(plain.replace(",", "."))
    if math.isinf(value):
        raise Unreadable("Too large for any number here")
    if not whole:
        return value + 0.0 if value else 0.0
    if not value.is_integer():
        raise Unreadable("Must be a whole number")
    return int(value)


def number_text(value: int | float) -> str:
    """The shortest text that reads back as the same number; always with "." as the decimal sign."""
    if isinstance(value, int):
        return str(value)
    if value == 0:
        return "0.0"
    text = repr(float(value))
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if mark else text


def stepped(value: int | float, steps: int, whole: bool, logarithmic: bool) -> int | float:
    """`value` moved by so many steps: by 1-2-5 factors when logarithmic, else by a tenth of its power of ten."""
    if logarithmic and value > 0:
        for _ in range(abs(steps)):
            value = _next_round(value, steps > 0, whole)
        return value
    if whole:
        return int(value) + steps
    size = 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else 0.1
    return round(value + steps * size, 12 - math.floor(math.log10(size)))


def _next_round(value: int | float, up: bool, whole: bool) -> int | float:
    """The next number of the series 1, 2, 5, 10, … above or below."""
    power = math.floor(math.log10(value))
    ladder = [mantissa * 10.0**exponent for exponent in (power - 1, power, power + 1) for mantissa in (1, 2, 5)]
    near = 1e-9 * value
    if up:
        found = min(rung for rung in ladder if rung > value + near)
    else:
        found = max(rung for rung in ladder if rung < value - near)
    if whole:
        return max(int(value) + 1, round(found)) if up else min(int(value) - 1, int(found))
    return float(f"{found:.12g}")
