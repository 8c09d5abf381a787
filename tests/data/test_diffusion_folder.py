import json
import os
import pickle
import struct

import pytest

from app.core import AssayError
from app.data import diffusion_folder
from app.data.diffusion_folder import read_diffusion_folder
from app.data.inspect import inspect
from app.data.inspection import Inspection
from app.data.safetensors_header import read_header
from app.data.weight_files import find_weights
from tests.data import making

STEM = "diffusion_pytorch_model.safetensors"
UNET = {
    "_class_name": "UNet2DModel",
    "sample_size": 8,
    "in_channels": 1,
    "out_channels": 1,
    "block_out_channels": [8, 16],
    "down_block_types": ["DownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "UpBlock2D"],
}
SCHEDULER = {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000}
INDEX = {
    "_class_name": "DDPMPipeline",
    "unet": ["diffusers", "UNet2DModel"],
    "scheduler": ["diffusers", "DDPMScheduler"],
}


def entry(begin, end, dtype="F32", shape=None):
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end]}


def container(record, data=b"", length=None):
    head = record if isinstance(record, bytes) else json.dumps(record).encode()
    return struct.pack("<Q", len(head) if length is None else length) + head + data


GOOD = container({"a": entry(0, 8), "b": entry(8, 12)}, bytes(12))


def put(path, record):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(record if isinstance(record, bytes) else json.dumps(record).encode())
    return path


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    put(folder / "model_index.json", INDEX)
    put(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    put(folder / "unet" / "config.json", UNET)
    put(folder / "unet" / STEM, GOOD)
    return folder


def said(folder):
    """All words of the one error, read twice: as a loader meets it and as a drop shows it."""
    with pytest.raises(AssayError) as caught:
        read_diffusion_folder(folder)
    found = inspect([folder])
    assert found.kind == "diffusion-model" and not found.usable
    assert caught.value.what in found.problems[0].what
    return str(caught.value)


def test_a_pipeline_is_recognised_with_its_facts(model):
    found = inspect([model])
    assert (found.kind, found.usable, found.path) == ("diffusion-model", True, str(model))
    facts = dict(found.facts)
    assert facts["Kind"] == "DDPM" and facts["Size"] == "8 × 8 pixels" and facts["Parameters"] == "3"
    assert found.options["type"] == "ddpm" and found.options["scheduler"] == "DDPMScheduler"
    assert Inspection.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_a_unet_alone_is_recognised(model):
    assert inspect([model / "unet"]).usable


@pytest.mark.parametrize(
    ("unet", "scheduler", "kind"),
    [
        ({}, {}, "ddpm"),
        ({"time_embedding_type": "fourier"}, {}, "ncsn"),
        ({}, {"_class_name": "ScoreSdeVeScheduler", "sigma_max": 380.0}, "ncsn"),
        ({}, {"_class_name": "KarrasVeScheduler", "sigma_min": 0.02, "sigma_max": 100}, "ncsn"),
    ],
)
def test_the_kind_is_told_by_scheduler_and_time_embedding(model, unet, scheduler, kind):
    put(model / "unet" / "config.json", UNET | unet)
    put(model / "scheduler" / "scheduler_config.json", SCHEDULER | scheduler)
    assert read_diffusion_folder(model).kind == kind


def test_an_autoencoder_makes_it_latent(model):
    put(model / "model_index.json", INDEX | {"_class_name": "LDMPipeline", "vqvae": ["diffusers", "VQModel"]})
    settings = {
        "_class_name": "VQModel",
        "block_out_channels": [8, 8],
        "latent_channels": 1,
        "down_block_types": ["DownEncoderBlock2D"] * 2,
        "up_block_types": ["UpDecoderBlock2D", "AttnUpDecoderBlock2D"],
    }
    put(model / "vqvae" / "config.json", settings)
    put(model / "vqvae" / STEM, GOOD)
    found = read_diffusion_folder(model)
    assert (found.kind, found.size, found.image_size) == ("ldm", (8, 8), (16, 16))
    put(model / "vqvae" / "config.json", settings | {"latent_channels": 4})
    assert "do not fit" in said(model)


def test_several_models_become_a_queue(model, tmp_path):
    bad = tmp_path / "other"
    put(bad / "model_index.json", INDEX | {"_class_name": "StableDiffusionPipeline"})
    for dropped in ([tmp_path], [model, bad]):
        found = inspect(dropped)
        assert (found.kind, found.count) == ("diffusion-models", 2) and found.usable
        assert [(item["name"], item["usable"]) for item in found.options["items"]] == [
            ("model", True),
            ("other", False),
        ]
        assert "1 model cannot be used" in found.problems[0].what


def test_a_test_model_with_a_backdoor_is_shown_as_one(model):
    put(
        model / "unet" / "config.json",
        UNET | {"backdoor_test_model": True, "backdoor_description": "BadDiffusion\u202e"},
    )
    found = inspect([model])
    assert "test model with a backdoor" in found.summary
    assert "BadDiffusion\\u202e" in found.problems[0].what


UNET_FAULTS = {
    "sample_size is '32' (unet/config.json): expected a whole number": {"sample_size": "32"},
    "sample_size is True": {"sample_size": True},
    "sample_size is 1000000": {"sample_size": 1_000_000},
    "sample_size is None": {"sample_size": None},
    "divisible by 2": {"sample_size": 7},
    "in_channels is 17": {"in_channels": 17, "out_channels": 17},
    "it takes 1 channels and gives 3": {"out_channels": 3},
    "Text-conditioned model (unet/config.json): its network": {"_class_name": "UNet2DConditionModel"},
    "it has a CrossAttnDownBlock2D": {"down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"]},
    "Class-conditional model": {"num_class_embeds": 10},
    "Custom code requested – refused (file unet/config.json): it asks for the unknown class “Evil”": {
        "_class_name": "Evil"
    },
    "“auto_map” names": {"auto_map": {"AutoModel": "evil.Evil"}},
    "block_out_channels is [8]": {"block_out_channels": [8]},
    "layers_per_block is 1000000": {"layers_per_block": 1_000_000},
    "at most a million": {"time_embedding_dim": 10**9},
}


