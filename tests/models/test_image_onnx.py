"""ONNX files describe pictures, or are refused in words that tell what to do."""

import os

import numpy as np
import pytest

from app.core import AssayError
from app.models import image_onnx_outline
from app.models.image import load_image_model
from app.models.image_onnx_outline import outline
from tests.models import making_onnx as onnx


def pictures(count: int, side: int = 224) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def refusal(path) -> AssayError:
    with pytest.raises(AssayError) as caught:
        load_image_model(path)
    assert caught.value.where and "Traceback" not in str(caught.value)
    return caught.value


def expected(seen: np.ndarray) -> np.ndarray:
    """What `onnx.features_net` must give, by numpy alone."""
    values = (seen / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    rows = values.mean(axis=(1, 2)) @ onnx.mixing()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_features_are_those_of_the_network_with_unit_length(tmp_path):
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.features_net()))
    assert (model.kind, model.name, model.dimensions, model.side, model.shortest) == ("onnx", "net.onnx", 6, 224, 256)
    seen = pictures(5)
    found = model.describe(seen)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(seen), atol=1e-5)
    np.testing.assert_array_equal(found, model.describe(seen))


def test_a_model_for_one_picture_of_a_fixed_size_takes_batches_all_the_same(tmp_path):
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.features_net((1, 3, 64, 64))))
    assert (model.side, model.shortest) == (64, 73)
    seen = pictures(3, 64)
    np.testing.assert_allclose(model.describe(seen), expected(seen), atol=1e-5)


def test_an_export_that_only_claims_to_take_several_pictures_gets_one_at_a_time(tmp_path):
    shape = onnx.tensor("s", np.array([1, 3 * 32 * 32], np.int64), 7)
    nodes = [onnx.node("Reshape", ["x", "s"], ["y"])]
    content = onnx.graph(nodes, [shape], [onnx.value("x", ("n", 3, 32, 32))], [onnx.value("y", ("n", "d"))])
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.model(content)))
    assert model.describe(pictures(2, 32)).shape == (2, 3 * 32 * 32)


def test_half_precision_is_understood(tmp_path):
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.features_net(kind=onnx.FLOAT16)))
    seen = pictures(2)
    np.testing.assert_allclose(model.describe(seen), expected(seen), atol=0.02)


def test_maps_are_averaged_over_the_picture(tmp_path):
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.one_node("Relu", onnx.PICTURES, onnx.PICTURES)))
    assert model.dimensions == 3
    assert model.describe(pictures(2)).shape == (2, 3)


def test_of_several_outputs_the_one_called_features_is_taken(tmp_path):
    nodes = [
        onnx.node("GlobalAveragePool", ["x"], ["mean"]),
        onnx.node("Flatten", ["mean"], ["logits"]),
        onnx.node(
            "Concat", ["logits", "logits"], ["pooled"], onnx.field(1, "axis") + onnx.field(3, 1) + onnx.field(20, 2)
        ),
    ]
    outputs = [onnx.value("logits", ("n", 3)), onnx.value("pooled", ("n", 6)), onnx.value("mean", ("n", 3, 1, 1))]
    content = onnx.model(onnx.graph(nodes, [], [onnx.value("x", onnx.PICTURES)], outputs))
    assert load_image_model(onnx.put(tmp_path / "net.onnx", content)).dimensions == 6


def test_a_picture_is_shrunk_to_256_and_its_middle_is_seen(tmp_path):
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.features_net()))
    pixels = np.zeros((512, 1024, 3), np.uint8)
    pixels[:, 256:768] = 200
    seen = model.prepare(pixels)
    assert seen.shape == (224, 224, 3)
    assert seen.min() == 200


def test_weights_in_a_file_beside_the_model_are_read(tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(8) + onnx.mixing().tobytes())
    part = onnx.outside("w", (3, 6), location="w.bin", offset="8", length="72")
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.features_net(weights=part)))
    seen = pictures(2)
    np.testing.assert_allclose(model.describe(seen), expected(seen), atol=1e-5)


@pytest.mark.parametrize(
    "location", ["../w.bin", "/etc/hostname", "sub/w.bin", "*/_ORT_MEM_ADDR_/*", "", "..", "a\\w.bin", "\n"]
)
def test_weights_outside_the_folder_are_refused(tmp_path, location):
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for place in (tmp_path, folder / "sub"):
        (place / "w.bin").write_bytes(onnx.mixing().tobytes())
    content = onnx.features_net(weights=onnx.outside("w", (3, 6), location=location))
    assert "outside its folder" in refusal(onnx.put(folder / "net.onnx", content)).what


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(onnx.mixing().tobytes())
    os.symlink(tmp_path / "w.bin", folder / "w.bin")
    content = onnx.features_net(weights=onnx.outside("w", (3, 6), location="w.bin"))
    assert "outside its folder" in refusal(onnx.put(folder / "net.onnx", content)).what


