import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import AssayError
from app.data.strict_json import parse_json, read_json

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**50), 10**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(ANY_JSON, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from([None, 2]))
@settings(max_examples=80, deadline=None)
def test_every_json_value_comes_back(value, encoding, indent):
    data = json.dumps(value, indent=indent).encode(encoding)
    assert parse_json(data) == value


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('{"a": 1,\n"b": NaN}', "NaN is no JSON number", 2),
        ("[1,\n2,\n-Infinity]", "-Infinity is no JSON number", 3),
        ('{"a": ' + "9" * 5000 + "}", "more than 100 digits", 1),
        ("\n" + "[" * 200_000 + "]" * 200_000, "nested more than 64 deep", 2),
        ('{"a":' * 100_000, "nested more than 64 deep", 1),
        ('{"a": 1,\n "a": 2}', "“a” is given twice", 2),
        ('{"a": 1,\n "b" 2}', "no valid JSON", 2),
        ("[1, 2,\n\n", "no valid JSON", 3),
        ("", "no valid JSON", 1),
        ('"\\ud800"x', "no valid JSON", 1),
        ("[1] [2]", "no valid JSON", 1),
        ('{"a": "' + '\\"' * 500_000, "no valid JSON", 1),
        ('"' * 400_001, "no valid JSON", 1),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, message, line):
    with pytest.raises(AssayError, match=message) as caught:
        parse_json(text.encode(), where="a.json")
    assert caught.value.where == f"a.json, line {line}"


def test_brackets_and_nan_inside_texts_are_texts():
    value = {"a": "[" * 1000 + "NaN" + '\\" {', "b": "9" * 5000}
    assert parse_json(json.dumps(value).encode()) == value


def test_bytes_that_are_no_text_say_their_line():
    with pytest.raises(AssayError, match="not UTF-8") as caught:
        parse_json(b'{"a":\n"\xff"}')
    assert caught.value.where == "line 2"


def test_more_bytes_than_the_limit_are_not_read(tmp_path):
    path = tmp_path / "a.json"
    with path.open("wb") as handle:
        handle.truncate(1_000_000_000)
    with pytest.raises(AssayError, match="larger than 1 MB"):
        read_json(path, limit=1_000_000)


@given(st.text(alphabet='{}[]",:\\0123456789.eE-+NaIinfty \n', max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_raises_anything_but_a_message(text):
    with suppress(AssayError):
        parse_json(text.encode())
