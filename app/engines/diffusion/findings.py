"""What the seeds of a scan have found, in a form that a checkpoint can hold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from app.engines.diffusion.detector import Evidence, Probe
from app.engines.diffusion.features import Cluster, Features
from app.engines.diffusion.paired_noise import shift_energy


@dataclass
class Found:
    """Of one seed: by search its shift, noise scale, updates and losses; by set of pictures (see `key`) its features."""

    taus: dict[str, Tensor] = field(default_factory=dict)
    scales: dict[str, float] = field(default_factory=dict)
    updates: dict[str, int] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    held_out: dict[str, float] = field(default_factory=dict)
    diverged: list[str] = field(default_factory=list)
    paired: list[str] = field(default_factory=list)
    features: dict[str, Features] = field(default_factory=dict)
    plain: dict[str, Tensor] = field(default_factory=dict)
    """By view the pictures (n, c, h, w) from noise alone, 8 bits each."""
    telling: dict[str, Any] = field(default_factory=dict)
    """The most telling pictures so far: “view”, “search” and “pictures” as above; empty before the first."""

    def add(self, view: str, search: str, pictures: Tensor, features: Features) -> None:
        """Note a set of pictures (n, c, h, w) in [0, 1]; `search` is empty for noise alone, which comes first."""
        self.features[key(view, search)] = features
        kept = (pictures.clamp(0, 1) * 255).round().to(torch.uint8).cpu()
        if not search:
            self.plain[view] = kept
            return
        before = self.telling
        if not before or self._weight(view, search) > self._weight(before["view"], before["search"]):
            self.telling = {"view": view, "search": search, "pictures": kept}

    def _weight(self, view: str, search: str) -> tuple[float, float]:
        return weight(Probe(view, search, self.features[view], self.features[key(view, search)]))

    def evidence(self, views: Mapping[str, bool]) -> Evidence:
        """What the detector judges: every search under every one of the `views` that has been made.

        `views` says of each whether its sampler is deterministic.
        """
        probes = [
            Probe(view, name, self.features[view], self.features[key(view, name)], steady)
            for name in self.taus
            for view, steady in views.items()
            if key(view, name) in self.features
        ]
        energies = tuple(shift_energy(self.taus[name]) for name in self.paired)
        return Evidence(tuple(probes), energies, diverged=bool(self.taus) and len(self.diverged) == len(self.taus))

    def state(self) -> dict[str, Any]:
        """Everything `from_state` needs; nothing in it changes afterwards."""
        return {
            "taus": dict(self.taus),
            "scales": dict(self.scales),
            "updates": dict(self.updates),
            "losses": dict(self.losses),
            "held_out": dict(self.held_out),
            "diverged": list(self.diverged),
            "paired": list(self.paired),
            "features": {name: _features_state(each) for name, each in self.features.items()},
            "plain": dict(self.plain),
            "telling": dict(self.telling),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], device: torch.device) -> "Found":
        return cls(
            taus={name: torch.as_tensor(tau).to(device) for name, tau in state["taus"].items()},
            scales={name: float(scale) for name, scale in state["scales"].items()},
            updates={name: int(count) for name, count in state["updates"].items()},
            losses={name: float(loss) for name, loss in state["losses"].items()},
            held_out={name: float(loss) for name, loss in state["held_out"].items()},
            diverged=[str(name) for name in state["diverged"]],
            paired=[str(name) for name in state["paired"]],
            features={name: _features_of(each) for name, each in state["features"].items()},
            plain={name: torch.as_tensor(each) for name, each in state["plain"].items()},
            telling=_telling_of(state["telling"]),
        )


def key(view: str, search: str) -> str:
    """The name of a set of pictures: `search` is empty where there is no shift."""
    return f"{view}|{search}" if search else view


def weight(probe: Probe) -> tuple[float, float]:
    """How telling a probe is: the more alike its pictures the more, those merely black or white last."""
    shifted = probe.shifted
    usable = shifted.finite and shifted.saturated < 0.5 and shifted.cluster.saturated < 0.5
    return float(usable), -probe.ratio if math.isfinite(probe.ratio) else -math.inf


def most_telling(evidence: Evidence) -> Probe:
    """The probe to show: the most alike pictures that are not merely black or white."""
    return max(evidence.probes, key=weight)


def _telling_of(state: Mapping[str, Any]) -> dict[str, Any]:
    if not state:
        return {}
    return {"view": state["view"], "search": state["search"], "pictures": torch.as_tensor(state["pictures"])}


def _features_state(features: Features) -> dict[str, Any]:
    return {
        "uniformity": features.uniformity,
        "total_variation": features.total_variation,
        "variation_per_pixel": features.variation_per_pixel,
        "saturated": features.saturated,
        "finite": features.finite,
        "share": features.cluster.share,
        "common": features.cluster.common,
        "common_saturated": features.cluster.saturated,
    }


def _features_of(state: Mapping[str, Any]) -> Features:
    return Features(
        uniformity=float(state["uniformity"]),
        total_variation=float(state["total_variation"]),
        variation_per_pixel=float(state["variation_per_pixel"]),
        cluster=Cluster(float(state["share"]), torch.as_tensor(state["common"]), float(state["common_saturated"])),
        saturated=float(state["saturated"]),
        finite=bool(state["finite"]),
    )
