"""A random forest over reference models, and what it is worth on attacks and models it has not seen (spec 2.8 a)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.errors import AssayError
from app.engines.diffusion.metrics import Confusion, confusion

CLEAN = "clean"


@dataclass(frozen=True)
class References:
    """Models with known truth: `features` (n, k), and each one's `attack`, “clean” for none."""

    features: NDArray[np.float64]
    attacks: tuple[str, ...]

    @property
    def backdoored(self) -> NDArray[np.bool_]:
        return np.array([attack != CLEAN for attack in self.attacks])


class Forest:
    """500 trees; made anew from its references wherever it is needed, with the same outcome each time."""

    def __init__(self, references: References) -> None:
        """Raises AssayError unless there are clean and backdoored references."""
        from sklearn.ensemble import RandomForestClassifier

        truth = references.backdoored
        if truth.all() or not truth.any():
            raise AssayError(
                "A forest needs clean and backdoored reference models",
                where="references",
                remedy="Use the threshold with clean references only, or none.",
            )
        self._trees = RandomForestClassifier(
            n_estimators=500, min_samples_leaf=2, class_weight="balanced", random_state=0
        )
        self._trees.fit(references.features, truth)

    def probability(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of trees that call each row of `features` (n, k) backdoored, (n,)."""
        return np.asarray(self._trees.predict_proba(features)[:, 1], dtype=np.float64)


@dataclass(frozen=True)
class Rehearsal:
    """Each reference judged by a forest that had not seen it: probabilities (n,) and counts at one half."""

    probabilities: NDArray[np.float64]
    table: Confusion


def leave_one_attack_out(references: References) -> Rehearsal:
    """Judge every attack by a forest without it, and the clean models in as many parts."""
    names = sorted(set(references.attacks) - {CLEAN})
    if len(names) < 2:
        raise AssayError("Leaving one attack out needs models of at least two attacks", where="references")
    clean = [place for place, attack in enumerate(references.attacks) if attack == CLEAN]
    parts = [np.array([p for p, attack in enumerate(references.attacks) if attack == name]) for name in names]
    held = [np.concatenate([part, clean[number :: len(names)]]).astype(int) for number, part in enumerate(parts)]
    return _rehearse(references, held)


def in_folds(references: References, folds: int = 5) -> Rehearsal:
    """Judge every model by a forest of the other folds, clean and backdoored in equal shares."""
    from sklearn.model_selection import StratifiedKFold

    truth = references.backdoored
    rarest = min(int(truth.sum()), int((~truth).sum()))
    if rarest < 2:
        raise AssayError("Folds need at least two clean and two backdoored models", where="references")
    split = StratifiedKFold(min(folds, rarest), shuffle=True, random_state=0)
    return _rehearse(references, [test for _, test in split.split(references.features, truth)])


def _rehearse(references: References, held: Sequence[NDArray[np.int64]]) -> Rehearsal:
    probabilities = np.zeros(len(references.attacks))
    for test in held:
        kept = np.setdiff1d(np.arange(len(references.attacks)), test)
        known = References(references.features[kept], tuple(references.attacks[place] for place in kept))
        probabilities[test] = Forest(known).probability(references.features[test])
    return Rehearsal(probabilities, confusion((probabilities > 0.5).tolist(), references.backdoored.tolist()))
