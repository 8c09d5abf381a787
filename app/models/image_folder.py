"""Load a Hugging Face vision folder: known architectures, its own weights to the last tensor, no code of others."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from app.core.errors import AssayError
from app.data.image_model_folder import CONFIG
from app.data.strict_json import read_json
from app.data.text import plain
from app.data.weight_files import WeightFiles, find_weights
from app.models.image_families import check_settings
from app.models.image_preparing import Preparation
from app.models.image_settings import read_preparation
from app.models.safetensors_files import check_memory, read_tensors

SHOWN = 5
_MISTAKES = (
    ValueError, TypeError, RuntimeError, AttributeError, KeyError, ArithmeticError, IndexError, AssertionError,
    ImportError,
)  # fmt: skip


def load_folder(folder: Path) -> tuple[Preparation, "FolderNetwork"]:
    """The model in `folder`, and how its pictures are prepared. Raises AssayError as `load_image_model`."""
    name = plain(folder.name)
    record = read_json(folder / CONFIG)
    if not isinstance(record, dict):
        raise AssayError(f"“{CONFIG}” is no table of settings", where=name)
    check_settings(record, name)
    preparation = read_preparation(folder, record)
    weights = find_weights(folder, "model")
    network = _filled(_network_class(record), _settings(record, name), weights, name)
    return preparation, FolderNetwork(network, name)


class FolderNetwork:
    """Calls the network: (b, 3, side, side) float32 to (b, d) float32. Raises AssayError where it fails."""

    def __init__(self, network: nn.Module, name: str) -> None:
        self._network = network
        self._name = name

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        try:
            with torch.inference_mode():
                return _features(self._network, torch.from_numpy(pictures)).float().numpy()
        except _MISTAKES as error:
            raise AssayError(
                f"“{self._name}” could not describe a picture",
                where=self._name,
                why=plain(f"{type(error).__name__}: {error}", 240),
                remedy="The sizes in its config.json and preprocessor_config.json may not fit; get the folder again",
            ) from error


def _features(network: Any, pictures: Tensor) -> Tensor:
    """(b, d): what the model itself pools, else the mean over its patches, else over the picture."""
    if hasattr(network, "get_image_features"):
        shared: Tensor = network.get_image_features(pixel_values=pictures).pooler_output
        return shared
    out = network.base_model(pictures, return_dict=True)
    pooled: Tensor | None = getattr(out, "pooler_output", None)
    if pooled is not None:
        return pooled.flatten(1)
    values: Tensor = out.last_hidden_state
    if values.ndim == 4:
        return values.mean(dim=(2, 3))
    return values[:, -_patches(network.config, pictures, values) :].mean(dim=1)


def _patches(config: Any, pictures: Tensor, values: Tensor) -> int:
    """How many of the tokens are patches; those before them stand for the whole picture."""
    patch = getattr(config, "patch_size", None)
    count = (pictures.shape[-1] // patch) ** 2 if isinstance(patch, int) and patch > 0 else 0
    return count if 0 < count <= values.shape[1] else values.shape[1]


def _settings(record: Mapping[str, Any], name: str) -> Any:
    from huggingface_hub.errors import StrictDataclassError
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    try:
        return _made(CONFIG_MAPPING[record["model_type"]], record)
    except (*_MISTAKES, StrictDataclassError) as error:
        raise _no_network(error, name) from error


def _made(kind: Any, record: Mapping[str, Any]) -> Any:
    """Only settings that this kind of model has: others would reach into how it is built, or fetched."""
    known = inspect.signature(kind.__init__).parameters.keys() - {
        "self",
        "dtype",
        "return_dict",
        "output_hidden_states",
    }
    parts = getattr(kind, "sub_configs", {})
    arguments = {key: value for key, value in record.items() if key in known}
    for key in parts.keys() & arguments.keys():
        arguments[key] = _made(parts[key], arguments[key]).to_dict()
    return kind(**arguments)


def _network_class(record: Mapping[str, Any]) -> Any:
    """The class that the weights were saved from where it sorts pictures, whose base is used; else the plain model."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING, MODEL_MAPPING

    settings = CONFIG_MAPPING[record["model_type"]]
    named = record.get("architectures")
    sorting = MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING.get(settings, None)
    for kind in sorting if isinstance(sorting, tuple) else (sorting,):
        # CLIP and its like can sort, too, but then without the part that their features come from.
        if kind is not None and isinstance(named, list) and kind.__name__ in named:
            return kind
    found = MODEL_MAPPING[settings]
    return found[0] if isinstance(found, tuple) else found


