import csv
import io

import pytest

from app.data.export import csv_text, safe_cell, write_csv


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-2.5e-3", "-2.5e-3"),
        ("+7", "+7"),
        ("-inf", "-inf"),
        (-2.5, -2.5),
        (0.1, 0.1),
        (True, True),
        (None, ""),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_becomes_text(value, cell):
    assert safe_cell(value) == cell


def test_column_names_are_made_safe_too_and_quoting_holds():
    text = csv_text(["=a", "b"], [['x,\n"y"', -1.5]])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["'=a", "b"], ['x,\n"y"', "-1.5"]]


def test_a_written_table_is_utf_8_with_its_mark(tmp_path):
    write_csv(tmp_path / "a.csv", ["größe"], [[1]])
    assert (tmp_path / "a.csv").read_bytes() == "\ufeffgröße\r\n1\r\n".encode()
