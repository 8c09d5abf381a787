import pytest

from app.widgets.number_text import Unreadable, number_text, parse_number, stepped


@pytest.mark.parametrize(
    ("text", "value"), [("0,5", 0.5), ("0.5", 0.5), ("1e-4", 1e-4), (" 12 ", 12), ("１２", 12), ("-0.0", 0), ("−3", -3)]
)
def test_both_decimal_signs_and_any_digits_are_read(text, value):
    assert parse_number(text, whole=False) == value


@pytest.mark.parametrize(
    "text", ["", "abc", "1,000.5", "1.000.000", "1e309", "1" * 10_000_000, "nan", "inf", "0x10", "1_000"]
)
def test_what_is_no_number_is_refused_in_words(text):
    with pytest.raises(Unreadable) as refused:
        parse_number(text, whole=False)
    assert str(refused.value)


def test_minus_zero_becomes_zero():
    assert str(parse_number("-0", whole=False)) == "0.0"


def test_a_seed_of_64_bits_keeps_every_digit():
    assert parse_number(str(2**64), whole=True) == 2**64
    assert number_text(2**64) == "18446744073709551616"


def test_a_whole_number_may_be_written_with_a_power_but_not_with_a_fraction():
    assert parse_number("1e3", whole=True) == 1000
    with pytest.raises(Unreadable, match="whole number"):
        parse_number("0,5", whole=True)


@pytest.mark.parametrize("value", [1e-4, 0.1, 1.0, 3.0e-7, 123456.789, 1e22, 5])
def test_a_number_reads_back_as_itself(value):
    assert parse_number(number_text(value), whole=isinstance(value, int)) == value


def test_logarithmic_steps_walk_through_one_two_five():
    value = 1e-4
    seen = [value := stepped(value, 1, False, True) for _ in range(4)]
    assert seen == [2e-4, 5e-4, 1e-3, 2e-3]
    assert stepped(1e-3, -1, False, True) == 5e-4
    assert [stepped(k, 1, True, True) for k in (1, 2, 5, 64)] == [2, 5, 10, 100]


def test_linear_steps_suit_the_size_of_the_number():
    assert stepped(30, 1, True, False) == 31
    assert stepped(0.5, 1, False, False) == pytest.approx(0.51)
