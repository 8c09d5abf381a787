import json
from dataclasses import replace

import pytest
import torch
from diffusers import DDPMPipeline

from app.core import AssayError
from app.models.diffusion import load_diffusion
from app.models.diffusion_writing import model_card, model_files, save_diffusion
from app.models.networks import current_name
from app.models.safetensors_files import check_memory, check_unchanged
from app.models.sampling import sample, sampling
from app.models.schedulers import SAMPLERS, VE_SAMPLER, sampler_named
from tests.models import making

ZOO = ["clean_a", "clean_b", "clean_c", "bad_sde_a", "bad_sde_b", "bad_ode_a", "bad_sde_weak", "bad_trojpatch"]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def noise(model, count=2):
    return torch.randn(count, *model.shape, generator=torch.Generator().manual_seed(0))


def message(folder, **options):
    with pytest.raises(AssayError) as caught:
        load_diffusion(folder, **options)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["ddpm", "ncsn", "ldm", "kl"])
def test_each_kind_loads_and_makes_pictures(tmp_path, kind):
    model = load_diffusion(making.pipeline(tmp_path / "model", kind))
    assert model.kind == {"kl": "ldm"}.get(kind, kind)
    sampler = replace(VE_SAMPLER, steps=3) if kind == "ncsn" else SAMPLERS["DDIM-SCHED"]
    made = model.pictures(sample(model, noise(model), sampler, steps=3, generator=torch.Generator().manual_seed(1)))
    side = 16 if kind in ("ldm", "kl") else 8
    assert made.shape == (2, 3 if side == 16 else 1, side, side)
    assert made.isfinite().all() and made.min() >= 0 and made.max() <= 1
    assert model.encode(made).shape == (2, *model.shape)


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_of_the_thirteen_calls_the_network_as_often_as_stated(tmp_path, name):
    model = load_diffusion(making.pipeline(tmp_path / "model"))
    calls = []
    model.unet.register_forward_hook(lambda *_: calls.append(1))
    sampler = SAMPLERS[name]
    # DDPM's thousand are as many as asked for; the others are run in full.
    steps = 20 if name == "DDPM-SCHED" else sampler.steps
    made = sample(model, noise(model), sampler, steps=steps, generator=torch.Generator().manual_seed(1))
    assert len(calls) == (20 if name == "DDPM-SCHED" else sampler.calls)
    assert made.isfinite().all()


