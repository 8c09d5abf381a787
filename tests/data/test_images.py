import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from app.core import AssayError
from app.data.images import png_of, read_grey, read_thumbnail, resize_by_area
from tests.data import making


def write(tmp_path, data, name="a.png"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def saved(tmp_path, picture, kind="PNG", **options):
    return write(tmp_path, making.picture_bytes(picture, kind, **options))


def test_a_picture_claiming_sixty_thousand_squared_is_refused_from_its_header(tmp_path):
    path = write(tmp_path, making.png_claiming(60_000, 60_000))
    assert path.stat().st_size < 100
    tracemalloc.start()
    try:
        for reader in (read_grey, read_thumbnail):
            with pytest.raises(AssayError, match="too large a picture"):
                reader(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("picture", "kind", "options", "expected"),
    [
        (Image.fromarray(np.full((2, 2), 51, np.uint8)), "PNG", {}, 0.2),
        (Image.fromarray(np.full((2, 2), 13107, np.uint16)), "PNG", {}, 0.2),
        (Image.fromarray(np.full((2, 2), 0.2, np.float32)), "TIFF", {}, 0.2),
        (Image.new("RGB", (2, 2), (255, 0, 0)), "PNG", {}, 0.299),
        (Image.new("RGBA", (2, 2), (0, 0, 0, 0)), "PNG", {}, 1.0),
        (Image.new("LA", (2, 2), (0, 255)), "PNG", {}, 0.0),
        (Image.new("1", (2, 2), 1), "PNG", {}, 1.0),
        (Image.new("CMYK", (2, 2), (0, 0, 0, 255)), "TIFF", {}, 0.0),
        (Image.new("RGB", (2, 2), (0, 255, 0)).convert("P"), "GIF", {}, 0.587),
        (Image.new("YCbCr", (8, 8), (51, 128, 128)), "JPEG", {}, 0.2),
    ],
    ids=["grey", "16 bit", "float", "colour", "clear", "opaque", "bits", "cmyk", "palette", "ycbcr"],
)
def test_every_mode_has_one_defined_grey(tmp_path, picture, kind, options, expected):
    path = saved(tmp_path, picture, kind, **options)
    grey = read_grey(path)
    assert grey.dtype == np.float32
    assert np.allclose(grey, expected, atol=0.005)
    png, size = read_thumbnail(path)
    assert size == picture.size
    assert Image.open(io.BytesIO(png)).mode in ("L", "RGB")


def test_a_one_pixel_picture_is_a_picture(tmp_path):
    path = saved(tmp_path, Image.new("L", (1, 1), 255))
    assert read_grey(path).tolist() == [[1.0]]
    assert resize_by_area(read_grey(path), 28).shape == (28, 28)


def test_a_picture_stands_upright_by_its_exif_mark(tmp_path):
    picture = Image.new("L", (4, 2), 0)
    picture.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter: the first corner belongs at the upper right
    grey = read_grey(saved(tmp_path, picture, exif=exif))
    assert grey.shape == (4, 2)
    assert grey[0, 1] == 1


def test_an_animation_is_its_first_frame(tmp_path):
    frames = [Image.new("L", (3, 3), value) for value in (255, 0, 0)]
    path = saved(tmp_path, frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_grey(path).min() == 1


def test_only_six_formats_are_opened(tmp_path):
    picture = Image.new("RGB", (4, 4))
    for kind in ("PPM", "TGA", "ICO", "PCX", "SGI", "JPEG2000"):
        with pytest.raises(AssayError, match="is not a PNG, JPEG, WebP, TIFF, BMP or GIF picture"):
            read_grey(write(tmp_path, making.picture_bytes(picture, kind)))
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
    with pytest.raises(AssayError, match="is not a PNG"):
        read_grey(write(tmp_path, postscript))


def test_the_suffix_does_not_matter(tmp_path):
    assert read_grey(write(tmp_path, making.picture_bytes(Image.new("L", (2, 2)), "BMP"), "a.jpg")).shape == (2, 2)


def test_area_resizing_keeps_the_mean_and_averages_whole_blocks():
    values = np.random.default_rng(0).random((3, 28, 28), dtype=np.float32)
    for side in (7, 8, 14, 28, 56):
        assert np.allclose(resize_by_area(values, side).mean(axis=(1, 2)), values.mean(axis=(1, 2)), atol=1e-6)
    blocks = values.reshape(3, 14, 2, 14, 2).mean(axis=(2, 4))
    assert np.allclose(resize_by_area(values, 14), blocks, atol=1e-6)
    assert resize_by_area(np.ones((1, 5, 9), np.float32), 4).shape == (1, 4, 4)


def test_previews_are_small_and_survive_nan():
    values = np.full((8, 8), np.nan, dtype=np.float32)
    picture = Image.open(io.BytesIO(png_of(values)))
    assert max(picture.size) <= 96
    assert max(Image.open(io.BytesIO(png_of(np.zeros((3000, 10))))).size) <= 96


def test_a_thumbnail_carries_nothing_of_the_original_but_pixels(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    path = saved(tmp_path, Image.new("RGB", (300, 200)), "JPEG", exif=exif, comment=b"secret place")
    png, size = read_thumbnail(path)
    assert size == (300, 200)
    assert b"secret" not in png
