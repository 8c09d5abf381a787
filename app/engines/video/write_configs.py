"""Settings of *Write a film or lists*: which analysis, which clips, what to make of them."""

from app.core import field
from app.engines.video.configs import FilmConfig, ScoreConfig, SelectConfig, ShotsConfig


class WriteConfig(FilmConfig, SelectConfig, ScoreConfig, ShotsConfig):
    """From an analysis to files. Without `clips` the settings of shots, scores and summary choose them."""

    analysis: str = field(
        widget="data",
        accepts=("video-analysis",),
        group="Video",
        help="Folder “analysis” that a run of Summarise made; nothing is looked at twice",
    )
    video: str = field(
        "",
        title="Video",
        widget="data",
        accepts=("video",),
        group="Video",
        advanced=True,
        help="Where the video is now, if it has moved since it was analysed; empty takes the place it had",
    )
    clips: tuple[str, ...] = field(
        (),
        group="Video",
        help="Frames to keep, first and last, counted from 0: 0-149, 300-419. Empty lets the settings below choose",
    )
    film: bool = field(True, group="Film", title="Film", help="With sound, frame by frame as selected")
    preview: bool = field(False, group="Film", title="Moving preview", help="The first 12 s as a small GIF")
    sheet: bool = field(True, group="Files", title="Contact sheet", help="A picture of every shot, as PNG and PDF")
    lists: bool = field(
        True, group="Files", title="Lists", help="Edit list (CMX 3600), chapters, ffmpeg concat list, CSV and JSON"
    )
    features: bool = field(
        False, group="Files", title="Feature file", help="HDF5 in the layout of the benchmarks, to train on elsewhere"
    )
    seed: int = field(0, ge=0, lt=2**63, group="Scores", advanced=True, help="Fixes the samples of a trained model")