def test_missing_weights_are_named(tmp_path):
    content = onnx.features_net(weights=onnx.outside("w", (3, 6), location="w.bin"))
    assert "“w.bin” is missing" in refusal(onnx.put(tmp_path / "net.onnx", content)).why


@pytest.mark.parametrize(
    "entries", [{"length": "73"}, {"offset": "1", "length": "72"}, {"offset": "-1"}, {"length": "x"}]
)
def test_weights_beyond_the_end_of_their_file_are_refused(tmp_path, entries):
    (tmp_path / "w.bin").write_bytes(onnx.mixing().tobytes())
    content = onnx.features_net(weights=onnx.outside("w", (3, 6), location="w.bin", **entries))
    assert "it has 72 bytes" in refusal(onnx.put(tmp_path / "net.onnx", content)).why


def test_outside_weights_are_found_wherever_a_tensor_can_stand(tmp_path):
    """In an attribute of a node, in a graph inside a node, in a function of the model."""
    part = onnx.outside("w", (3, 6), location="../w.bin")
    constant = onnx.node("Constant", [], ["c"], onnx.field(1, "value") + onnx.field(5, part))
    inner = onnx.graph([constant], [], [], [])
    branch = onnx.node("If", ["x"], ["y"], onnx.field(1, "then_branch") + onnx.field(6, inner))
    function = onnx.field(25, onnx.field(1, "F") + onnx.field(7, constant) + onnx.field(10, "own"))
    for content in (
        onnx.model(onnx.graph([constant], [], [], [])),
        onnx.model(onnx.graph([branch], [], [], [])),
        onnx.model(onnx.graph([], [], [], []), extra=function),
    ):
        assert outline(content, "net").external == [{"location": "../w.bin"}]
        assert "outside its folder" in refusal(onnx.put(tmp_path / "net.onnx", content)).what


def test_custom_operators_are_named(tmp_path):
    nodes = [onnx.node("Magic", ["x"], ["y"], domain="com.example")]
    shape = onnx.value("x", onnx.PICTURES)
    content = onnx.model(onnx.graph(nodes, [], [shape], [onnx.value("y", ("n", 3))]), domains=("com.example",))
    found = refusal(onnx.put(tmp_path / "net.onnx", content))
    assert "custom operators" in found.what and "com.example.Magic" in found.why


def test_an_operator_that_the_model_defines_itself_is_no_custom_one(tmp_path):
    body = onnx.node("GlobalAveragePool", ["a"], ["b"])
    function = [onnx.field(1, "Mean"), onnx.field(4, "a"), onnx.field(5, "b"), onnx.field(7, body)]
    function += [onnx.field(9, onnx.field(1, "") + onnx.field(2, 17)), onnx.field(10, "own")]
    nodes = [onnx.node("Mean", ["x"], ["y"], domain="own")]
    content = onnx.graph(nodes, [], [onnx.value("x", onnx.PICTURES)], [onnx.value("y", ("n", 3, 1, 1))])
    path = onnx.put(
        tmp_path / "net.onnx", onnx.model(content, extra=onnx.field(25, b"".join(function)), domains=("own",))
    )
    assert load_image_model(path).dimensions == 3


def test_an_operator_that_is_not_known_is_named(tmp_path):
    path = onnx.put(tmp_path / "net.onnx", onnx.one_node("Magic", onnx.PICTURES, onnx.PICTURES))
    assert "Magic" in refusal(path).why


def test_a_version_of_the_operators_that_is_too_new_is_named(tmp_path):
    found = refusal(onnx.put(tmp_path / "net.onnx", onnx.features_net(opset=999)))
    assert "needs version 999" in found.what and "opset" in found.remedy


@pytest.mark.parametrize(
    "shape", [(1, 64, 64, 3), ("n", 1, 224, 224), ("n", 4, 224, 224), ("n", 3), ("n", 3, 8, 64, 64)]
)
def test_input_that_is_no_picture_is_refused_with_its_shape(tmp_path, shape):
    content = onnx.one_node("Relu", shape, shape)
    found = refusal(onnx.put(tmp_path / "net.onnx", content))
    assert "does not take pictures" in found.what and str(shape[1]) in found.why


def test_whole_numbers_for_pictures_are_refused(tmp_path):
    shape = onnx.value("x", onnx.PICTURES, onnx.UINT8)
    content = onnx.model(
        onnx.graph([onnx.node("Identity", ["x"], ["y"])], [], [shape], [onnx.value("y", onnx.PICTURES, 2)])
    )
    assert "uint8" in refusal(onnx.put(tmp_path / "net.onnx", content)).why