@pytest.mark.parametrize("words", UNET_FAULTS)
def test_a_bad_setting_of_the_network_is_named(model, words):
    put(model / "unet" / "config.json", UNET | UNET_FAULTS[words])
    assert words in said(model)


INDEX_FAULTS = {
    "its pipeline is ['evil', 'Pipe']": {"_class_name": ["evil", "Pipe"]},
    "unknown pipeline “EvilPipeline”": {"_class_name": "EvilPipeline"},
    "“custom_pipeline” names": {"custom_pipeline": "evil"},
    "“unet” comes from “evil”": {"unet": ["evil", "UNet2DModel"]},
    "unknown class “Evil”": {"scheduler": ["diffusers", "Evil"]},
    "its component “unet” is": {"unet": ["diffusers"]},
    "no unconditional UNet": {"unet": ["diffusers", "VQModel"]},
    "covers image-space triggers of unconditional models only": {"_class_name": "StableDiffusionPipeline"},
}


@pytest.mark.parametrize("words", INDEX_FAULTS)
def test_code_of_others_is_never_accepted(model, words):
    put(model / "model_index.json", INDEX | INDEX_FAULTS[words])
    assert words in said(model)


@pytest.mark.parametrize(
    "setting",
    [
        {"_class_name": "EvilScheduler"},
        {"num_train_timesteps": 10**7},
        {"beta_end": 2},
        {"beta_schedule": "evil"},
        {"trained_betas": [0.1, 5]},
        {"prediction_type": "flow"},
        {"_class_name": "ScoreSdeVeScheduler", "sigma_min": 5, "sigma_max": 1},
    ],
)
def test_a_bad_setting_of_the_scheduler_is_named(model, setting):
    put(model / "scheduler" / "scheduler_config.json", SCHEDULER | setting)
    words = said(model)
    assert any(str(value) in words for value in setting.values())


def test_missing_files_are_named(model):
    (model / "unet" / "config.json").unlink()
    assert "“unet/config.json” is missing" in said(model)


