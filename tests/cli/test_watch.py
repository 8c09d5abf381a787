"""How a run looks in a terminal and in a pipe."""

import numpy as np

from app.cli.watch import Bars, Lines, in_order
from app.runs.records import Batch, Points, Record


def points(*steps):
    seq = np.array(steps) * 2
    return Points(seq, seq * 1.0, np.array(steps), np.array(steps) * 0.5)


def progress(seq, time, done, total=10):
    return Record(seq, time, "progress", "", None, {"done": done, "total": total, "unit": "epoch"})


def test_points_and_records_come_in_the_order_of_the_log():
    batch = Batch({"loss": points(1, 2, 3)}, [Record(3, 3.0, "log", "", None, {"text": "hi"})])
    assert [line["n"] for line in in_order(batch)] == [2, 3, 4, 6]


def test_a_pipe_gets_few_lines_about_one_stage(capsys):
    view = Lines()
    view.show(Batch({}, [Record(1, 0.0, "stage", "train", None, {})]))
    view.show(Batch({"loss": points(1)}, [progress(k, k * 0.01, k) for k in range(10)]))
    view.show(Batch({}, [progress(99, 0.2, 10)]))
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "train 10/10 100 %  loss 0.5" in said[1]


def test_a_terminal_gets_a_bar_with_stage_unit_and_figures(capsys):
    view = Bars()
    view.show(Batch({}, [Record(1, 0.0, "stage", "train", None, {})]))
    view.show(Batch({"loss": points(1)}, [progress(2, 0.1, 5)]))
    view.show(Batch({}, [Record(3, 0.2, "log", "", None, {"text": "a \x1b[31mline"})]))
    view._close()
    said = capsys.readouterr().err
    assert "train" in said and "5/10" in said and "epoch" in said and "loss 0.5" in said
    assert "a line" in said and "\x1b[31m" not in said


def test_progress_of_unknown_length_and_nonsense_is_borne(capsys):
    view = Lines()
    view.show(Batch({}, [progress(1, 9.0, 3, 0), Record(2, 20.0, "progress", "", None, {"done": "x", "total": None})]))
    said = capsys.readouterr().err
    assert " 3" in said and "/" not in said
