"""Put a dropped video, or a batch of them, into words and small pictures, decoding no more than a few frames."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import AssayError
from app.data.files import join_ref, what_is_at
from app.data.images import png_of
from app.data.inspection import Inspection, Preview, Problem
from app.data.text import listed, plain, plural, size_in_words
from app.data.video import VideoInfo, open_video, upright

THUMBNAIL = 160
MOST_PREVIEWS = 6
FRAMES_LIMIT = 60
"""Frames that are decoded from a key frame on to reach one preview."""


def describe_video(path: Path, deadline: float) -> Inspection:
    """The video at `path`; previews until `time.monotonic()` is `deadline`. Raises AssayError where it is none."""
    with open_video(path) as video:
        info = video.info
        previews = _previews(video, info, deadline)
    return Inspection(
        kind="video",
        title=plain(path.name),
        summary=f"A video of {seconds_in_words(info.duration)}, {info.width} × {info.height} pixels",
        path=str(path),
        facts=(*_facts(info), ("File", size_in_words(path.stat().st_size))),
        problems=tuple(Problem("note", note, plain(path.name)) for note in info.notes),
        previews=tuple(previews),
        options=_options(info),
    )


def describe_videos(paths: tuple[Path, ...], dropped: list[Path], deadline: float) -> Inspection:
    """Several videos, as far as could be looked into before `deadline`. Broken ones are named and left out."""
    items: list[dict[str, Any]] = []
    problems: list[Problem] = []
    previews: list[Preview] = []
    seen, total = 0, 0.0
    for path in paths:
        item: dict[str, Any] = {"path": str(path), "name": plain(path.name), "usable": True, "problem": ""}
        items.append(item)
        if time.monotonic() > deadline:
            continue
        seen += 1
        try:
            with open_video(path) as video:
                total += video.info.duration
                item |= {"seconds": video.info.duration, "frames_per_second": video.info.rate}
                if len(previews) < MOST_PREVIEWS:
                    previews += _previews(video, video.info, deadline, 1)
        except AssayError as error:
            item |= {"usable": False, "problem": f"{error.what}: {error.why}" if error.why else error.what}
            problems.append(Problem("warning", item["problem"], item["name"], "It will be left out"))
    usable = [item for item in items if item["usable"]]
    if not usable:
        problems.append(Problem("error", "None of the videos can be read"))
    if seen < len(paths):
        problems.append(Problem("note", f"Looked into {seen:,} of {len(paths):,} videos"))
    folder = dropped[0] if len(dropped) == 1 and what_is_at(dropped[0]) == "folder" else None
    title = plain(folder.name) if folder else listed([path.name for path in paths], 3)
    return Inspection(
        kind="video-folder",
        title=title,
        summary=f"{plural(len(usable), 'video')}" + (f", {seconds_in_words(total)} together" if total else ""),
        path=str(folder) if folder else join_ref(list(paths)),
        count=len(usable),
        facts=(
            ("Videos", f"{len(usable):,}"),
            ("Length", seconds_in_words(total) + ("" if seen == len(paths) else " so far")),
        ),
        problems=tuple(problems),
        previews=tuple(previews),
        options={"items": items, "complete": seen == len(paths)},
    )


def seconds_in_words(seconds: float) -> str:
    """“4.2 s”, “3 min 05 s”, “1 h 02 min”."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def _facts(info: VideoInfo) -> list[tuple[str, str]]:
    # The number of frames is left out: it is counted by decoding, and what the container says may be wrong.
    sound = (
        f"{info.audio_codec}, {info.audio_rate:,} Hz, {plural(info.audio_channels, 'channel')}"
        if info.has_audio
        else "none"
    )
    turned = [("Rotation", f"{info.rotation}° counter-clockwise, applied")] if info.rotation else []
    return [
        ("Length", seconds_in_words(info.duration)),
        ("Size", f"{info.width} × {info.height} pixels"),
        ("Rate", f"{info.rate:.6g} frames/s" + (", variable" if info.variable_rate else "")),
        ("Codec", f"{info.codec} in {info.container.split(',')[0]}"),
        ("Sound", sound),
        *turned,
    ]


def _options(info: VideoInfo) -> dict[str, Any]:
    return {
        "seconds": info.duration,
        "frames_per_second": info.rate,
        "variable_rate": info.variable_rate,
        "width": info.width,
        "height": info.height,
        "codec": info.codec,
        "has_audio": info.has_audio,
        "complete": True,
    }


def _previews(video: Any, info: VideoInfo, deadline: float, most: int = MOST_PREVIEWS) -> list[Preview]:
    """Frames spread over the video; fewer where time runs out or a place cannot be decoded."""
    found: list[Preview] = []
    for part in range(most):
        if found and time.monotonic() > deadline:
            break
        seconds = info.duration * (part + 0.5) / most
        try:
            picture = _picture_near(video, info, seconds)
        except AssayError:
            # The frame that `probe` decoded was fine; what is damaged further on is told when all of it is read.
            continue
        if picture is not None:
            found.append(picture)
    return found


def _picture_near(video: Any, info: VideoInfo, seconds: float) -> Preview | None:
    last = None
    for frame in video.frames(near=int(seconds * info.time_base[1] / info.time_base[0])):
        last = frame
        if frame.time >= seconds or frame.number >= FRAMES_LIMIT:
            break
    if last is None:
        return None
    picture = last.picture
    scale = THUMBNAIL / max(picture.width, picture.height)
    width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    pixels = picture.to_ndarray(width=width, height=height, format="rgb24")
    return Preview(png_of(upright(pixels, info.rotation).astype(np.float32) / 255, THUMBNAIL), f"{last.time:.1f} s")
