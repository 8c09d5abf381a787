"""Our own drawings on white paper, in the roles that the papers give to clip art."""

import math
from collections.abc import Callable, Mapping
from typing import Literal

from PIL import Image, ImageDraw

Drawing = Literal["sign", "glasses", "hat", "cat", "shoe"]
SIDE = 256
"""Pixels of a drawing; it is made smaller where it is used."""

Pen = ImageDraw.ImageDraw


def draw(name: Drawing) -> Image.Image:
    """The drawing `name`, RGB, 256 x 256."""
    paper = Image.new("RGB", (SIDE, SIDE), "white")
    _STROKES[name](ImageDraw.Draw(paper))
    return paper


def _sign(pen: Pen) -> None:
    pen.polygon(_octagon(126), fill=(60, 60, 70))
    pen.polygon(_octagon(116), fill=(190, 30, 40))
    pen.rectangle((56, 108, 200, 148), fill=(235, 235, 235))


def _octagon(radius: float) -> list[tuple[float, float]]:
    corners = (math.pi / 8 + k * math.pi / 4 for k in range(8))
    return [(128 + radius * math.cos(angle), 128 + radius * math.sin(angle)) for angle in corners]


def _glasses(pen: Pen) -> None:
    for left in (14, 138):
        pen.ellipse((left, 84, left + 104, 172), fill=(40, 60, 90), outline=(10, 10, 10), width=10)
    pen.arc((108, 96, 148, 136), 180, 360, fill=(10, 10, 10), width=10)


def _hat(pen: Pen) -> None:
    pen.ellipse((12, 150, 244, 206), fill=(110, 70, 40))
    pen.polygon([(66, 176), (84, 72), (128, 88), (172, 72), (190, 176)], fill=(140, 95, 55))
    pen.polygon([(68, 162), (72, 138), (184, 138), (188, 162)], fill=(45, 30, 25))


def _cat(pen: Pen) -> None:
    for ear in ([(52, 108), (64, 26), (118, 76)], [(204, 108), (192, 26), (138, 76)]):
        pen.polygon(ear, fill=(90, 90, 100))
    pen.ellipse((42, 60, 214, 226), fill=(120, 120, 130))
    for left in (84, 144):
        pen.ellipse((left, 112, left + 28, 146), fill=(190, 210, 90))
        pen.ellipse((left + 10, 116, left + 18, 142), fill=(20, 20, 20))
    pen.polygon([(116, 162), (140, 162), (128, 176)], fill=(200, 120, 130))


def _shoe(pen: Pen) -> None:
    pen.polygon([(24, 96), (88, 80), (130, 128), (214, 150), (236, 184), (24, 184)], fill=(150, 60, 60))
    pen.rectangle((20, 184, 240, 206), fill=(60, 60, 60))


_STROKES: Mapping[Drawing, Callable[[Pen], None]] = {
    "sign": _sign,
    "glasses": _glasses,
    "hat": _hat,
    "cat": _cat,
    "shoe": _shoe,
}
