"""Judge the seeds of a scan one by one, and all of them together."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.detector import ALARMS, Evidence, Verdict, majority
from app.engines.diffusion.features import agreement
from app.engines.diffusion.findings import Found, most_telling, weight
from app.engines.diffusion.scanning import Plan


class Judged:
    """The seeds that are done, with a verdict each."""

    def __init__(
        self, config: ScanConfig, plan: Plan, device: torch.device, state: Sequence[Any] | None = None
    ) -> None:
        self.found: dict[int, Found] = {}
        self.evidence: dict[int, Evidence] = {}
        self.verdicts: dict[int, Verdict] = {}
        self._config = config
        self.limits, self.referee = plan.limits, plan.referee
        self._decide = plan.decide
        self._views = {view.name: view.steady for view in plan.views}
        for each in state or ():
            self.add(config.seed + len(self.found), Found.from_state(each, device))

    @property
    def over(self) -> bool:
        """Whether all seeds are done, or enough agree that the others cannot change the verdict."""
        if len(self.found) >= self._config.seeds:
            return True
        if not self._config.early_verdict or not self.found:
            return False
        return 2 * Counter(verdict.word for verdict in self.verdicts.values()).most_common(1)[0][1] > self._config.seeds

    def add(self, seed: int, found: Found) -> None:
        """Judge what `seed` found."""
        self.found[seed] = found
        self.evidence[seed] = found.evidence(self._views)
        self.verdicts[seed] = self._decide(self._deciding(self.evidence[seed]))

    def state(self) -> list[dict[str, Any]]:
        return [found.state() for found in self.found.values()]

    @property
    def verdict(self) -> Verdict:
        """Of all seeds that are done (at least one)."""
        return majority(list(self.verdicts.values()))

    @property
    def searches(self) -> frozenset[str]:
        """Names of the searches that ran, in part or whole."""
        return frozenset(name for each in self.found.values() for name in each.taus)

    @property
    def views(self) -> frozenset[str]:
        """Names of the samplers that made pictures."""
        return frozenset(probe.sampler for each in self.evidence.values() for probe in each.probes)

    @property
    def agreement(self) -> float:
        """Mean cosine between the seeds' most telling shifts; nan for one seed."""
        if len(self.found) < 2:
            return math.nan
        return agreement(torch.cat([tau.cpu() for tau in self.shifts().values()]))

    def shifts(self) -> Mapping[int, Tensor]:
        """The most telling shift (1, c, h, w) of each seed."""
        return {seed: self.found[seed].taus[most_telling(each).inversion] for seed, each in self.evidence.items()}

    def best_shift(self) -> Tensor:
        """The most telling shift of all, (1, c, h, w)."""
        return self.shifts()[self._most_telling_seed]

    @property
    def alike(self) -> float:
        """The largest share of pictures that the best shift makes one picture, by any of the samplers; see `Features`."""
        evidence = self.evidence[self._most_telling_seed]
        return _alike(evidence, most_telling(evidence).inversion)

    def shifts_beside(self) -> list[Tensor]:
        """Shifts (1, c, h, w) of other searches of the seed with the best one that make most pictures alike, too."""
        seed = self._most_telling_seed
        evidence, best = self.evidence[seed], most_telling(self.evidence[seed]).inversion
        taus = self.found[seed].taus.items()
        return [tau for search, tau in taus if search != best and _alike(evidence, search) >= 0.5]

    @property
    def leading(self) -> Found:
        """What the seed with the most telling pictures found."""
        return self.found[self._most_telling_seed]

    @property
    def _most_telling_seed(self) -> int:
        # Of seeds that raised an alarm, where one did: their shift is what the verdict rests on.
        return max(self.evidence, key=self._rank)

    def _rank(self, seed: int) -> tuple[bool, bool, tuple[float, float]]:
        verdict = self.verdicts[seed]
        return verdict.alarm, verdict.word in ALARMS, weight(most_telling(self.evidence[seed]))

    def shift_file(self) -> bytes:
        """The shifts of all seeds as safetensors, “tau” being the most telling one."""
        from safetensors.torch import save

        shifts = {f"seed {seed}": tau.detach().cpu().contiguous() for seed, tau in self.shifts().items()}
        return save({"tau": self.best_shift().cpu().clone(), **shifts}, metadata={"format": "pt"})

    def _deciding(self, evidence: Evidence) -> Evidence:
        """The part of the evidence that the chosen decision looks at."""
        if self._config.decision == "paired":
            return Evidence((), evidence.energies, evidence.diverged)
        return evidence


def _alike(evidence: Evidence, search: str) -> float:
    return max((probe.shifted.alike for probe in evidence.probes if probe.inversion == search), default=0.0)
