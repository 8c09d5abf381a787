"""Decode pictures from others: six formats, size checked in the header, always one defined result."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from app.core.errors import AssayError
from app.data.files import open_plain
from app.data.text import plain

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
"""What may be opened. Pillow knows dozens more; each is code that reads hostile bytes."""

PIXEL_LIMIT = 50_000_000
EXPECTED = "a PNG, JPEG, WebP, TIFF, BMP or GIF picture"
THUMBNAIL = 96

_DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
)
"""What Pillow's plugins raise on damaged bytes, besides its own bomb error."""


def is_image(head: bytes) -> bool:
    """True where the first bytes (at least 12) are those of one of `FORMATS`."""
    return (
        head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:2] == b"BM" and len(head) > 18 and head[14:18] in _BMP_HEADERS)
    )


_BMP_HEADERS = tuple(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))


def read_grey(path: Path) -> NDArray[np.float32]:
    """The luma (h, w) in [0, 1] of the picture at `path`, upright by its EXIF mark, first frame, laid over white.

    Raises AssayError where it is none, is damaged, or has more than `PIXEL_LIMIT` pixels by its header.
    """
    with open_plain(path) as handle:
        return _grey(_decode(handle, plain(path.name)))


def read_thumbnail(path: Path, side: int = THUMBNAIL) -> tuple[bytes, tuple[int, int]]:
    """A PNG of at most `side` pixels along the longer side, and the picture's own (width, height)."""
    with open_plain(path) as handle:
        picture = _decode(handle, plain(path.name), draft=2 * side)
    size = picture.info.get("assay size", picture.size)
    shown = _over_white(picture) if _has_alpha(picture) else picture
    if shown.mode not in ("L", "RGB"):
        shown = Image.fromarray((_grey(shown) * 255).astype(np.uint8)) if _is_deep(shown) else shown.convert("RGB")
    shown.thumbnail((side, side))
    return _png(shown), size


def png_of(grey: NDArray[Any], scale_to: int = THUMBNAIL) -> bytes:
    """A PNG of (h, w) or (h, w, 3) values in [0, 1], small ones enlarged by whole factors towards `scale_to` pixels."""
    pixels = (np.nan_to_num(np.clip(grey, 0, 1)) * 255).round().astype(np.uint8)
    factor = max(1, scale_to // max(pixels.shape[:2]))
    picture = Image.fromarray(pixels)
    picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail((scale_to, scale_to))
    return _png(picture)


def luma(colour: NDArray[Any]) -> NDArray[np.float32]:
    """ITU-R 601 luma of (…, 3) values, in the same range."""
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.asarray(colour.astype(np.float32) @ weights, dtype=np.float32)


def resize_by_area(images: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """(…, h, w) to (…, side, side): each new pixel is the mean over the area it covers, also when enlarging."""
    if images.shape[-2:] == (side, side):
        return images
    down = _area_weights(images.shape[-2], side)
    across = _area_weights(images.shape[-1], side)
    return np.asarray(down @ images @ across.T, dtype=np.float32)


def _area_weights(old: int, new: int) -> NDArray[np.float32]:
    """(new, old) shares: how much of each old pixel lies under each new one; rows sum to 1."""
    edges = np.linspace(0, old, new + 1)
    start, end = edges[:-1, None], edges[1:, None]
    left = np.arange(old)[None, :]
    overlap = np.clip(np.minimum(end, left + 1) - np.maximum(start, left), 0, None)
    return np.asarray(overlap / (end - start), dtype=np.float32)


def _decode(handle: BinaryIO, name: str, draft: int = 0) -> Image.Image:
    # Pillow looks at this when it opens a file, and again inside plugins for what the header does not say.
    Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(handle, formats=FORMATS)
            width, height = picture.size
            if width * height > PIXEL_LIMIT:
                raise Image.DecompressionBombError
            if draft:
                picture.draft(None, (draft, draft))
            picture.load()
            upright = ImageOps.exif_transpose(picture)
    except Image.DecompressionBombError as error:
        raise AssayError(
            f"“{name}” is too large a picture",
            where=name,
            why=f"its header claims more than {PIXEL_LIMIT // 1_000_000} million pixels",
            remedy="Make it smaller first",
        ) from error
    except UnidentifiedImageError as error:
        raise AssayError(f"“{name}” is not {EXPECTED}", where=name) from error
    except _DECODER_ERRORS as error:
        raise AssayError(f"“{name}” is damaged", where=name, why=plain(str(error)) or type(error).__name__) from error
    upright.info["assay size"] = (width, height)
    return upright


def _grey(picture: Image.Image) -> NDArray[np.float32]:
    if _has_alpha(picture):
        picture = _over_white(picture)
    if picture.mode.startswith("I;16"):
        return np.asarray(picture, dtype=np.float32) / np.float32(65535)
    if picture.mode in ("I", "F"):
        return _stretched(np.asarray(picture, dtype=np.float32))
    if picture.mode != "L":
        picture = picture.convert("RGB").convert("L")
    return np.asarray(picture, dtype=np.float32) / np.float32(255)


def _stretched(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values of a deep format into [0, 1]: as they are, as 16 bits, or by their own extremes, whichever first fits."""
    values = np.nan_to_num(values)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return values
    if low >= 0 and 255 < high <= 65535:
        return values / np.float32(65535)
    return (values - np.float32(low)) / np.float32(max(high - low, 1e-30))


def _is_deep(picture: Image.Image) -> bool:
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def _has_alpha(picture: Image.Image) -> bool:
    return picture.mode in ("LA", "RGBA", "PA", "La", "RGBa") or (
        picture.mode in ("P", "L", "RGB") and "transparency" in picture.info
    )


def _over_white(picture: Image.Image) -> Image.Image:
    clear = picture.convert("RGBA")
    ground = Image.new("RGBA", clear.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, clear).convert("RGB")


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    # A fresh picture: what the original carried (profiles, comments) stays behind.
    Image.fromarray(np.asarray(picture)).save(buffer, "PNG")
    return buffer.getvalue()
