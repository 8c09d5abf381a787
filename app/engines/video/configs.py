"""Settings of *Summarise*, as its form and the command line show them; the parts serve other tasks too."""

from typing import Literal, Self

from pydantic import model_validator

from app.core import Config, field
from app.engines.video.detectors import CONTENT_THRESHOLD

ShotMethod = Literal["kts", "content", "uniform", "import"]
Scorer = Literal["blend", "model", "import"]
Codec = Literal["h264", "vp9", "av1"]

SHOT_METHODS = {
    "kts": "KTS on features",
    "content": "Content detector",
    "uniform": "Equal length",
    "import": "From a file",
}
CODECS = {"h264": "H.264 (mp4)", "vp9": "VP9 (webm)", "av1": "AV1 (mp4)"}


class AnalyseConfig(Config):
    """What one pass over the video looks at."""

    video: str = field(
        "builtin:clip",
        title="Video",
        widget="data",
        accepts=("video", "video-folder"),
        group="Video",
        help="Any file that ffmpeg reads; in the window, a folder of videos makes one run for each",
    )
    sampling: float = field(
        2.0,
        ge=0.5,
        le=10,
        unit="1/s",
        group="Video",
        help="Frames per second that get features. More sees shorter events and takes longer",
    )
    features: str = field(
        "",
        title="Features",
        widget="model",
        accepts=("image-model", "video-features"),
        group="Video",
        advanced=True,
        help="ONNX file or Hugging Face vision folder that describes a frame, or an .h5 of features in the layout of the "
        "benchmarks; empty takes the built-in descriptor, which needs no download",
    )


class ShotsConfig(Config):
    """Where one shot ends and the next begins."""

    shots: ShotMethod = field(
        "kts",
        group="Shots",
        labels=SHOT_METHODS,
        help="KTS groups frames that look alike; the content detector looks for sudden changes of colour",
    )
    vmax: float = field(
        0.8,
        ge=0.05,
        le=5,
        log=True,
        group="Shots",
        title="Penalty per cut (vmax)",
        help="Higher means fewer shots. Around 0.6 to 1 for the built-in descriptor, 1 for normalised deep features",
    )
    shot_count: int | None = field(
        None,
        ge=1,
        le=10_000,
        group="Shots",
        advanced=True,
        help="Cut into exactly so many shots; empty lets vmax decide",
    )
    shortest_shot: float = field(0.5, ge=0.2, le=10, unit="s", group="Shots", advanced=True, help="For KTS")
    longest_shot: float = field(60.0, ge=2, le=300, unit="s", group="Shots", advanced=True, help="For KTS")
    shot_length: float = field(5.0, ge=0.5, le=300, unit="s", group="Shots", advanced=True, help="For equal length")
    sensitivity: float = field(
        CONTENT_THRESHOLD,
        gt=0,
        le=255,
        group="Shots",
        advanced=True,
        title="Content threshold",
        help="Content detector: mean grey difference between two frames, 0 to 255, below which there is no cut. It must "
        "stand out from the frames around it as well. Lower means more shots",
    )
    cuts: str = field(
        "",
        title="Cuts file",
        group="Shots",
        advanced=True,
        help="For shots from a file: text or CSV with the time in seconds of each cut, one per line",
    )
    refine: bool = field(
        True, group="Shots", advanced=True, help="Move each KTS cut to the exact frame of the largest change nearby"
    )

    @model_validator(mode="after")
    def _cuts_to_import(self) -> Self:
        if self.shots == "import" and not self.cuts:
            raise ValueError("shots from a file need a cuts file")
        return self