def _filled(kind: Any, settings: Any, weights: WeightFiles, name: str) -> nn.Module:
    """The network with exactly the tensors of its folder, in evaluation mode, float32."""
    _check_size(kind, settings, weights, name)
    _quiet()
    tensors = read_tensors(weights)
    network, report = _from_tensors(kind, settings, tensors, name)
    missing = report["missing_keys"]
    if missing and all(key.startswith("pooler.") for key in missing) and _may_leave_out_pooling(kind):
        # Many were published without it, since its training was not theirs: their patches are averaged instead.
        network, report = _from_tensors(kind, settings, tensors, name, add_pooling_layer=False)
    _check_report(report, name)
    made: nn.Module = network.eval().requires_grad_(False)
    return made


def _from_tensors(
    kind: Any, settings: Any, tensors: Mapping[str, Tensor], name: str, **options: bool
) -> tuple[nn.Module, Mapping[str, Any]]:
    """A network and what fitted. transformers gets tensors, not a folder: it reads no file, and knows earlier names."""
    try:
        network, report = kind.from_pretrained(
            None,
            config=settings,
            state_dict=dict(tensors),
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            local_files_only=True,
            trust_remote_code=False,
            dtype=torch.float32,
            attn_implementation="eager",
            **options,
        )
    except _MISTAKES as error:
        raise _no_network(error, name) from error
    return network, report


def _may_leave_out_pooling(kind: Any) -> bool:
    return "add_pooling_layer" in inspect.signature(kind.__init__).parameters


def _quiet() -> None:
    """Its table of what was loaded and its bars are for a terminal; what matters of them is in our messages."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _check_size(kind: Any, settings: Any, weights: WeightFiles, name: str) -> None:
    """Compare the number of parameters before any memory is taken: a hostile config costs nothing."""
    try:
        with torch.device("meta"):
            wanted = sum(one.numel() for one in kind(settings).parameters())
    except _MISTAKES as error:
        raise _no_network(error, name) from error
    if not weights.parameters / 2 <= wanted <= 2 * weights.parameters:
        raise AssayError(
            "The weights do not fit the model's settings",
            where=name,
            why=f"the settings ask for {wanted:,} parameters, the files hold {weights.parameters:,}",
            remedy="Get the whole folder again",
        )
    check_memory(12 * wanted)


def _check_report(report: Mapping[str, Any], name: str) -> None:
    shapes = [f"{one[0]}: expected {tuple(one[2])}, found {tuple(one[1])}" for one in report["mismatched_keys"]]
    faults = {
        "missing": sorted(report["missing_keys"]),
        "not expected": sorted(report["unexpected_keys"]),
        "of the wrong shape": sorted(shapes),
        "not converted": sorted(map(str, report["error_msgs"])),
    }
    parts = [
        f"{len(found):,} {word}: {', '.join(plain(one, 120) for one in found[:SHOWN])}"
        for word, found in faults.items()
        if found
    ]
    if parts:
        raise AssayError(
            "The weights do not fit the model's settings",
            where=name,
            why="; ".join(parts),
            remedy="A tensor left at random would make the features meaningless, so nothing was loaded",
        )


def _no_network(error: Exception, name: str) -> AssayError:
    return AssayError(
        "The settings of the model make no network",
        where=f"{name}, {CONFIG}",
        why=plain(f"{type(error).__name__}: {error}", 240),
        remedy="Get the whole folder again, or export the model as ONNX",
    )
