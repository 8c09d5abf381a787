import numpy as np
import pytest

from app.core import AssayError
from app.data.query_sets import load_query_set
from app.data.rater_scores import (
    RaterScore,
    load_rater_scores,
    load_user_summary,
    rater_scores_csv,
    scores_at,
    user_summary_json,
)
from app.data.splits import load_splits
from tests.data import making_video


def refusal(load, path, text):
    path.write_text(text)
    with pytest.raises(AssayError) as caught:
        load(path)
    return str(caught.value)


def test_splits_are_read_from_json_and_from_yaml(tmp_path):
    assert load_splits(making_video.splits_json(tmp_path / "s.json"))[0].test == ("video_3",)
    (split,) = load_splits(making_video.splits_yaml(tmp_path / "s.yml"))
    assert split.train == ("../datasets/tvsum.h5/video_1",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"train_keys": ["a", "b"], "test_keys": ["b"]}]', "in both train and test: b"),
        ('[{"train_keys": ["a", "a"], "test_keys": ["b"]}]', "twice: a"),
        ('[{"train_keys": ["a"], "test_keys": ["b"]}, {"train_keys": ["a"]}]', "split 2"),
        ('[{"train_keys": ["a"], "test_keys": ["b"], "tset": 1}]', "“tset” is not known"),
        ('[{"train_keys": ["a"], "test_keys": 4}]', "no list of video names"),
        ('[{"train_keys": ["a"], "train_keys": ["b"], "test_keys": ["c"]}]', "given twice"),
        ("[]", "holds no splits"),
        ("- train_keys: [a]\n  train_keys: [b]\n  test_keys: [c]\n", "“train_keys” is given twice"),
        ("- train_keys: &a [a]\n  test_keys: *a\n", "aliases"),
        ("- train_keys: [" + "[" * 30 + "]" * 30 + "]\n", "nested more than"),
        ("- train_keys: [" + "[" * 5000 + "\n", "YAML"),
        ("- train_keys: [a\n", "line"),
        ("!!python/object/apply:os.system ['touch hacked']\n", "YAML"),
        ("- train_keys: [a]\n" + "# " + "x" * 300_000, "larger than"),
        ("", "empty"),
    ],
)
def test_bad_splits_are_named(tmp_path, text, said):
    assert said in refusal(load_splits, tmp_path / "s.yml", text)


@pytest.mark.shared_data
def test_the_shipped_splits_are_read(shared):
    for path in sorted((shared / "data" / "videosum" / "splits").iterdir()):
        splits = load_splits(path)
        videos = 50 if "tvsum" in path.name else 25
        assert len(splits) == 5
        assert all(len(split.train) + len(split.test) == videos for split in splits)


def test_scores_come_back_as_they_were_written(tmp_path):
    scores = (RaterScore("ann, the first", 0, 2.5, 4), RaterScore("bob", 2.5, 4, 0.5))
    path = tmp_path / "s.csv"
    path.write_text(rater_scores_csv(scores))
    assert load_rater_scores(path) == scores


def test_scores_at_the_picks_leave_gaps_where_nothing_was_said(tmp_path):
    users, table = scores_at(
        load_rater_scores(making_video.rater_scores(tmp_path / "s.csv")), np.array([0.0, 2.0, 4.0])
    )
    assert users == ("ann", "bob")
    np.testing.assert_array_equal(table, [[3, 5, np.nan], [1, np.nan, np.nan]])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_scores_of_a_spreadsheet_are_read_whatever_separates_its_cells(tmp_path, separator):
    point = "." if separator == "," else ","
    rows = [
        ["user", "start_s", "end_s", "score"],
        ["ann", "0", f"2{point}5", f"3{point}5"],
        ["bob", f"2{point}5", "4", "1"],
    ]
    path = tmp_path / "s.csv"
    path.write_text("\n".join(separator.join(row) for row in rows), encoding="utf-16")
    assert load_rater_scores(path) == (RaterScore("ann", 0, 2.5, 3.5), RaterScore("bob", 2.5, 4, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user,start_s,score\n", "“end_s”"),
        ("user,start_s,end_s,score\na,0,2\n", "row 2"),
        ("user,start_s,end_s,score\na,0,2,x\n", "row 2"),
        ("user,start_s,end_s,score\na,0,2,nan\n", "row 2"),
        ("user,start_s,end_s,score\na,2,2,1\n", "row 2"),
        ("user,start_s,end_s,score\n", "holds no scores"),
        ('user,start_s,end_s,score\n"a,0,2,1\n', "cannot be cut into cells"),
    ],
)
def test_bad_scores_are_named_by_row(tmp_path, text, said):
    assert said in refusal(load_rater_scores, tmp_path / "s.csv", text)


def test_chosen_frames_come_back_as_they_were_written(tmp_path):
    chosen = np.random.default_rng(0).integers(0, 2, (3, 40)).astype(np.uint8)
    path = tmp_path / "label.json"
    path.write_text(user_summary_json(chosen))
    assert np.array_equal(load_user_summary(path), chosen)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"user_summary": [[0, 1], [1]]}', "differ in length"),
        ('{"user_summary": [[0, 2]]}', "more than 0 and 1"),
        ('{"user_summary": [[0, "1"]]}', "more than 0 and 1"),
        ('{"user_summary": []}', "no table"),
        ('{"user_summary": [[0, NaN]]}', "NaN"),
        ("[1]", "no table"),
    ],
)
def test_bad_summaries_are_named(tmp_path, text, said):
    assert said in refusal(load_user_summary, tmp_path / "label.json", text)


def test_query_rows_know_their_video_and_frame(tmp_path):
    rows = load_query_set(making_video.query_set(tmp_path / "q.csv"))
    assert len(rows) == 8
    assert (rows[1].video, rows[1].frame, rows[1].relevance, rows[1].query) == ("film1", "1.jpg", 1, "dog")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("dog,w,http://h/f/1.jpg,4,0", "line 2"),
        ("dog,w,1.jpg,1,0", "line 2"),
        ("dog,w", "line 2"),
        ("", "holds no rows"),
    ],
)
def test_bad_query_rows_are_named_by_line(tmp_path, row, said):
    assert said in refusal(
        load_query_set, tmp_path / "q.csv", f"query,assignmentId,imageURL,Relevance,clusterNo\n{row}\n"
    )
