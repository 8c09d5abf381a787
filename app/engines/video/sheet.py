"""Pictures of a cut: a contact sheet of all shots (PNG, PDF), and a short moving preview (GIF)."""

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.data.video import open_video, upright

THUMB = 240
GAP, LINE = 12, 18
MOST_SHOTS = 400
GIF_SECONDS, GIF_RATE, GIF_WIDTH = 12.0, 6.0, 240
GROUND, INK, QUIET, KEPT = "#FFFFFF", "#1A1F25", "#57616D", "#1E7A3C"


@dataclass(frozen=True)
class SheetShot:
    """One shot on the sheet: its number from 1, the frame that stands for it, and its caption's figures."""

    number: int
    frame: int
    start: float
    seconds: float
    score: float
    kept: bool


def pictures_of(source: Path, frames: Sequence[int], width: int = THUMB) -> dict[int, np.ndarray]:
    """(h, w, 3) uint8 of each wanted frame of `source`, upright and `width` pixels wide; one sequential pass."""
    wanted = set(frames)
    found: dict[int, np.ndarray] = {}
    with open_video(source) as video:
        for frame in video.frames():
            if frame.number in wanted:
                found[frame.number] = _small(frame.picture, video.info.rotation, width)
                if len(found) == len(wanted):
                    break
    return found


def contact_sheet(shots: Sequence[SheetShot], pictures: dict[int, np.ndarray], *, columns: int = 5) -> np.ndarray:
    """(h, w, 3) uint8: a picture per shot with number, time, length and score; what stays has a mark and a frame."""
    shown = [shot for shot in shots[:MOST_SHOTS] if shot.frame in pictures]
    columns = max(1, min(columns, len(shown)))
    heights = [pictures[shot.frame].shape[0] for shot in shown] or [THUMB * 9 // 16]
    tall = max(heights) + LINE * 2 + GAP
    rows = max(1, -(-len(shown) // columns))
    sheet = Image.new("RGB", (columns * (THUMB + GAP) + GAP, rows * tall + GAP), GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for place, shot in enumerate(shown):
        x, y = GAP + place % columns * (THUMB + GAP), GAP + place // columns * tall
        picture = pictures[shot.frame]
        sheet.paste(Image.fromarray(picture), (x, y))
        below = y + picture.shape[0] + 4
        mark = "kept" if shot.kept else ""
        if shot.kept:
            draw.rectangle((x - 3, y - 3, x + picture.shape[1] + 2, y + picture.shape[0] + 2), outline=KEPT, width=3)
        draw.text(
            (x, below), f"{shot.number}  {_clock(shot.start)}  {mark}", fill=KEPT if shot.kept else INK, font=font
        )
        draw.text((x, below + LINE - 2), f"{shot.seconds:.1f} s, score {shot.score:.2f}", fill=QUIET, font=font)
    return np.asarray(sheet)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def pdf(pixels: np.ndarray) -> bytes:
    """The sheet on A4 pages, cut between pages at whole rows of pixels; the same bytes each time."""
    width = pixels.shape[1]
    tall = int(width * 1.414)
    pages = [Image.fromarray(pixels[top : top + tall]) for top in range(0, pixels.shape[0], tall)]
    buffer = io.BytesIO()
    fixed = time.gmtime(946_684_800)
    pages[0].save(
        buffer,
        "PDF",
        save_all=True,
        append_images=pages[1:],
        resolution=width / 8.27,
        creationDate=fixed,
        modDate=fixed,
    )
    return buffer.getvalue()


def preview_gif(film: Path) -> bytes:
    """The first `GIF_SECONDS` of a film, small and at few frames per second."""
    shown: list[Image.Image] = []
    with open_video(film) as video:
        begin: float | None = None
        for frame in video.frames():
            begin = frame.time if begin is None else begin
            if frame.time - begin >= GIF_SECONDS:
                break
            if frame.time - begin >= len(shown) / GIF_RATE:
                shown.append(Image.fromarray(_small(frame.picture, video.info.rotation, GIF_WIDTH)).quantize(64))
    buffer = io.BytesIO()
    shown[0].save(
        buffer, "GIF", save_all=True, append_images=shown[1:], duration=round(1000 / GIF_RATE), loop=0, optimize=False
    )
    return buffer.getvalue()


def _small(picture: "object", rotation: int, width: int) -> np.ndarray:
    pixels = upright(picture.to_ndarray(format="rgb24"), rotation)  # type: ignore[attr-defined]
    height = max(1, round(width * pixels.shape[0] / pixels.shape[1]))
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}.{int(seconds * 10) % 10}"
