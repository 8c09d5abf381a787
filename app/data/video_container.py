"""Open the container of a video from others: one local file, known formats, never a playlist that points elsewhere."""

from pathlib import Path
from typing import Any

import av

from app.core.errors import AssayError
from app.data.files import open_plain
from app.data.text import plain
from app.data.video_codec_name import codec_name

FORMATS = (
    "mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "live_flv", "ogg", "asf", "h264",
    "hevc", "m4v", "ivf", "mxf", "gif", "nut", "yuv4mpegpipe", "rm", "dv", "swf", "vc1", "obu", "av1",
    "mp3", "wav", "flac", "aac",
)  # fmt: skip
"""Demuxers that read one file only. ffmpeg knows others that open what the file names (concat, HLS, DASH, images)."""

_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"[playlist]", b"v=0\r\n", b"<ASX", b"<asx")
_MEDIA = av.error.FFmpegError


def open_container(path: Path) -> Any:
    """The container at `path`, to be closed by the caller. Raises AssayError for what is no media file."""
    with open_plain(path) as handle:
        head = handle.read(64)
    if not head:
        raise refused(path, "It is empty")
    if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(_PLAYLISTS):
        raise refused(path, "It is a playlist, which names other files", remedy="Choose the video itself")
    try:
        return av.open(f"file:{path}", options={"protocol_whitelist": "file", "format_whitelist": ",".join(FORMATS)})
    except (_MEDIA, ValueError, UnicodeError, MemoryError) as error:
        raise refused(path, _reason(error)) from error


def picture_stream(container: Any) -> Any:
    """The video track to look at (the default one, else the largest; no cover art), or None.

    Raises AssayError where there are tracks, but none that can be decoded.
    """
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & (av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails)
    ]
    known = [stream for stream in moving if stream.codec_context is not None]
    if moving and not known:
        names = ", ".join(sorted({codec_name(container, stream.index) for stream in moving}))
        raise refused(Path(container.name.removeprefix("file:")), f"There is no decoder for its codec {names}")
    default = av.stream.Disposition.default
    return max(known, key=lambda s: (bool(s.disposition & default), s.codec_context.width or 0), default=None)


def sound_stream(container: Any) -> Any:
    """The sound track to listen to, or None where there is none that can be decoded."""
    known = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return max(known, key=lambda s: bool(s.disposition & av.stream.Disposition.default), default=None)


def refused(path: Path, why: str, *, remedy: str = "") -> AssayError:
    return AssayError(
        f"“{plain(path.name)}” cannot be read as a video",
        where=plain(str(path)),
        why=why,
        remedy=remedy or "Check that it plays elsewhere, or convert it to MP4 with H.264",
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, av.InvalidDataError):
        return "It is no media file, or its beginning or index is missing or damaged"
    if isinstance(error, UnicodeError):
        return "Its name is not valid text; rename the file"
    return plain(getattr(error, "strerror", None) or str(error))
