"""Name the codec of a track that has no decoder here: PyAV knows nothing of it, its container does."""

import re
from pathlib import Path
from typing import Any

import av.logging

from app.data.files import head_of
from app.data.text import plain

HEAD = 1 << 20
_MATROSKA = re.compile(rb"\x86[\x81-\xbf](V_[A-Z0-9_/.]{1,60})")
"""Element CodecID (RFC 9559), a length of one byte, the identifier of a video codec."""


def codec_name(container: Any, index: int) -> str:
    """The name or four-letter code of the codec of track `index`; “unknown” where nothing tells it."""
    found = re.search(
        rf"Stream #0:{index}(?!\d)[^\n]*?: Video: (\w+)(?: \((.{{1,30}}?) / 0x)?", _description(container)
    )
    name, code = (found[1], found[2]) if found else ("", "")
    if name and name not in ("none", "unknown"):
        return name
    if code:
        return plain(code)
    if "matroska" in container.format.name:
        head = _MATROSKA.search(head_of(Path(container.name.removeprefix("file:")), HEAD))
        return head[1].decode("ascii") if head else "unknown"
    return "unknown"


def _description(container: Any) -> str:
    """ffmpeg's own words about the container. PyAV catches them from its log, which is off by default."""
    before = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        return str(container.dumps_format())
    finally:
        av.logging.set_level(before)
