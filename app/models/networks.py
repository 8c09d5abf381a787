"""Build the networks of a diffusion model from checked settings and fill them with exactly the tensors they name."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from app.core.errors import AssayError
from app.data.diffusion_folder import PARAMETER_LIMIT, Part
from app.data.text import plain
from app.models.safetensors_files import check_memory, read_tensors

SHOWN = 5
_EARLIER = re.compile(r"\.(query|key|value|proj_attn)\.(weight|bias)$")
_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


def build(part: Part, word: str) -> tuple[nn.Module, int]:
    """The network of `part` on the processor, frozen, float32, and how many tensors had earlier names.

    Names and shapes are compared from the files' headers before any memory is taken. Raises AssayError that lists the
    first missing and extra names, or the tensor with its expected and its found shape.
    """
    where = f"{word}, {part.class_name}"
    network = _empty(part, where)
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {current_name(name): entry.shape for name, entry in part.weights.tensors.items()}
    _compare(wanted, found, where)
    total = sum(parameter.numel() for parameter in network.parameters())
    if total > PARAMETER_LIMIT:
        raise AssayError(f"The {word} has {total:,} parameters, more than {PARAMETER_LIMIT:,}", where=where)
    check_memory(8 * total)
    network.load_state_dict(read_tensors(part.weights, current_name), strict=True, assign=True)
    renamed = sum(current_name(name) != name for name in part.weights.tensors)
    return network.eval().requires_grad_(False), renamed


def current_name(name: str) -> str:
    """Attention layers were called otherwise before diffusers 0.15; the well-known checkpoints still are."""
    return _EARLIER.sub(lambda match: f".{_NAMES[match[1]]}.{match[2]}", name)


def encoded(autoencoder: nn.Module, pictures: Tensor) -> Tensor:
    """Latents of pictures (n, c, h, w) in [-1, 1], times the autoencoder's scaling factor."""
    network = cast(Any, autoencoder)
    out = network.encode(pictures)
    latents: Tensor = out.latents if hasattr(out, "latents") else out.latent_dist.mode()
    scaled: Tensor = latents * network.config.scaling_factor
    return scaled


def decoded(autoencoder: nn.Module, latents: Tensor) -> Tensor:
    """Pictures (n, c, h, w) in about [-1, 1] from latents."""
    network = cast(Any, autoencoder)
    out: Tensor = network.decode(latents / network.config.scaling_factor).sample
    return out


def _empty(part: Part, where: str) -> nn.Module:
    """The network without memory for its weights: a hostile config costs nothing."""
    import diffusers

    kind = getattr(diffusers, part.class_name)
    known = inspect.signature(kind.__init__).parameters
    arguments = {key: value for key, value in part.settings.items() if key in known}
    try:
        with torch.device("meta"):
            return cast(nn.Module, kind(**arguments))
    except (ValueError, TypeError, RuntimeError, AttributeError, KeyError, ArithmeticError, IndexError) as error:
        raise AssayError(
            "The settings of the model make no network",
            where=where,
            why=plain(f"{type(error).__name__}: {error}", 200),
        ) from error


def _compare(wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]], where: str) -> None:
    missing = [name for name in wanted if name not in found]
    extra = [name for name in found if name not in wanted]
    if missing or extra:
        parts = [
            f"{len(names):,} {word}: {', '.join(plain(name, 80) for name in names[:SHOWN])}"
            for word, names in (("missing", missing), ("not expected", extra))
            if names
        ]
        raise AssayError(
            "The weights do not fit the model's settings",
            where=where,
            why="; ".join(parts),
            remedy="A tensor left at random would make any finding meaningless, so nothing was loaded",
        )
    for name, shape in wanted.items():
        if shape != found[name]:
            raise AssayError(
                f"The tensor “{plain(name, 80)}” has the wrong shape",
                where=where,
                why=f"expected {shape}, found {tuple(found[name])}",
            )