class ScoreConfig(Config):
    """How much each moment matters."""

    scorer: Scorer = field(
        "blend",
        group="Scores",
        labels={"blend": "Blend (untrained)", "model": "Trained model", "import": "From a file"},
        help="The blend needs no training. A model comes from the task Train; its features must be the same",
    )
    model: str = field(
        "", widget="model", accepts=("video-model",), group="Scores", help="Folder that the task Train made"
    )
    query: str = field(
        "", group="Scores", help="What the summary should be about, for models trained with queries; may stay empty"
    )
    condition: Literal["auto", "clean", "disturbed"] = field(
        "auto", group="Scores", advanced=True, help="State of the picture that the model assumes; auto infers it"
    )
    samples: int = field(
        8, ge=1, le=64, group="Scores", advanced=True, help="Draws of the hidden factors for the confidence band"
    )
    scores: str = field(
        "",
        title="Scores file",
        group="Scores",
        advanced=True,
        help="CSV with columns time and score, for scores from a file",
    )
    ratings: str = field(
        "",
        title="Ratings file",
        group="Scores",
        advanced=True,
        help="CSV with user, start_s, end_s, score: what people said, to be shown beside the score and compared with",
    )
    story: float = field(
        0.4, ge=0, le=1, group="Blend", advanced=True, help="Weight of: unlike the rest and standing for much of it"
    )
    motion: float = field(1.0, ge=0, le=1, group="Blend", advanced=True, help="Weight of movement in the picture")
    sharpness: float = field(0.1, ge=0, le=1, group="Blend", advanced=True, help="Weight of sharp pictures")
    colourfulness: float = field(0.1, ge=0, le=1, group="Blend", advanced=True, help="Weight of rich colour")
    saliency: float = field(
        0.1, ge=0, le=1, group="Blend", advanced=True, help="Weight of something that stands out (spectral residual)"
    )
    sound: float = field(0.3, ge=0, le=1, group="Blend", advanced=True, help="Weight of loud or beginning sounds")

    @model_validator(mode="after")
    def _something_to_score_with(self) -> Self:
        if self.scorer == "import" and not self.scores:
            raise ValueError("scores from a file need a scores file")
        if self.scorer == "model" and not self.model:
            raise ValueError("choose the folder of the trained model")
        return self


class SelectConfig(Config):
    """Which shots stay."""

    budget: float = field(
        15.0,
        ge=1,
        le=60,
        unit="%",
        group="Summary",
        help="Share of the video that the summary may last; benchmarks use 15",
    )
    budget_seconds: float | None = field(
        None, gt=0, le=100_000, unit="s", group="Summary", advanced=True, help="Length instead of a share"
    )
    value: Literal["mean", "sum"] = field(
        "mean",
        group="Summary",
        advanced=True,
        labels={"mean": "Mean score", "sum": "Sum of scores"},
        help="Worth of a shot. The mean is the rule of the benchmarks and prefers short shots; the sum weighs length",
    )
    rule: Literal["knapsack", "density", "diverse"] = field(
        "knapsack",
        group="Summary",
        advanced=True,
        labels={"knapsack": "Exact knapsack", "density": "Greedy by density", "diverse": "Best and unlike (MMR)"},
        help="Exact knapsack finds the best sum within the budget",
    )
    shortest_clip: float = field(
        0.0, ge=0, le=60, unit="s", group="Summary", advanced=True, help="Leave out shorter shots"
    )
    longest_clip: float | None = field(
        None, gt=0, le=600, unit="s", group="Summary", advanced=True, help="Cut longer shots to their best part"
    )
    keep: tuple[int, ...] = field((), group="Summary", advanced=True, help="Numbers of shots that must stay")
    drop: tuple[int, ...] = field((), group="Summary", advanced=True, help="Numbers of shots that must go")


class FilmConfig(Config):
    """How the summary film is written."""

    codec: Codec = field("h264", group="Film", labels=CODECS, advanced=True, help="How the summary film is coded")
    crf: int = field(
        20,
        ge=14,
        le=40,
        group="Film",
        advanced=True,
        title="Quality (CRF)",
        help="Lower is better and larger; 20 is good",
    )
    fade: float = field(
        10.0,
        ge=0,
        le=200,
        unit="ms",
        group="Film",
        advanced=True,
        help="Sound fades in and out at each cut, so it does not click",
    )
    handles: float = field(
        0.0, ge=0, le=1, unit="s", group="Film", advanced=True, help="Extra material around each clip"
    )


class SummariseConfig(FilmConfig, SelectConfig, ScoreConfig, ShotsConfig, AnalyseConfig):
    """From a video to its summary."""

    film: bool = field(True, group="Film", title="Write the film", help="With sound, frame by frame as selected")
    seed: int = field(0, ge=0, lt=2**63, group="Summary", advanced=True, help="Fixes samples and random baselines")
