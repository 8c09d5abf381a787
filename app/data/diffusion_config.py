"""Check the JSON files of a diffusion model: only known classes, no code by others, sizes within limits."""

from collections.abc import Mapping
from typing import Any, Literal

from app.core.errors import AssayError
from app.data.text import plain

Kind = Literal["ddpm", "ncsn", "ldm"]
Settings = Mapping[str, Any]

PIPELINES = {
    "DDPMPipeline", "DDIMPipeline", "PNDMPipeline", "ScoreSdeVePipeline", "KarrasVePipeline", "LDMPipeline",
}  # fmt: skip
VP_SCHEDULERS = {
    "DDPMScheduler", "DDIMScheduler", "DPMSolverMultistepScheduler", "UniPCMultistepScheduler", "PNDMScheduler",
    "DEISMultistepScheduler", "HeunDiscreteScheduler", "LMSDiscreteScheduler",
}  # fmt: skip
VE_SCHEDULERS = {"ScoreSdeVeScheduler", "KarrasVeScheduler"}
AUTOENCODERS = {"VQModel", "AutoencoderKL"}
UNET = "UNet2DModel"
CODE_KEYS = ("auto_map", "custom_pipeline", "trust_remote_code")

SIDE_LIMIT = 1024
CHANNEL_LIMIT = 16
WIDTH_LIMIT = 8192
BLOCK_LIMIT = 12
LAYER_LIMIT = 32
STEP_LIMIT = 100_000

TEXT_MODEL = "this scanner covers image-space triggers of unconditional models only"
_DOWN = {"DownBlock2D", "AttnDownBlock2D", "SkipDownBlock2D", "AttnSkipDownBlock2D", "ResnetDownsampleBlock2D"}
_UP = {"UpBlock2D", "AttnUpBlock2D", "SkipUpBlock2D", "AttnSkipUpBlock2D", "ResnetUpsampleBlock2D"}
_BETAS = {"linear", "scaled_linear", "squaredcos_cap_v2"}
_PREDICTIONS = {"epsilon", "v_prediction", "sample"}


def refuse_code(record: Settings, where: str) -> None:
    """Raises AssayError where `record` asks for code that comes with the model."""
    asked = next((key for key in CODE_KEYS if record.get(key)), None)
    if asked:
        raise _custom_code(where, f"“{asked}” names {plain(str(record[asked]), 80)}")


def check_pipeline(record: Any, where: str = "model_index.json") -> dict[str, str]:
    """Component names to class names of a checked model_index.json. Raises AssayError."""
    record = _table(record, where)
    refuse_code(record, where)
    name = record.get("_class_name")
    if not isinstance(name, str):
        raise _custom_code(where, f"its pipeline is {plain(str(name), 80)}")
    components = {key: value for key, value in record.items() if isinstance(value, list)}
    classes = [str(value[-1]) for value in components.values() if value]
    if "UNet2DConditionModel" in classes or any("CLIP" in one for one in classes) or "StableDiffusion" in name:
        raise _text_conditioned(where, f"its pipeline is {plain(name, 60)}")
    if name not in PIPELINES:
        raise _custom_code(where, f"it asks for the unknown pipeline “{plain(name, 80)}”")
    found = {}
    for key, value in components.items():
        if len(value) != 2 or value == [None, None] or not all(isinstance(part, str) for part in value):
            raise _custom_code(where, f"its component “{plain(key, 40)}” is {plain(str(value), 80)}")
        library, class_name = value
        if library != "diffusers":
            raise _custom_code(where, f"“{plain(key, 40)}” comes from “{plain(library, 60)}”")
        if class_name not in VP_SCHEDULERS | VE_SCHEDULERS | AUTOENCODERS | {UNET}:
            raise _custom_code(where, f"“{plain(key, 40)}” asks for the unknown class “{plain(class_name, 80)}”")
        found[key] = class_name
    if found.get("unet") != UNET:
        raise AssayError("The pipeline has no unconditional UNet", where=where, remedy=f"Expected a {UNET} called unet")
    return found