def test_the_score_sampler_calls_the_network_twice_a_step_and_starts_at_sigma_max(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model", "ncsn"))
    seen = []
    model.unet.register_forward_hook(lambda _, inputs, __: seen.append((inputs[0].std().item(), inputs[1][0].item())))
    sample(model, noise(model), VE_SAMPLER, steps=4, generator=torch.Generator().manual_seed(1))
    assert len(seen) == 8
    assert seen[0][1] == pytest.approx(50.0)
    assert seen[0][0] == pytest.approx(50.0, rel=0.2)
    assert model.last == model.sigma_max == 50.0


def test_the_same_generator_gives_the_same_pictures(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model"))
    runs = [
        sample(
            model, noise(model), SAMPLERS["DDIM-SCHED"], steps=5, eta=1.0, generator=torch.Generator().manual_seed(3)
        )
        for _ in range(2)
    ]
    assert torch.equal(*runs)


def test_sampling_can_be_watched_and_left_early(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model"))
    steps = sampling(model, noise(model), SAMPLERS["DDIM-SCHED"], steps=5)
    first = next(steps)
    assert (first.done, first.total) == (1, 5)
    steps.close()


def test_clipping_bounds_the_picture_and_is_refused_where_there_is_none(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model"))
    made = sample(model, 5 * noise(model), SAMPLERS["DDIM-SCHED"], steps=5, clip=True)
    assert made.abs().max() <= 1 + 1e-5
    with pytest.raises(AssayError, match="no step that clips"):
        sample(model, noise(model), SAMPLERS["UNIPC-SCHED"], clip=True)


def test_a_sampler_of_the_other_family_is_refused(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model"))
    with pytest.raises(AssayError, match="does not sample a noise predictor"):
        sample(model, noise(model), VE_SAMPLER)
    with pytest.raises(AssayError, match="is no sampler"):
        sampler_named("DDIM-SCHED", ve=True)


@pytest.mark.parametrize("prediction", ["v_prediction", "sample"])
def test_other_predictions_are_converted_to_noise(tmp_path, prediction):
    model = load_diffusion(making.pipeline(tmp_path / "m", scheduler=making.DDPM | {"prediction_type": prediction}))
    plain = replace(model, prediction="epsilon")
    x, t = noise(model), 400
    kept = model.alphas_cumprod[t]
    raw = plain.output(x, t)
    by_hand = {
        "v_prediction": kept.sqrt() * raw + (1 - kept).sqrt() * x,
        "sample": (x - kept.sqrt() * raw) / (1 - kept).sqrt(),
    }[prediction]
    torch.testing.assert_close(model.output(x, t), by_hand)
    assert any("converted to noise" in note for note in model.notes)


def test_noise_means_the_same_for_score_models(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model", "ncsn"))
    x = model.start(noise(model))
    torch.testing.assert_close(model.noise(x, 50.0), -50.0 * model.output(x, 50.0))


def test_of_a_learned_variance_only_the_first_channels_are_used(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model", out_channels=2))
    x = noise(model)
    out = model.output(x, 999)
    assert out.shape == x.shape
    torch.testing.assert_close(out, model.unet(x, 999).sample[:, :1])
    assert any("first 1 channels" in note for note in model.notes)


def test_gradients_flow_to_the_input_and_not_to_the_weights(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model"))
    x = noise(model).requires_grad_()
    model.output(x, 999).sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in model.unet.parameters())


def test_half_precision_weights_become_single(tmp_path):
    folder = making.pipeline(tmp_path / "model")
    making.put(folder, {name: tensor.bfloat16() for name, tensor in making.tensors(folder).items()})
    model = load_diffusion(folder)
    assert {parameter.dtype for parameter in model.unet.parameters()} == {torch.float32}


def test_missing_and_extra_tensors_are_named_five_at_most(tmp_path):
    folder = making.pipeline(tmp_path / "model")
    found = making.tensors(folder)
    names = sorted(found)
    for name in names[:7]:
        found[f"strange.{name}"] = found.pop(name)
    making.put(folder, found)
    words = message(folder)
    assert "7 missing" in words and "7 not expected" in words
    assert sum(f" {name}" in words for name in names[:7]) == 5
    assert "nothing was loaded" in words


def test_a_wrong_shape_is_named_with_both_shapes(tmp_path):
    folder = making.pipeline(tmp_path / "model")
    making.put(folder, making.tensors(folder) | {"conv_in.bias": torch.zeros(9)})
    words = message(folder)
    assert "conv_in.bias" in words and "expected (8,), found (9,)" in words


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_named(tmp_path, value):
    folder = making.pipeline(tmp_path / "model")
    found = making.tensors(folder)
    found["conv_out.weight"][0, 0, 0, :2] = value
    making.put(folder, found)
    words = message(folder)
    assert "conv_out.weight" in words and "2 values that are NaN or infinite" in words


def test_attention_tensors_with_names_of_an_earlier_diffusers_are_renamed(tmp_path):
    blocks = {"down_block_types": ("DownBlock2D", "AttnDownBlock2D"), "attention_head_dim": 4}
    folder = making.pipeline(tmp_path / "model", **blocks)
    before = load_diffusion(folder)
    found = {}
    for name, tensor in making.tensors(folder).items():
        for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
            name = name.replace(f".{new}.", f".{old}.")
        found[name] = tensor
    assert any("query" in name for name in found)
    making.put(folder, found)
    after = load_diffusion(folder)
    torch.testing.assert_close(after.output(noise(after), 5), before.output(noise(before), 5))
    assert any("renamed" in note for note in after.notes)
    assert current_name("key.weight") == "key.weight"


def test_a_sharded_model_loads_like_the_whole_one(tmp_path):
    folder = making.pipeline(tmp_path / "model")
    whole = load_diffusion(folder)
    making.shard(folder)
    parts = load_diffusion(folder)
    x = noise(whole)
    assert torch.equal(whole.output(x, 7), parts.output(x, 7))
    assert len(parts.hashes) == len(whole.hashes) + 2


def test_a_unet_alone_gets_the_usual_schedule(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model") / "unet")
    assert model.steps == 1000 and model.kind == "ddpm"
    assert any("assumed" in note for note in model.notes)


def test_a_score_model_without_scheduler_asks_for_its_range(tmp_path):
    folder = making.pipeline(tmp_path / "model", "ncsn") / "unet"
    assert "noise range of this score model is not known" in message(folder)
    assert load_diffusion(folder, sigma_max=380.0).sigma_max == 380.0


def test_a_kind_that_cannot_be_is_refused(tmp_path):
    assert "has no autoencoder" in message(making.pipeline(tmp_path / "model"), kind="ldm")


def test_settings_that_make_no_network_are_a_message(tmp_path):
    folder = making.pipeline(tmp_path / "model")
    making.change(folder / "unet" / "config.json", norm_num_groups=7)
    assert "make no network" in message(folder)


def test_too_little_memory_is_said_with_both_numbers():
    with pytest.raises(AssayError, match=r"it needs 1e\+03 PB|it needs .*, .* are free"):
        check_memory(10**18)


def test_other_weights_under_the_same_name_are_refused_on_resume(tmp_path):
    folder = making.pipeline(tmp_path / "model")
    before = load_diffusion(folder)
    check_unchanged(before.hashes, load_diffusion(folder).hashes, "model")
    found = making.tensors(folder)
    found["conv_in.bias"] += 1
    making.put(folder, found)
    after = load_diffusion(folder)
    assert before.sha256 != after.sha256
    with pytest.raises(AssayError, match=r"not the one that the run began with \(unet/diffusion_pytorch_model"):
        check_unchanged(before.hashes, after.hashes, "model")


@pytest.mark.parametrize("kind", ["ddpm", "ncsn", "ldm"])
def test_a_saved_model_loads_again_and_is_the_same(tmp_path, kind):
    model = load_diffusion(making.pipeline(tmp_path / "model", kind))
    files = model_files(model)
    assert files == model_files(model)
    save_diffusion(files, tmp_path / "out" / "copy")
    again = load_diffusion(tmp_path / "out" / "copy")
    x = noise(model)
    assert torch.equal(again.output(x, 9), model.output(x, 9))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["copy"]


def test_diffusers_itself_opens_what_was_saved(tmp_path):
    save_diffusion(model_files(load_diffusion(making.pipeline(tmp_path / "m"))), tmp_path / "copy")
    assert DDPMPipeline.from_pretrained(tmp_path / "copy", local_files_only=True, use_safetensors=True).unet is not None


def test_saving_never_overwrites(tmp_path):
    folder = making.pipeline(tmp_path / "model")
    model = load_diffusion(folder)
    with pytest.raises(AssayError, match="exists already"):
        save_diffusion(model_files(model), folder)
    assert load_diffusion(folder).hashes == model.hashes


def test_a_test_model_carries_its_mark_and_card(tmp_path):
    model = load_diffusion(making.pipeline(tmp_path / "model"))
    words = "BadDiffusion, BOX_14 to CORNER, <b>"
    card = model_card("Tiny", ["Made here."], {"ASR": "1.0 | x"}, backdoor=words)
    save_diffusion(model_files(model, card=card, backdoor=words), tmp_path / "bad")
    settings = json.loads((tmp_path / "bad" / "unet" / "config.json").read_text())
    assert settings["backdoor_test_model"] is True
    text = (tmp_path / "bad" / "README.md").read_text()
    assert "backdoor_test_model: true" in text and "&lt;b>" in text and "1.0 \\| x" in text
    again = load_diffusion(tmp_path / "bad")
    assert again.source.test_model.startswith("BadDiffusion")
    assert b"backdoor_test_model" in model_files(again)["unet/config.json"]


def test_a_card_says_clean_only_where_that_is_known():
    assert "backdoor_test_model: false" in model_card("Made here", [], {})
    assert "backdoor_test_model" not in model_card("Repaired", [], {}, backdoor=None)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ZOO)
def test_each_model_of_the_zoo_loads_and_samples(shared, name):
    model = load_diffusion(shared / "golden" / "elijah" / "zoo" / name)
    assert model.parameters == 163_985 and model.shape == (1, 16, 16)
    made = model.pictures(sample(model, noise(model, 4), SAMPLERS["DDIM-SCHED"], steps=10, clip=True))
    # Digits are dark pictures with bright strokes.
    assert 0.1 < made.mean() < 0.5 and made.max() > 0.8