@pytest.mark.parametrize(
    ("shape", "words"), [(("n", 3, 64, 32), "(64, 32)"), (("n", 3, 4, 4), "(4, 4)"), (("n", 3, 4096, 4096), "4096")]
)
def test_sizes_that_cannot_be_made_are_refused(tmp_path, shape, words):
    assert words in refusal(onnx.put(tmp_path / "net.onnx", onnx.one_node("Relu", shape, shape))).what


def test_a_model_that_wants_exactly_eight_pictures_is_refused(tmp_path):
    assert "exactly 8 pictures" in refusal(onnx.put(tmp_path / "net.onnx", onnx.features_net((8, 3, 64, 64)))).why


def test_two_inputs_are_refused_and_named(tmp_path):
    inputs = [onnx.value("x", onnx.PICTURES), onnx.value("mask", onnx.PICTURES)]
    content = onnx.graph([onnx.node("Add", ["x", "mask"], ["y"])], [], inputs, [onnx.value("y", onnx.PICTURES)])
    found = refusal(onnx.put(tmp_path / "net.onnx", onnx.model(content)))
    assert "2 inputs" in found.what and "mask" in found.why


def test_one_number_per_picture_is_no_feature(tmp_path):
    assert "1 values" in refusal(onnx.put(tmp_path / "net.onnx", onnx.features_net(dimensions=1))).what


def test_output_without_a_row_per_picture_is_refused(tmp_path):
    everything = onnx.field(1, "keepdims") + onnx.field(3, 0) + onnx.field(20, 2)
    path = onnx.put(tmp_path / "net.onnx", onnx.one_node("ReduceMax", onnx.PICTURES, (), everything))
    assert "gives no features" in refusal(path).what


def test_output_that_is_not_finite_is_refused(tmp_path):
    path = onnx.put(tmp_path / "net.onnx", onnx.features_net(weights=onnx.tensor("w", onnx.mixing() * np.nan)))
    assert "6 of 6 values" in refusal(path).why


def test_features_that_stop_being_finite_later_are_told(tmp_path):
    """Negative values, such as dark pictures have, become NaN under a root."""
    nodes = [onnx.node("GlobalAveragePool", ["x"], ["m"]), onnx.node("Sqrt", ["m"], ["y"])]
    content = onnx.graph(nodes, [], [onnx.value("x", onnx.PICTURES)], [onnx.value("y", ("n", 3, 1, 1))])
    model = load_image_model(onnx.put(tmp_path / "net.onnx", onnx.model(content)))
    with pytest.raises(AssayError, match="NaN or infinite"):
        model.describe(np.zeros((2, 224, 224, 3), np.uint8))


@pytest.mark.parametrize("tenth", range(10))
def test_a_file_cut_short_is_refused(tmp_path, tenth):
    content = onnx.features_net(weights=onnx.tensor("w", onnx.mixing()) + onnx.field(99, bytes(4000)))
    found = refusal(onnx.put(tmp_path / "net.onnx", content[: len(content) * tenth // 10]))
    assert "cut short" in found.what if tenth else "no ONNX model" in found.what


def test_flipped_bits_give_a_model_or_a_refusal(tmp_path):
    content = onnx.features_net()
    for place in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[place] ^= 0x15
        try:
            model = load_image_model(onnx.put(tmp_path / "net.onnx", bytes(damaged)))
        except AssayError as error:
            assert error.what and error.where
        else:
            assert np.isfinite(model.describe(pictures(1, model.side))).all()


@pytest.mark.parametrize(
    "content", [b"hello\n" * 50, b"\x08\x08" + bytes(400), b"\x08\x08\x3a\x00" + bytes(60), b"\xff" * 99]
)
def test_what_is_no_onnx_file_is_refused(tmp_path, content):
    assert "no ONNX model" in refusal(onnx.put(tmp_path / "net.onnx", content)).what


def test_nesting_without_end_is_refused_and_not_followed(tmp_path):
    inner = b""
    for _ in range(2000):
        inner = onnx.field(1, onnx.field(5, onnx.field(6, inner)))
    found = refusal(onnx.put(tmp_path / "net.onnx", onnx.model(inner)))
    assert "nested" in found.why


@pytest.mark.parametrize(("limit", "word"), [("NODE_LIMIT", "operations"), ("FIELD_LIMIT", "entries")])
def test_more_parts_than_the_limit_are_refused(tmp_path, monkeypatch, limit, word):
    monkeypatch.setattr(image_onnx_outline, limit, 50)
    nodes = [onnx.node("Relu", ["x"], ["y"])] * 60
    content = onnx.model(onnx.graph(nodes, [], [], []))
    assert word in refusal(onnx.put(tmp_path / "net.onnx", content)).why
