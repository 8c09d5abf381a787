"""Where scores come from: files that fit the video, words that count for nothing, and cuts that are the true ones."""

import json
from dataclasses import replace

import numpy as np
import pytest

from app.core import AssayError
from app.engines import find_task
from app.engines.video.analysing import Analyser
from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from app.engines.video.configs import SummariseConfig
from app.engines.video.cutting import Choices, Cutter, Film
from app.engines.video.judging import choices_of, imported_scores, scored, with_story

TIMES = np.arange(0, 10, 0.5)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("judged") / "clip.mp4"
    write_clip(make_clip(6.0, shots=3, seed=3), path)
    analyser = Analyser(path)
    list(analyser.chunks())
    return analyser.result()


def written(folder, text):
    path = folder / "scores.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_imported_scores_are_straight_lines_between_their_rows(tmp_path):
    scores = imported_scores(written(tmp_path, "seconds,score\n0,1\n10,3\n"), TIMES)
    np.testing.assert_allclose(scores, TIMES / TIMES[-1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("100,1\n200,2\n", "another video"),
        ("0,nan\n1,2\n", "row 1"),
        ("time,score\n0,1\n1,often\n", "row 3"),
        ("seconds,score\n", "no numbers"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, text, words):
    with pytest.raises(AssayError) as refused:
        imported_scores(written(tmp_path, text), TIMES)
    assert words in f"{refused.value.what} {refused.value.where}"


def test_ratings_of_another_video_are_refused(found, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user,start_s,end_s,score\nme,900,902,3\n", encoding="utf-8")
    with pytest.raises(AssayError, match="another video"):
        scored(found, SummariseConfig(ratings=str(path)))


def test_a_query_that_nobody_reads_is_told(found):
    assert scored(found, SummariseConfig()).findings == ()
    assert "only a trained model" in scored(found, SummariseConfig(query="a dog")).findings[0]


def test_the_file_of_an_import_has_to_be_named():
    task = find_task("video.summarise")
    for values, words in (
        ({"scorer": "import"}, "scores file"),
        ({"scorer": "model"}, "trained model"),
        ({"shots": "import"}, "cuts file"),
    ):
        with pytest.raises(AssayError, match=words):
            task.parse(values)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "file",
    ["synth_a_30fps.mp4", "synth_b_vfr.mp4", "synth_c_noaudio_2997.mp4", "synth_d_vp9_opus.webm",
     "synth_e_short_1shot.mp4"],
)  # fmt: skip
def test_default_cuts_are_the_true_ones(shared, file):
    """Acceptance check 1 of the spec."""
    folder = shared / "data" / "videosum"
    path = folder / file
    truth = {
        row["file"]: row["cuts_first_frame_of_new_shot"]
        for row in json.loads((folder / "synth_truth.json").read_text())
    }
    analyser = Analyser(path)
    list(analyser.chunks())
    analysis = with_story(analyser.result())
    config = SummariseConfig(video=str(path))
    choices = choices_of(config, analysis.component_names)
    film = Film(
        analysis.times, analysis.difference, analysis.picks, analysis.features, analysis.components,
        analysis.component_names,
    )  # fmt: skip
    assert isinstance(choices, Choices)
    shots = Cutter(film).shots(replace(choices, keep=(), drop=()))[0]
    assert shots[1:, 0].tolist() == truth[file]


def test_queries_of_a_model_that_reads_them_otherwise_are_refused(world_model):
    from app.engines.video.scoring import query_tokens

    assert query_tokens(world_model, "a dog").shape == (2, 256)
    assert query_tokens(world_model, " ") is None
    with pytest.raises(AssayError, match="does not know"):
        query_tokens(replace(world_model, query_encoder="clip"), "a dog")


@pytest.fixture
def world_model():
    import torch

    from app.engines.video.model_files import Preparation, Saved
    from app.engines.video.networks import Shape, empty

    shape = Shape("conditional", 8, 16)
    return Saved(shape, empty(shape), Preparation(torch.ones(8)))


@pytest.mark.parametrize(
    "text", ["time;score\n0,0;1,5\n2,5;3,5\n5;2\n", "0.0\t1.5\n2.5\t3.5\n5\t2\n", "0,1.5\n2.5,3.5\n5,2\n"]
)
def test_imported_scores_of_any_spreadsheet_mean_the_same(tmp_path, text):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    assert imported_scores(path, np.array([0.0, 2.5, 5.0])).tolist() == [0.0, 1.0, 0.25]


@pytest.mark.parametrize(
    ("text", "said"), [("0,1\n1,much\n2,3\n", "row 2"), ("0\n1\n", "too few columns"), ("0,1\n1,nan\n", "row 2")]
)
def test_imported_scores_that_make_no_sense_are_named_by_row(tmp_path, text, said):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(AssayError) as caught:
        imported_scores(path, np.array([0.0, 1.0]))
    assert said in str(caught.value)
