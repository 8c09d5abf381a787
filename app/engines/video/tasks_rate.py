"""The session in which a person rates a video while watching; what they said becomes a file to train on."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.core import (
    Array,
    Artifact,
    AssayError,
    Checkpoint,
    Emits,
    Event,
    Figure,
    Log,
    Ready,
    Result,
    Stage,
    State,
    Stopped,
    Table,
    Warn,
    task,
)
from app.core.task import Run
from app.engines.video.analysis import Analysis, load_analysis
from app.engines.video.rate_configs import RateConfig

if TYPE_CHECKING:
    from app.data.rater_scores import RaterScore
    from app.engines.video.ratings import RatingList

RATING_COLUMNS = ("rating", "from", "to", "score")
FORMULA_STARTERS = ("=", "+", "-", "@", "\t", "\r")
ENOUGH = 0.95
"""Share of a video after which its ratings count as whole."""


@task(
    "video.rate",
    title="Rate a video",
    session=True,
    emits=(
        Emits("array", "frames/times", "Frames"),
        Emits("array", "waveform", "Sound"),
        Emits("array", "ratings", "Ratings"),
        Emits("table", "ratings", "Ratings"),
        Emits("artifact", "*", "Files"),
    ),
)
def rate(config: RateConfig, resume: State | None = None) -> Run:
    """Take ratings one by one, each kept at once; finished or stopped, they are written as CSV and as a feature file."""
    from app.engines.video.ratings import RatingList

    yield Stage("load")
    found = load_analysis(Path(config.analysis))
    user = _name(config.user)
    earlier = _earlier(config.others)
    own = [(one.start_s, one.end_s, one.score) for one in earlier if one.user == user]
    others = [one for one in earlier if one.user != user]
    if resume is not None:
        own = [(float(a), float(b), float(c)) for a, b, c in resume["ratings"]]
    seconds = found.seconds
    ratings = RatingList(user, seconds, config.step, own)
    yield Array("frames/times", 0, found.times, meta={"source": found.source.path})
    if len(found.waveform):
        yield Array("waveform", 0, found.waveform, meta={"seconds": found.source.duration})
    number = len(own)
    yield from _shown(ratings, number)
    yield Stage("rate")
    finished = False
    try:
        while not finished:
            command = yield Ready()
            name = command["name"] if command else ""
            if name == "finish":
                finished = True
            elif name == "undo":
                if not ratings.undo():
                    yield Log("There is no rating to take back")
                    continue
            elif name == "rate":
                try:
                    ratings.rate(command or {})
                except AssayError as error:
                    yield Warn(error.what, error.why or error.remedy)
                    continue
            else:
                yield Warn(f"The session knows no command “{name}”", "It knows rate, undo and finish.")
                continue
            if not finished:
                number += 1
                yield from _shown(ratings, number)
                yield Checkpoint({"ratings": ratings.array()})
    except Stopped:
        finished = False
    yield from _files(found, ratings, others)
    return _result(ratings, others, finished)


def _name(user: str) -> str:
    name = " ".join(user.split())[:80]
    if not name or name.startswith(FORMULA_STARTERS):
        raise AssayError("The rater needs a name", where="user", remedy="Give a name that begins with a letter.")
    return name


def _earlier(ref: str) -> tuple["RaterScore", ...]:
    if not ref:
        return ()
    from app.data.files import split_ref
    from app.data.rater_scores import load_rater_scores

    return tuple(one for path in split_ref(ref) for one in load_rater_scores(path))


def _shown(ratings: "RatingList", number: int) -> Iterator[Event]:
    """All ratings so far; `number` counts what the person has done."""
    yield Array("ratings", number, ratings.array())
    yield Table("ratings", number, RATING_COLUMNS, [(place, *row) for place, row in enumerate(ratings.rows, 1)])


def _files(found: Analysis, ratings: "RatingList", others: list["RaterScore"]) -> Iterator[Event]:
    """The ratings as CSV, and with features and shots in the layout of the benchmarks."""
    from app.data.rater_scores import rater_scores_csv
    from app.engines.video.cutting import Choices, Cutter, Film
    from app.engines.video.feature_file import feature_file
    from app.engines.video.ratings import at_picks

    everyone = [*ratings.scores(), *others]
    if not everyone:
        return
    text = rater_scores_csv(everyone)
    yield Artifact("ratings.csv", text, "video-annotations", "Who gave which stretch which score")
    users, table = at_picks(everyone, found.times[found.picks] - found.times[0])
    if not users:
        yield Warn(
            "No rated stretch holds a frame with features, so there is no feature file", "Rate longer stretches."
        )
        return
    film = Film(found.times, found.difference, found.picks, found.features, found.components, found.component_names)
    shots = Cutter(film).shots(Choices())[0]
    data = feature_file([(Path(found.source.path).name, found, np.asarray(shots), None, table)])
    yield Artifact(
        "ratings.h5", data, "video-features", f"Features, shots and the ratings of {len(users)}, to train on"
    )


def _result(ratings: "RatingList", others: list["RaterScore"], finished: bool) -> Result:
    share, count = ratings.share(), len(ratings.rows)
    people = len({one.user for one in others})
    figures = [
        Figure(name="rated", value=100 * share, unit="%", note=f"of {ratings.seconds:.0f} s"),
        Figure(name="ratings", value=count),
    ]
    if count:
        figures.append(Figure(name="mean score", value=float(ratings.array()[:, 2].mean()), n=count))
    whole = share >= ENOUGH
    beside = f", beside {people} other{'s' * (people > 1)}" if people else ""
    return Result(
        verdict=f"{ratings.user} rated {100 * share:.0f} % of the video{beside}" if count else "Nothing was rated",
        tone="good" if whole else "unsure",
        advice=(
            "Send ratings.h5 to Train. A few videos and more than one person are needed for a model that holds elsewhere."
            if whole
            else "What was not rated counts as the lowest score given; resume to rate the rest."
        ),
        figures=tuple(figures),
        partial=not finished and not whole,
    )