def check_unet(record: Any, where: str = "unet/config.json") -> dict[str, Any]:
    """The settings of a UNet2DModel that are safe to build. Raises AssayError that names the setting."""
    record = _table(record, where)
    refuse_code(record, where)
    name = record.get("_class_name", UNET)
    if isinstance(name, str) and "Condition" in name:
        raise _text_conditioned(where, f"its network is {plain(name, 60)}")
    if name not in (UNET, "UNet2D"):
        raise _custom_code(where, f"it asks for the unknown class “{plain(str(name), 80)}”")
    _check_blocks(record, where, "down_block_types", _DOWN)
    _check_blocks(record, where, "up_block_types", _UP)
    widths = _whole_list(record, "block_out_channels", WIDTH_LIMIT, where)
    if len({len(widths), len(record["down_block_types"]), len(record["up_block_types"])}) != 1:
        raise _setting(where, "block_out_channels", widths, "as many as there are blocks down and up")
    inside = _whole(record, "in_channels", 3, CHANNEL_LIMIT, where)
    outside = _whole(record, "out_channels", 3, 2 * CHANNEL_LIMIT, where)
    if outside not in (inside, 2 * inside):
        why = f"it takes {inside} channels and gives {outside}"
        raise AssayError("The network is no noise predictor", where=where, why=why)
    for side in image_size(record, where):
        # Smaller ones are halved to nothing on the way down, which the first forward pass would only then tell.
        if side % (1 << (len(widths) - 1)):
            raise _setting(where, "sample_size", record["sample_size"], f"divisible by {1 << (len(widths) - 1)}")
    _whole(record, "layers_per_block", 2, LAYER_LIMIT, where)
    _check_plain_numbers(record, where)
    if record.get("class_embed_type") is not None or record.get("num_class_embeds") is not None:
        raise AssayError("Class-conditional model", where=where, why=TEXT_MODEL)
    return dict(record)


def check_autoencoder(record: Any, class_name: str, where: str) -> dict[str, Any]:
    """The settings of a VQModel or AutoencoderKL that are safe to build. Raises AssayError."""
    record = _table(record, where)
    refuse_code(record, where)
    if class_name not in AUTOENCODERS or record.get("_class_name", class_name) != class_name:
        raise _custom_code(where, f"it asks for the class “{plain(str(record.get('_class_name')), 80)}”")
    widths = _whole_list(record, "block_out_channels", WIDTH_LIMIT, where)
    for key, ending in (("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")):
        _check_blocks(record, where, key, {ending, ending.replace("Down", "AttnDown").replace("Up", "AttnUp")})
        if len(record[key]) != len(widths):
            raise _setting(where, key, record[key], "as many as block_out_channels")
    for key in ("in_channels", "out_channels", "latent_channels"):
        _whole(record, key, 3, CHANNEL_LIMIT, where)
    _whole(record, "layers_per_block", 1, LAYER_LIMIT, where)
    _whole(record, "num_vq_embeddings", 256, 1_000_000, where)
    scale = record.get("scaling_factor", 1.0)
    if not _is_number(scale) or not 0 < scale < 1e6:
        raise _setting(where, "scaling_factor", scale, "a number above 0")
    _check_plain_numbers(record, where)
    return dict(record)


def check_scheduler(record: Any, where: str = "scheduler/scheduler_config.json") -> dict[str, Any]:
    """The settings of a scheduler. Raises AssayError that names the setting."""
    record = _table(record, where)
    refuse_code(record, where)
    name = record.get("_class_name")
    if name not in VP_SCHEDULERS | VE_SCHEDULERS:
        raise _custom_code(where, f"it asks for the unknown scheduler “{plain(str(name), 80)}”")
    _whole(record, "num_train_timesteps", 1000, STEP_LIMIT, where)
    if name in VE_SCHEDULERS:
        low, high = (_number(record, key, 0.0, where) for key in ("sigma_min", "sigma_max"))
        if record.get("sigma_max") is not None and not 0 <= low < high <= 1e6:
            raise _setting(where, "sigma_max", high, "a number above sigma_min")
        return dict(record)
    if record.get("prediction_type", "epsilon") not in _PREDICTIONS:
        raise _setting(where, "prediction_type", record["prediction_type"], " or ".join(sorted(_PREDICTIONS)))
    if record.get("beta_schedule", "linear") not in _BETAS:
        raise _setting(where, "beta_schedule", record["beta_schedule"], " or ".join(sorted(_BETAS)))
    for key, default in (("beta_start", 1e-4), ("beta_end", 0.02)):
        if not 0 < _number(record, key, default, where) < 1:
            raise _setting(where, key, record[key], "a number between 0 and 1")
    betas = record.get("trained_betas")
    if betas is not None and not (
        isinstance(betas, list) and 1 < len(betas) <= STEP_LIMIT and all(_is_number(b) and 0 < b < 1 for b in betas)
    ):
        raise _setting(where, "trained_betas", betas, "a list of numbers between 0 and 1")
    return dict(record)


