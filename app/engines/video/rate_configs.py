"""Settings of *Rate*: whose ratings, of which video, beside whose."""

from app.core import Config, field


class RateConfig(Config):
    """One person says how much each stretch of a video matters, from 1 (not at all) to 5 (very much)."""

    analysis: str = field(
        widget="data", accepts=("video-analysis",), help="Folder “analysis” that a run of Summarise made"
    )
    user: str = field("me", title="Rater", help="Name under which these ratings are kept")
    step: float = field(
        2.0, ge=0.5, le=30, unit="s", help="Length of what one rating covers; the raters of TVSum judged 2 s each"
    )
    others: str = field(
        "",
        title="Earlier ratings",
        widget="data",
        accepts=("video-annotations",),
        advanced=True,
        help="Ratings of this video by others or from before (CSV); several files are joined by |. Rows under your name "
        "are gone on with",
    )
