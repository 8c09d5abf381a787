"""Hugging Face vision folders describe pictures by their own weights to the last tensor, or are refused."""

import json
import shutil

import numpy as np
import pytest
import torch

from app.core import AssayError
from app.models.image import load_image_model
from tests.models import making

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
SEEN = SMALL | {"image_size": 32, "patch_size": 16}
READ = SMALL | {"vocab_size": 20, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def made(name: str):
    import transformers as t

    torch.manual_seed(0)
    net = {
        "vit": lambda: t.ViTModel(t.ViTConfig(**SEEN)),
        "vit classifier": lambda: t.ViTForImageClassification(t.ViTConfig(**SEEN)),
        "resnet": lambda: t.ResNetModel(_resnet(t)),
        "resnet classifier": lambda: t.ResNetForImageClassification(_resnet(t)),
        "dinov2": lambda: t.Dinov2Model(t.Dinov2Config(**SEEN)),
        "clip": lambda: t.CLIPModel(t.CLIPConfig(text_config=READ, vision_config=SEEN, projection_dim=8)),
    }[name]()
    return net.eval()


def _resnet(t):
    return t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")


def save(net, folder) -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
    net.save_pretrained(folder)


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "vit"
    save(made("vit"), folder)
    return folder


@pytest.fixture
def copy(vit, tmp_path):
    return shutil.copytree(vit, tmp_path / "vit")


def tensors(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def put(folder, values) -> None:
    from safetensors.torch import save_file

    save_file(values, folder / "model.safetensors")


def refusal(folder) -> AssayError:
    with pytest.raises(AssayError) as caught:
        load_image_model(folder)
    assert caught.value.where
    return caught.value


def pictures(model, count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, model.side, model.side, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "dimensions", "side"),
    [("vit", 16, 32), ("vit classifier", 16, 32), ("resnet", 16, 224), ("resnet classifier", 16, 224),
     ("dinov2", 16, 32), ("clip", 8, 32)],
)  # fmt: skip
def test_features_are_those_that_the_saved_network_gives(tmp_path, name, dimensions, side):
    net = made(name)
    save(net, tmp_path / "model")
    model = load_image_model(tmp_path / "model")
    assert (model.kind, model.name, model.dimensions, model.side) == ("huggingface", "model", dimensions, side)
    seen = pictures(model)
    x = torch.from_numpy(model.preparation.normalised(seen))
    with torch.no_grad():
        if name == "clip":
            rows = net.get_image_features(pixel_values=x).pooler_output
        elif name == "vit classifier":
            rows = net.vit(x).last_hidden_state[:, 1:].mean(dim=1)
        else:
            rows = net.base_model(x).pooler_output.flatten(1)
    rows = rows / rows.norm(dim=1, keepdim=True)
    found = model.describe(seen)
    np.testing.assert_allclose(found, rows.numpy(), atol=1e-5)
    np.testing.assert_array_equal(found, model.describe(seen))


def test_the_same_picture_gives_the_same_features_in_any_thread(vit):
    from concurrent.futures import ThreadPoolExecutor

    model = load_image_model(vit)
    seen = pictures(model, 4)
    with ThreadPoolExecutor(1) as worker:
        np.testing.assert_array_equal(worker.submit(model.describe, seen).result(), model.describe(seen))


@pytest.mark.parametrize(
    ("settings", "side", "shortest", "size"),
    [
        ({}, 32, 37, None),
        ({"size": {"height": 32, "width": 32}}, 32, 32, (32, 32)),
        ({"size": 32}, 32, 32, (32, 32)),
        ({"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 32}}, 32, 40, None),
        ({"size": {"shortest_edge": 40}, "crop_size": 32, "do_center_crop": True}, 32, 40, None),
        ({"size": {"shortest_edge": 32}, "crop_pct": 0.875}, 32, 36, None),
        ({"size": {"height": 40, "width": 40}, "do_center_crop": True, "crop_size": 32}, 32, 40, (40, 40)),
        ({"do_resize": False, "crop_size": 32}, 32, 37, None),
    ],
)
def test_sizes_are_those_of_the_folder(copy, settings, side, shortest, size):
    making.write_json(copy / "preprocessor_config.json", IMAGENET | settings)
    model = load_image_model(copy)
    assert (model.side, model.shortest) == (side, shortest)
    assert model.preparation.resized == (size or shortest)
    assert model.prepare(np.zeros((90, 160, 3), np.uint8)).shape == (32, 32, 3)


def test_values_are_scaled_as_the_folder_says(copy):
    half = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255, "size": 32, "resample": 3}
    making.write_json(copy / "preprocessor_config.json", half)
    preparation = load_image_model(copy).preparation
    ends = preparation.normalised(np.array([0, 255], np.uint8).reshape(2, 1, 1, 1).repeat(3, axis=3))
    np.testing.assert_allclose(ends[:, 0, 0, 0], [-1, 1], atol=1e-6)
    making.write_json(copy / "preprocessor_config.json", half | {"do_normalize": False})
    ends = load_image_model(copy).preparation.normalised(np.full((1, 1, 1, 3), 255, np.uint8))
    assert ends.max() == pytest.approx(1)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"size": {"height": 32, "width": 16}}, "size"),
        ({"size": 1_000_000}, "size"),
        ({"size": "32"}, "size"),
        ({"size": {"shortest_edge": 40}, "crop_size": {"height": 32}}, "crop_size"),
        ({"image_mean": [0.5]}, "image_mean"),
        ({"image_std": [0.5, 0, 0.5]}, "image_std"),
        ({"image_std": [0.5, 10**90, 0.5]}, "image_std"),
        ({"rescale_factor": -1}, "rescale_factor"),
        ({"resample": 77}, "resample"),
    ],
)
def test_a_setting_of_the_preparation_that_makes_no_sense_is_named(copy, settings, name):
    making.write_json(copy / "preprocessor_config.json", settings)
    assert f"“{name}”" in refusal(copy).what


