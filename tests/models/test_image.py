"""What is no model for pictures is told by its content, and never opened as one."""

import io
import zipfile

import numpy as np
import pytest

from app.core import AssayError
from app.models.image import load_image_model
from app.models.image_preparing import Preparation, for_imagenet
from tests.models import making


def refusal(path) -> AssayError:
    with pytest.raises(AssayError) as caught:
        load_image_model(path)
    return caught.value


@pytest.mark.parametrize("name", ["net.onnx", "net.pt", "net.bin"])
def test_a_pickle_is_refused_whatever_its_name_and_never_opened(tmp_path, name):
    canary = tmp_path / "canary"
    path = making.pickled(tmp_path / name, making.Canary(canary))
    found = refusal(path)
    assert "can run code" in found.what and "ONNX" in found.remedy
    assert not canary.exists()


def test_torchscript_is_refused_with_a_way_out(tmp_path):
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for inside in ("net/data.pkl", "net/code/__torch__.py", "net/constants.pkl", "net/version"):
            archive.writestr(inside, b"\x80\x02}q\x00.")
    found = refusal(path)
    assert "TorchScript" in found.why and "ONNX" in found.remedy


def test_weights_alone_ask_for_their_folder(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    assert "folder" in refusal(tmp_path / "model.safetensors").remedy


def test_a_pointer_of_git_lfs_is_told_as_such(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    assert "Git LFS" in refusal(path).what


@pytest.mark.parametrize("kind", ["png", "nothing", "missing", "pipe"])
def test_other_files_are_refused(tmp_path, kind):
    import os

    path = tmp_path / "net.onnx"
    if kind == "png":
        from PIL import Image

        buffer = io.BytesIO()
        Image.new("RGB", (4, 4)).save(buffer, "png")
        path.write_bytes(buffer.getvalue())
    elif kind == "nothing":
        path.write_bytes(b"")
    elif kind == "pipe":
        os.mkfifo(path)
    assert refusal(path).what


@pytest.mark.parametrize("shape", [(256, 455), (455, 256), (300, 300), (64, 48), (1, 900)])
def test_any_shape_of_picture_is_brought_to_the_side(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    seen = for_imagenet().prepare(pixels)
    assert seen.shape == (224, 224, 3)
    assert seen.dtype == np.uint8


def test_a_picture_that_is_right_already_is_cut_and_not_changed():
    pixels = np.random.default_rng(0).integers(0, 256, (256, 300, 3), dtype=np.uint8)
    np.testing.assert_array_equal(for_imagenet().prepare(pixels), pixels[16:240, 38:262])
    stretched = Preparation(224, (224, 224)).prepare(pixels)
    assert stretched.shape == (224, 224, 3)
