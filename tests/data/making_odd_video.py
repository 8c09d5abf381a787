"""Films that are odd in one way each, most by changing bytes of a plain one."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

FRAMES, RATE, WIDTH, HEIGHT = 12, 24, 64, 48
CORNER = (250, 40, 30)
"""Colour of the upper left quarter of each picture as it is stored; the rest is grey."""


def film(path: Path, *, size: tuple[int, int] = (WIDTH, HEIGHT), codec: str = "mpeg4", pixels: str = "yuv420p",
         rate: int = RATE, frames: int = FRAMES, sound: bool = False, cover: bool = False) -> Path:  # fmt: skip
    with _writing(path, codec, size, pixels, rate) as (container, stream):
        art = container.add_stream("png", rate=1) if cover and path.suffix == ".mp4" else None
        if cover and art is None:
            container.add_attachment("cover.png", "image/png", png())
        if art is not None:
            art.width, art.height, art.pix_fmt = 500, 400, "rgb24"
            art.disposition = av.stream.Disposition.attached_pic
        heard = container.add_stream("pcm_s16le", rate=8000, layout="mono") if sound else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, size), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if heard is not None:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 4000), np.int16), format="s16", layout="mono")
            samples.sample_rate = 8000
            container.mux(heard.encode(samples))
        if art is not None:
            packet = av.Packet(png())
            packet.stream, packet.pts, packet.dts = art, 0, 0
            container.mux(packet)
    return path


def picture(number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    width, height = size
    pixels = np.full((height, width, 3), 60 + 5 * (number % 8), np.uint8)
    pixels[: height // 2, : width // 2] = CORNER
    return pixels


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (500, 400), (0, 0, 200)).save(buffer, "png")
    return buffer.getvalue()


def changed(path: Path, *pairs: tuple[bytes, bytes]) -> Path:
    """Replace bytes, each the same number of them, and each there at least once."""
    data = path.read_bytes()
    for before, after in pairs:
        assert before in data and len(before) == len(after)
        data = data.replace(before, after)
    path.write_bytes(data)
    return path


def without_index(path: Path, *, cut: bool) -> Path:
    """An AVI whose index is gone (`cut`: the file ends there) and whose header no longer promises one."""
    data = bytearray(path.read_bytes())
    place, header = data.rfind(b"idx1"), data.find(b"avih") + 8
    (flags,) = struct.unpack_from("<I", data, header + 12)
    struct.pack_into("<I", data, header + 12, flags & ~0x10)
    data[place : place + 4] = b"JUNK"
    path.write_bytes(data[:place] if cut else data)
    return path


def with_rate(path: Path, scale: int, rate: int) -> Path:
    """An AVI whose stream header claims `rate` / `scale` frames per second."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<II", data, data.find(b"strh") + 28, scale, rate)
    path.write_bytes(data)
    return path


def turned(path: Path, degrees: int) -> Path:
    """An MP4 to be shown turned clockwise: the matrix of its track header (ISO 14496-12, 8.3.2) is written anew.

    A point (x, y) is shown at (a x + c y + tx, b x + d y + ty).
    """
    a, b, c, d = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    tx, ty = {90: (HEIGHT, 0), 180: (WIDTH, HEIGHT), 270: (0, WIDTH)}[degrees]
    one = 1 << 16
    data = bytearray(path.read_bytes())
    matrix = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, tx * one, ty * one, 1 << 30)
    place = data.find(b"tkhd") + 4 + 40
    data[place : place + 36] = matrix
    path.write_bytes(data)
    return path


def song_with_cover(path: Path) -> Path:
    """An MP3 whose ID3 tag holds a picture."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as container:
        stream = container.add_stream("mp3", rate=44_100, layout="mono")
        for _ in range(8):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 44_100
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    content = b"\0image/png\0\x03\0" + png()
    tag = b"APIC" + struct.pack(">I", len(content)) + b"\0\0" + content
    size = bytes(len(tag) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x03\0\0" + size + tag + buffer.getvalue())
    return path


def empty(path: Path) -> Path:
    with _writing(path, "mpeg4", (WIDTH, HEIGHT), "yuv420p", RATE) as (container, _):
        container.start_encoding()
    return path


@contextmanager
def _writing(path: Path, codec: str, size: tuple[int, int], pixels: str, rate: int) -> Iterator[tuple[Any, Any]]:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        yield container, stream