def test_a_side_that_the_network_cannot_take_is_a_message(copy):
    making.write_json(copy / "preprocessor_config.json", {"size": 64})
    assert "could not describe a picture" in refusal(copy).what


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json"])
def test_code_that_comes_with_the_model_is_refused(copy, file):
    making.write_json(
        copy / file, json.loads((copy / "config.json").read_text()) | {"auto_map": {"AutoModel": "m.Net"}}
    )
    assert "Custom code" in refusal(copy).what


@pytest.mark.parametrize("family", ["bert", "timm_wrapper", "made up", None, ["vit"]])
def test_a_family_that_describes_no_pictures_is_refused(copy, family):
    making.change(copy / "config.json", model_type=family)
    assert "of the type" in refusal(copy).what


def test_a_quantised_model_is_refused(copy):
    making.change(copy / "config.json", quantization_config={"quant_method": "awq"})
    assert "quantised" in refusal(copy).what


def test_only_pickled_weights_are_refused_and_never_opened(copy, tmp_path):
    canary = tmp_path / "canary"
    (copy / "model.safetensors").unlink()
    making.pickled(copy / "pytorch_model.bin", making.Canary(canary))
    found = refusal(copy)
    assert "pickled" in found.what and "safetensors" in found.remedy
    assert not canary.exists()


def test_a_pickle_that_is_called_safetensors_is_refused(copy, tmp_path):
    canary = tmp_path / "canary"
    making.pickled(copy / "model.safetensors", making.Canary(canary))
    assert "called safetensors but is" in refusal(copy).what
    assert not canary.exists()


@pytest.mark.parametrize("change", ["missing", "extra", "shape", "nan"])
def test_a_tensor_that_does_not_fit_is_named(copy, change):
    values = tensors(copy)
    name = next(one for one in values if one.endswith("layernorm.bias"))
    match change:
        case "missing":
            del values[name]
        case "extra":
            name = "decoder.weight"
            values[name] = torch.zeros(3)
        case "shape":
            values[name] = torch.zeros(17)
        case "nan":
            values[name][2] = float("nan")
    put(copy, values)
    assert name in str(refusal(copy))


def test_a_network_published_without_its_pooling_is_averaged_over_its_patches(copy):
    put(copy, {name: values for name, values in tensors(copy).items() if not name.startswith("pooler.")})
    net = made("vit")
    model = load_image_model(copy)
    seen = pictures(model)
    with torch.no_grad():
        rows = net(torch.from_numpy(model.preparation.normalised(seen))).last_hidden_state[:, 1:].mean(dim=1)
    np.testing.assert_allclose(model.describe(seen), rows / rows.norm(dim=1, keepdim=True), atol=1e-5)


def test_counters_that_older_releases_saved_as_weights_are_no_fault(tmp_path):
    save(made("clip"), tmp_path / "clip")
    values = tensors(tmp_path / "clip")
    put(tmp_path / "clip", values | {"vision_model.embeddings.position_ids": torch.arange(5)[None]})
    assert load_image_model(tmp_path / "clip").dimensions == 8


@pytest.mark.parametrize(
    "settings",
    [
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 400},
        {"hidden_size": 10**30},
        {"hidden_size": 160_000},
        {"hidden_size": "wide"},
        {"hidden_size": 15},
        {"hidden_act": "os.system"},
        {"num_attention_heads": 0},
        {"image_size": [32, 16]},
        {"patch_size": 0},
    ],
)
def test_settings_that_make_no_network_or_a_huge_one_are_refused(copy, settings):
    making.change(copy / "config.json", **settings)
    assert refusal(copy).what


def test_settings_that_would_fetch_or_build_otherwise_are_left_out(copy):
    """An attention of that name would be fetched from the network, which the tests forbid."""
    making.change(
        copy / "config.json",
        attn_implementation="someone/kernels",
        _attn_implementation_internal="someone/kernels",
        from_pretrained=3,
        dtype="nonsense",
        output_hidden_states=7,
    )
    assert load_image_model(copy).dimensions == 16


@pytest.mark.parametrize("tenth", range(10))
def test_weights_cut_short_are_refused(copy, tenth):
    path = copy / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * tenth // 10])
    assert refusal(copy).what


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 9999, "{}"])
def test_a_damaged_config_is_refused(copy, content):
    (copy / "config.json").write_text(content)
    assert refusal(copy).what


def test_a_folder_without_config_is_refused(tmp_path):
    assert "config.json" in str(refusal(tmp_path))
