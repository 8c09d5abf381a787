"""A cut as other programs read it: CMX 3600 edit list, ffmpeg concat list, chapters, CSV and JSON."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from app.core import AssayError
from app.data.export import csv_text
from app.engines.video.film import FilmClip

RATES = tuple(map(Fraction, (24, 25, 30, 48, 50, 60))) + tuple(Fraction(n, 1001) for n in (24_000, 30_000, 60_000))
"""Frame rates that time codes are written in; another rate takes the nearest."""

DROPPED = {Fraction(30_000, 1001): 2, Fraction(60_000, 1001): 4}
"""Frame numbers that drop-frame codes leave out each minute but every tenth."""

CLIP_COLUMNS = ("clip", "from", "to", "seconds", "first frame", "last frame", "in the film at")


def edl(clips: Sequence[FilmClip], *, title: str, rate: float, sound: bool) -> str:
    """CMX 3600 edit list. Time codes count frames of the nearest usual rate; 29.97 and 59.94
    use drop-frame codes.

    Times of a video with variable frame rate are rounded to that grid, as the format cannot say more.
    """
    base = min(RATES, key=lambda known: abs(float(known) - rate))
    lines = [f"TITLE: {_plain(title)}", f"FCM: {'DROP FRAME' if base in DROPPED else 'NON-DROP FRAME'}", ""]
    record = 0
    for number, clip in enumerate(clips, 1):
        source_in = round(clip.start * base)
        length = max(1, round((clip.end - clip.start) * base))
        codes = (source_in, source_in + length, record, record + length)
        # Each clip begins where the one before ends, as editors expect: rounding must leave neither gap nor overlap.
        record += length
        words = " ".join(timecode(code, base) for code in codes)
        lines.append(f"{number:03d}  AX       {'B' if sound else 'V'}     C        {words}")
        lines.append(f"* FROM CLIP NAME: {_plain(title)}")
    return "\n".join(lines) + "\n"


def timecode(frame: int, rate: Fraction) -> str:
    """hh:mm:ss:ff of frame number `frame` at `rate`; 29.97 and 59.94 use drop-frame codes, written with “;” (SMPTE 12M)."""
    whole, dropped = round(rate), DROPPED.get(rate, 0)
    if dropped:
        minute = 60 * whole - dropped
        tens, rest = divmod(frame, 10 * minute + dropped)
        frame += dropped * (9 * tens + max(0, rest - dropped) // minute)
    seconds, frames = divmod(frame, whole)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if dropped else ':'}{frames:02d}"


def concat_list(clips: Sequence[FilmClip], source: str) -> str:
    """A list for ffmpeg's concat demuxer. Raises AssayError for a path that the format cannot hold."""
    if "\n" in source or "\r" in source:
        raise AssayError("The concat list cannot name this file", why="its name holds a line break")
    quoted = source.replace("'", "'\\''")
    parts = [f"file '{quoted}'\ninpoint {clip.start:.6f}\noutpoint {clip.end:.6f}" for clip in clips]
    return "ffconcat version 1.0\n" + "\n".join(parts) + "\n"


def chapters(clips: Sequence[FilmClip]) -> str:
    """Chapters of the film as WebVTT, one per clip, named by where it comes from."""
    lines = ["WEBVTT", ""]
    for number, clip in enumerate(clips, 1):
        end = clip.film_start + clip.end - clip.start
        lines += [str(number), f"{_clock(clip.film_start)} --> {_clock(end)}", f"From {_clock(clip.start)}", ""]
    return "\n".join(lines)


def chapters_metadata(clips: Sequence[FilmClip]) -> str:
    """The same chapters as ffmpeg's metadata file, to be put into a film: ffmpeg -i film -i chapters.txt -c copy …"""
    lines = [";FFMETADATA1"]
    for clip in clips:
        start, end = round(clip.film_start * 1000), round((clip.film_start + clip.end - clip.start) * 1000)
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={end}", f"title=From {_clock(clip.start)}"]
    return "\n".join(lines) + "\n"


def clip_rows(clips: Sequence[FilmClip]) -> list[tuple[Any, ...]]:
    """Rows of `CLIP_COLUMNS`; times in s."""
    return [
        (
            number,
            round(clip.start, 3),
            round(clip.end, 3),
            round(clip.end - clip.start, 3),
            clip.first,
            clip.last,
            round(clip.film_start, 3),
        )
        for number, clip in enumerate(clips, 1)
    ]


def shots_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The table of shots; cells that a spreadsheet would run are made harmless."""
    return csv_text(list(columns), [list(row) for row in rows])


def summary_json(
    clips: Sequence[FilmClip], columns: Sequence[str], rows: Sequence[Sequence[Any]], *, source: str, rate: float
) -> str:
    """Everything about the cut, for programs."""
    content = {
        "source": Path(source).name,
        "frames_per_second": rate,
        "shots": [dict(zip(columns, row, strict=True)) for row in rows],
        "clips": [dict(zip(CLIP_COLUMNS, row, strict=True)) for row in clip_rows(clips)],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _clock(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    whole, thousandths = divmod(thousandths, 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{thousandths:03d}"


def _plain(text: str) -> str:
    """ASCII on one line, as the format wants."""
    return "".join(char if " " <= char <= "~" else "_" for char in text)[:60]
