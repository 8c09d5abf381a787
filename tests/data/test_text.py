import pytest

from app.data.text import listed, plain, plural, shorten, size_in_words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("über 猫 😀.png", "über 猫 😀.png"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("photo\u202egnp.exe", "photo\\u202egnp.exe"),
        ("\u2066hidden\u2069", "\\u2066hidden\\u2069"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028end", "line\\u2028end"),
        ("bad\udcffbyte", "bad\\xffbyte"),
        ("lone\ud800", "lone\\ud800"),
        ("\x9b31m", "\\x9b31m"),
        ("<b>&amp;</b><img src=file:x>", "<b>&amp;</b><img src=file:x>"),
        ("family 👨\u200d👩", "family 👨\u200d👩"),
        ("-rf", "-rf"),
        ("CON.", "CON."),
        ("\U000e0041tag", "\\U000e0041tag"),
        ("", ""),
    ],
)
def test_a_name_is_shown_without_anything_that_acts(name, shown):
    assert plain(name) == shown


def test_a_name_of_megabytes_is_cut_in_the_middle():
    shown = plain("a" * 5_000_000 + ".png")
    assert len(shown) == 200
    assert "…" in shown


def test_shortening_keeps_both_ends():
    assert shorten("0123456789", 5) == "01…89"
    assert shorten("01234", 5) == "01234"


def test_nothing_shown_can_break_out_of_its_line():
    every = "".join(map(chr, range(0x3000)))
    assert len(plain(every, 100_000).splitlines()) == 1


def test_words_for_lists_counts_and_sizes():
    assert listed(["a", "b"], 5) == "a, b"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert plural(1, "class", "classes") == "1 class"
    assert plural(5000, "picture") == "5,000 pictures"
    assert [size_in_words(n) for n in (1, 999, 1000, 3_140_000, 2 * 10**18)] == [
        "1 byte",
        "999 bytes",
        "1 kB",
        "3.14 MB",
        "2e+03 PB",
    ]