@pytest.mark.parametrize("name", [STEM.replace("safetensors", "bin"), "model.ckpt", "model.pt", "model.pkl"])
def test_only_pickled_weights_are_refused(model, name):
    (model / "unet" / STEM).unlink()
    put(model / "unet" / name, pickle.dumps({"a": 1}))
    words = said(model)
    assert "pickled weights, which can run code when opened" in words and "not loaded" in words
    assert inspect([model]).options["pickled"] == [name]


def test_a_folder_of_nothing_but_a_pickle_is_refused_in_the_same_words(tmp_path):
    put(tmp_path / "folder" / "model.ckpt", pickle.dumps({"a": 1}))
    found = inspect([tmp_path / "folder"])
    assert found.kind == "unknown" and "can run code when opened. Not loaded" in found.problems[0].what


@pytest.mark.parametrize("name", [STEM, "model.SafeTensors"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_called_safetensors_is_told_by_content_and_never_opened(model, tmp_path, name, protocol):
    (model / "unet" / STEM).unlink()
    put(model / "unet" / name, pickle.dumps({"a": making.Canary(tmp_path / "canary")}, protocol))
    words = said(model)
    assert "pickle" in words or "no safetensors file" in words
    assert not (tmp_path / "canary").exists()


DAMAGE = {
    "is empty (0 bytes)": b"",
    "is no safetensors file": b"abc",
    "is a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    "it may be cut short": GOOD[:40],
    "it is cut short": GOOD[:-1],
    "something was put behind them": GOOD + b"PK",
    "claims 200 MB, more than 100 MB": container({}, length=200_000_000),
    "overlaps": container({"a": entry(0, 8), "b": entry(4, 8)}, bytes(8)),
    "leaves a hole": container({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)),
    "needs 16 bytes, its offsets give 8": container({"a": entry(0, 8, shape=[4])}, bytes(8)),
    "unknown element type": container({"a": entry(0, 8, "EVIL")}, bytes(8)),
    "has the shape [-1]": container({"a": entry(0, 8, shape=[-1])}, bytes(8)),
    "has the shape [true": container(b'{"a":{"dtype":"F32","shape":[true],"data_offsets":[0,4]}}', bytes(4)),
    "has the offsets": container({"a": entry(0, 8) | {"data_offsets": [0]}}, bytes(8)),
    "exactly dtype": container({"a": entry(0, 8) | {"extra": 1}}, bytes(8)),
    "not printable": container({"a\x1b[31m": entry(0, 8)}, bytes(8)),
    "given twice": container(b'{"a":1,"a":2}'),
    "nested more than": container(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "no table of texts": container({"__metadata__": {"a": 1}}),
    "no valid JSON": container(b'{"a":'),
}


@pytest.mark.parametrize("words", DAMAGE)
def test_a_damaged_weight_file_says_what_is_wrong(model, words):
    put(model / "unet" / STEM, DAMAGE[words])
    assert words.replace("[true", "[True]") in said(model)


def test_a_file_cut_at_any_byte_is_refused(tmp_path):
    for length in range(len(GOOD)):
        with pytest.raises(AssayError):
            read_header(put(tmp_path / "cut.safetensors", GOOD[:length]))
    assert read_header(put(tmp_path / "whole.safetensors", GOOD)).parameters == 3


def test_shapes_whose_product_overflows_are_refused(tmp_path):
    record = {"a": entry(0, 4, shape=[1 << 61, 1 << 61])}
    with pytest.raises(AssayError, match="needs"):
        read_header(put(tmp_path / "a.safetensors", container(record, bytes(4))))


@pytest.fixture
def sharded(model):
    (model / "unet" / STEM).unlink()
    put(model / "unet" / "one.safetensors", container({"a": entry(0, 8)}, bytes(8)))
    put(model / "unet" / "two.safetensors", container({"b": entry(0, 4)}, bytes(4)))
    return model


def index(model, places):
    put(model / "unet" / f"{STEM}.index.json", {"weight_map": places})


def test_shards_under_an_index_count_as_one(sharded):
    index(sharded, {"a": "one.safetensors", "b": "two.safetensors"})
    found = read_diffusion_folder(sharded)
    assert found.parameters == 3
    assert {path.name for path in found.files} >= {"one.safetensors", "two.safetensors", f"{STEM}.index.json"}


@pytest.mark.parametrize(
    "file",
    [
        "../other.safetensors",
        "/etc/other.safetensors",
        "sub/other.safetensors",
        "sub\\other.safetensors",
        "C:other.safetensors",
        "..",
        ".safetensors",
        "model.bin",
        f"{STEM}.index.json",
        "a\n.safetensors",
        5,
        None,
    ],
)
def test_an_index_that_leads_anywhere_but_beside_itself_is_refused(sharded, tmp_path, file):
    put(tmp_path / "model" / "other.safetensors", container({"b": entry(0, 4)}, bytes(4)))
    index(sharded, {"a": "one.safetensors", "b": file})
    assert "a shard must be a plain safetensors file name beside the index" in said(sharded)


def test_a_missing_shard_is_named(sharded):
    (sharded / "unet" / "two.safetensors").unlink()
    index(sharded, {"a": "one.safetensors", "b": "two.safetensors"})
    assert "1 shard of the weights is missing" in said(sharded) and "two.safetensors" in said(sharded)


@pytest.mark.parametrize(
    "places",
    [
        {"a": "two.safetensors", "b": "one.safetensors"},
        {"b": "two.safetensors", "a": "two.safetensors"},
        {"a": "one.safetensors", "b": "two.safetensors", "c": "two.safetensors"},
    ],
)
def test_an_index_that_does_not_fit_its_shards_is_refused(sharded, places):
    index(sharded, places)
    assert "The index and the shards of the weights do not fit" in said(sharded)


def test_a_shard_with_more_than_the_index_says_is_refused(sharded):
    put(sharded / "unet" / "two.safetensors", container({"b": entry(0, 4), "c": entry(4, 8)}, bytes(8)))
    index(sharded, {"a": "one.safetensors", "b": "two.safetensors"})
    assert "not in the index: c" in said(sharded)


def test_an_index_of_very_many_entries_is_refused(sharded):
    index(sharded, {f"t{i}": "one.safetensors" for i in range(100_001)})
    with pytest.raises(AssayError, match="100,001 tensors, more than 100,000"):
        find_weights(sharded / "unet", "diffusion_pytorch_model")
    index(sharded, {f"t{i}": f"{i}.safetensors" for i in range(1_001)})
    with pytest.raises(AssayError, match="1,001 files, more than 1,000"):
        find_weights(sharded / "unet", "diffusion_pytorch_model")


@pytest.mark.parametrize("name", ["unet", f"unet/{STEM}", "unet/config.json", "scheduler/scheduler_config.json"])
def test_a_link_that_leaves_the_folder_is_refused(model, tmp_path, name):
    outside = tmp_path / "outside"
    os.rename(model / name, outside)
    (model / name).symlink_to(outside)
    assert "a link that leaves the model's folder" in said(model)


def test_a_link_inside_the_folder_is_fine(model):
    os.rename(model / "unet" / STEM, model / "blob")
    (model / "unet" / STEM).symlink_to(model / "blob")
    assert read_diffusion_folder(model).parameters == 3


def test_a_huge_folder_is_refused_with_its_size(model):
    # A file with a hole takes no room.
    with (model / "big.bin").open("wb") as handle:
        handle.truncate(20_000_000_001)
    assert "20 GB, more than 20 GB" in said(model)


def test_too_many_parameters_are_refused_with_their_number(model, monkeypatch):
    monkeypatch.setattr(diffusion_folder, "PARAMETER_LIMIT", 2)
    assert "3 parameters, more than 2" in said(model)


def test_a_pipe_in_the_place_of_weights_does_not_hang(model):
    (model / "unet" / STEM).unlink()
    os.mkfifo(model / "unet" / STEM)
    assert "a named pipe" in said(model)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"a":NaN}', b"[" * 100_000, "{}".encode("utf-16")])
def test_any_json_that_is_no_model_is_a_message(model, data):
    put(model / "unet" / "config.json", data)
    said(model)
    put(model / "model_index.json", data)
    said(model)