def image_size(record: Settings, where: str = "unet/config.json") -> tuple[int, int]:
    """(height, width) in pixels, or in latent cells. Raises AssayError."""
    value = record.get("sample_size")
    height, width = value if isinstance(value, list) and len(value) == 2 else (value, value)
    if type(height) is int and type(width) is int and 1 <= min(height, width) <= max(height, width) <= SIDE_LIMIT:
        return height, width
    raise _setting(where, "sample_size", value, f"a whole number from 1 to {SIDE_LIMIT}")


def kind_of(unet: Settings, scheduler: Settings | None, latent: bool) -> Kind:
    """Which of the three families a model belongs to (spec section 3)."""
    if (scheduler or {}).get("_class_name") in VE_SCHEDULERS or unet.get("time_embedding_type") == "fourier":
        return "ncsn"
    return "ldm" if latent else "ddpm"


def _check_blocks(record: Settings, where: str, key: str, known: set[str]) -> None:
    names = record.get(key)
    if not isinstance(names, list) or not 1 <= len(names) <= BLOCK_LIMIT:
        raise _setting(where, key, names, f"a list of 1 to {BLOCK_LIMIT} block names")
    for name in names:
        if isinstance(name, str) and "Cross" in name:
            raise _text_conditioned(where, f"it has a {plain(name, 60)}")
        if name not in known:
            raise _setting(where, key, name, f"one of {', '.join(sorted(known))}")


def _check_plain_numbers(record: Settings, where: str) -> None:
    """No setting that is a number may be huge: sizes of layers are computed from them."""
    for key, value in record.items():
        numbers = value if isinstance(value, list) else [value]
        if any(_is_number(number) and abs(number) > 1_000_000 for number in numbers):
            raise _setting(where, key, value, "at most a million")


def _whole_list(record: Settings, key: str, limit: int, where: str) -> list[int]:
    values = record.get(key)
    if not isinstance(values, list) or not 1 <= len(values) <= BLOCK_LIMIT:
        raise _setting(where, key, values, f"a list of 1 to {BLOCK_LIMIT} whole numbers")
    if not all(type(value) is int and 1 <= value <= limit for value in values):
        raise _setting(where, key, values, f"whole numbers from 1 to {limit:,}")
    return values


def _whole(record: Settings, key: str, default: int, limit: int, where: str) -> int:
    value = record.get(key, default)
    if type(value) is not int or not 1 <= value <= limit:
        raise _setting(where, key, value, f"a whole number from 1 to {limit:,}")
    return value


def _number(record: Settings, key: str, default: float, where: str) -> float:
    value = record.get(key)
    if value is None:
        return default
    if not _is_number(value):
        raise _setting(where, key, value, "a number")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _table(record: Any, where: str) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise AssayError("The settings of the model are no table of names and values", where=where)
    return record


def _setting(where: str, key: str, value: Any, expected: str) -> AssayError:
    shown = plain(repr(value), 60)
    return AssayError(f"The model's setting {plain(key, 40)} is {shown}", where=where, why=f"expected {expected}")


def _custom_code(where: str, why: str) -> AssayError:
    return AssayError(
        "Custom code requested – refused",
        where=f"file {where}",
        why=why,
        remedy="Assay never runs remote code that comes with a model",
    )


def _text_conditioned(where: str, found: str) -> AssayError:
    return AssayError("Text-conditioned model", where=where, why=f"{found}; {TEXT_MODEL}")
