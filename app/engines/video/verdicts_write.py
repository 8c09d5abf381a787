"""What a written film amounts to: that it was read again, and what was found."""

from app.core import Figure, Result
from app.data.text import plural
from app.engines.video.analysis import Analysis
from app.engines.video.cutting import Cut
from app.engines.video.film import FilmReport

METHODS = (
    "The video was decoded once, in order; frames are told by their time stamps, and each keeps its own length. Sound was "
    "cut to the sample at the times of the frames and faded at each end. The finished file was decoded again and every "
    "frame compared with the plan."
)


def written_result(cut: Cut, found: Analysis, film: FilmReport | None) -> Result:
    """The verdict claims what reading the film again has shown, and no more."""
    kept, total = found.seconds_of(cut.clips), found.seconds
    figures = [
        Figure(name="frames kept", value=cut.kept, note=f"of {found.frames}"),
        Figure(name="share kept", value=100 * kept / total, unit="%"),
    ]
    if film is None:
        return Result(
            verdict=f"Files for {plural(len(cut.clips), 'clip')}, {kept:.1f} s of {total:.1f} s, are written",
            tone="good",
            figures=tuple(figures),
        )
    figures += [
        Figure(name="length of the film", value=film.picture_seconds, unit="s"),
        Figure(name="size", value=film.size / 1e6, unit="MB"),
        Figure(name="largest error of a frame's time", value=1000 * film.late, unit="ms", better="lower"),
    ]
    if film.sound_seconds is not None:
        note = "length of the sound track less that of the pictures"
        figures.append(Figure(name="sound less picture", value=1000 * film.sound_less_picture, unit="ms", note=note))
    numbers = "; the numbers in its pictures are the right ones" if film.numbered else ""
    sound = "with sound" if film.sound_seconds is not None else "without sound, as the video has none"
    return Result(
        verdict=(
            f"A film of {film.picture_seconds:.1f} s in {plural(len(film.clips), 'clip')}, {sound}: read again, all "
            f"{film.checked} frames are there in time{numbers}"
        ),
        tone="good",
        figures=tuple(figures),
        methods=METHODS,
        details={"numbered": film.numbered},
    )
