import codecs

import numpy as np
import pytest

from app.core import AssayError
from app.data.labelled import load_labelled
from app.data.table import FIELD_LIMIT, number, read_table
from tests.data import making


def write(tmp_path, data):
    path = tmp_path / "table.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("header", [False, True])
def test_delimiter_header_and_decimal_comma_are_found_out(tmp_path, delimiter, comma, header):
    if comma and delimiter == ",":
        pytest.skip("a comma cannot be both")
    path = write(tmp_path, making.csv_text(delimiter, comma, header))
    table = read_table(path)
    assert (table.dialect.delimiter, table.dialect.decimal_comma, table.dialect.header) == (delimiter, comma, header)
    data = load_labelled(str(path))
    assert data.features.shape == (making.COUNT, 2)
    assert data.features[1].tolist() == [1.5, -1.25]
    assert data.class_names == ("a", "b", "c")
    assert data.feature_names == (("width", "height") if header else ("column 1", "column 2"))


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("latin-1", "Latin-1"),
    ],
)
def test_encodings_are_found_out(tmp_path, encoding, named):
    text = making.csv_text().replace("kind", "Größe")
    table = read_table(write(tmp_path, text.encode(encoding)))
    assert table.columns[-1] == "Größe"
    assert table.encoding == named


def test_utf_16_of_the_other_byte_order_is_read_by_its_mark(tmp_path):
    data = codecs.BOM_UTF16_BE + making.csv_text().encode("utf-16-be")
    assert read_table(write(tmp_path, data)).columns == ("width", "height", "kind")


def test_the_label_column_can_be_chosen_by_name_or_number(tmp_path):
    lines = ["kind,a,b"] + [f"{'xy'[i % 2]},{i},{i * 2}" for i in range(10)]
    path = write(tmp_path, "\n".join(lines))
    for column in ("kind", "1"):
        data = load_labelled(str(path), label_column=column)
        assert data.class_names == ("x", "y")
        assert data.feature_names == ("a", "b")
    with pytest.raises(AssayError, match="no column “colour”") as caught:
        load_labelled(str(path), label_column="colour")
    assert "kind, a, b" in caught.value.remedy


def test_quoted_newlines_and_delimiters_stay_in_their_cells(tmp_path):
    lines = ["width,kind"] + [f'{i},"a, or\n""b"" {i % 2}"' for i in range(10)]
    table = read_table(write(tmp_path, "\n".join(lines)))
    assert table.rows[0] == ["0", 'a, or\n"b" 0']
    assert table.numbers[:2] == [2, 3]  # rows as a spreadsheet counts them, not lines


def test_whole_number_labels_sort_as_numbers(tmp_path):
    lines = [f"{i}.5,{(10, 9, 2)[i % 3]}.0" for i in range(12)]
    assert load_labelled(str(write(tmp_path, "\n".join(lines)))).class_names == ("2", "9", "10")


BASE = ["a,b,kind"] + [f"{i},{i}.5,{'xy'[i % 2]}" for i in range(10)]


@pytest.mark.parametrize(
    ("row", "what", "where"),
    [
        ("NaN,1,x", "NaN value", "row 4, column “a”"),
        ("1,-inf,x", "infinite value", "row 4, column “b”"),
        ("1,1e999,x", "infinite value", "row 4, column “b”"),
        ("1,abc,x", "text where a number is needed (“abc”)", "row 4, column “b”"),
        ("1,1_000,x", "text where a number is needed (“1_000”)", "row 4, column “b”"),
        ("1,１２,x", "text where a number is needed", "row 4, column “b”"),
        (",1,x", "empty cell", "row 4, column “a”"),
        ("1,2, ", "empty label", "row 4, column “kind”"),
        ("\x1b[31m1,2,x", "“\\x1b[31m1”", "row 4, column “a”"),
    ],
)
def test_a_bad_cell_is_named_with_row_column_and_text(tmp_path, row, what, where):
    path = write(tmp_path, "\n".join([*BASE[:3], row, *BASE[3:]]))
    with pytest.raises(AssayError) as caught:
        load_labelled(str(path))
    assert what in caught.value.what
    assert where in caught.value.where
    data = load_labelled(str(path), on_bad_file="skip")
    assert data.count == 10
    assert len(data.skipped) == 1
    assert "Left out 1 row" in data.notices[0]


def test_a_bad_cell_in_the_first_row_is_not_taken_for_a_header(tmp_path):
    lines = ["1,2,oops,4,x"] + [f"1,2,{i},4,{'xy'[i % 2]}" for i in range(9)]
    with pytest.raises(AssayError) as caught:
        load_labelled(str(write(tmp_path, "\n".join(lines))))
    assert "row 1, column “column 3”" in caught.value.where


def test_a_column_of_text_is_said_once(tmp_path):
    lines = ["name,a,kind"] + [f"n{i},{i},{'xy'[i % 2]}" for i in range(10)]
    with pytest.raises(AssayError, match="and 9 more cells") as caught:
        load_labelled(str(write(tmp_path, "\n".join(lines))))
    assert "Column “name” holds text" in caught.value.remedy


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a,b\n1,2\n1\0,2\n", "NUL character"),
        ("a,b,c\n1,2,x\n1,2\n1,2,y\n", "row 3 has 2 cells, the first row has 3"),
        ('a,b\n1,"x\n2,y\n', "quote is opened there and never closed"),
        ("a,b\n1," + "x" * (FIELD_LIMIT + 10) + "\n", "longer than 131,072 characters"),
        ("", "is an empty file"),
        ("\n\n  \n", "has no rows"),
        ("a,b\n", "no rows below its header"),
        ("only\nwords\nhere\n" * 4, "only one column"),
        ("a,b\n" + "\n".join(f"{i},same" for i in range(9)), "only one class"),
        ("a,b\n" + "\n".join(f"{i},{'x' if i < 3 else 'y'}" for i in range(9)), r"fewer than 4 samples: x \(3\)"),
        ("a,b\n" + "\n".join(f"{i},{i / 3:.9f}" for i in range(40)), "40 different values in 40 samples"),
    ],
    ids=[
        "nul",
        "ragged",
        "open quote",
        "huge cell",
        "empty",
        "blank",
        "header only",
        "one column",
        "one class",
        "small",
        "numbers",
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, data, message):
    with pytest.raises(AssayError, match=message):
        load_labelled(str(write(tmp_path, data)))


def test_a_huge_cell_is_refused_within_the_limit_and_not_by_a_crash(tmp_path):
    with pytest.raises(AssayError, match="cannot be cut into cells"):
        read_table(write(tmp_path, b"a,b\n1," + b"x" * 30_000_000))


def test_a_look_at_the_first_bytes_leaves_the_cut_row_out(tmp_path):
    path = write(tmp_path, making.csv_text())
    table = read_table(path, byte_limit=60)
    assert not table.complete
    assert table.rows[-1] == read_table(path).rows[len(table.rows) - 1]


def test_rows_above_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("app.data.table.ROW_LIMIT", 5)
    with pytest.raises(AssayError, match="more than 5 rows"):
        read_table(write(tmp_path, making.csv_text()))


def test_numbers_are_strictly_numbers():
    assert number(" -1.5e3 ") == -1500
    assert number("1,5", decimal_comma=True) == 1.5
    assert np.isnan(number("nan"))
    assert [number(text) for text in ("1,5", "0x10", "1 000", "", "--1", "1.2.3")] == [None] * 6
