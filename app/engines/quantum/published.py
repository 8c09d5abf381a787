"""Figures that others published and that our own trials set as targets, each with where it comes from.

The paper's tables are not among them: only its abstract was open to us.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["abstract", "published", "prototype"]
"""Claimed in an abstract; published by others; measured by us with a throw-away prototype."""

Cell = str | float

COTENQU = "L'Abbate et al., IEEE Trans. Quantum Engineering 5 (2024), doi 10.1109/TQE.2024.3367234, abstract"
QUCLASSI = "Stein et al., QuClassi, MLSys 2022, arXiv 2103.11307, abstract"
QUANTUMFLOW = "QuantumFlow data sheet, https://github.com/weiwenjiang/QuantumFlow (commit c879e75)"
PROTOTYPE = "Our prototype, mean of 2 to 5 seeds; other split and image size than the papers"


@dataclass(frozen=True)
class Figure:
    """A published number. `value` is a share in [0, 1] unless `unit` says otherwise."""

    subject: str
    what: str
    value: float
    kind: Kind
    source: str
    unit: str = ""


CLAIMS: tuple[Figure, ...] = (
    Figure("co-TenQu", "better than a classical network in a fair setting, up to", 41.72, "abstract", COTENQU, "%"),
    Figure("co-TenQu", "better than other quantum methods, up to", 1.9, "abstract", COTENQU, "×"),
    Figure("co-TenQu", "fewer qubits at similar accuracy (17 → 5)", 70.59, "abstract", COTENQU, "%"),
    Figure("QuClassi", "better than two rivals on two classes, up to", 53.75, "abstract", QUCLASSI, "%"),
    Figure("QuClassi", "better than two rivals on more classes, up to", 203, "abstract", QUCLASSI, "%"),
    Figure("QuClassi", "fewer parameters than a comparable network", 97.37, "abstract", QUCLASSI, "%"),
)


@dataclass(frozen=True)
class Comparator:
    """Accuracies of QuantumFlow on one subset of MNIST digits, as its data sheet gives them."""

    classes: tuple[str, ...]
    plain: float
    batch_norm: float
    mlp: float
    mlp_batch_norm: float


QUANTUMFLOW_ROWS: tuple[Comparator, ...] = tuple(
    Comparator(tuple(classes), *values)
    for classes, values in {
        "15": (0.691, 0.846, 0.691, 0.853),
        "36": (0.917, 0.964, 0.942, 0.963),
        "38": (0.824, 0.869, 0.824, 0.867),
        "39": (0.683, 0.787, 0.686, 0.806),
        "036": (0.599, 0.787, 0.499, 0.754),
        "136": (0.537, 0.865, 0.537, 0.868),
        "0369": (0.874, 0.768, 0.843, 0.829),
        "01369": (0.432, 0.716, 0.490, 0.702),
        "01234": (0.529, 0.730, 0.491, 0.718),
    }.items()
)


@dataclass(frozen=True)
class MnistRow:
    """Prototype accuracies on the 5000 + 2000 MNIST slice: our model on 5 qubits, and three rivals (None: not run)."""

    classes: tuple[str, ...]
    ours: float
    ours_second_test: float
    quclassi_5: float
    quclassi_17: float | None
    pixel_network: float


MNIST_ROWS: tuple[MnistRow, ...] = tuple(
    MnistRow(tuple(classes), *values)
    for classes, values in {
        "15": (0.988, 0.994, 0.951, 0.976, 0.994),
        "36": (0.987, 0.990, 0.977, 0.969, 0.990),
        "38": (0.943, 0.963, 0.844, 0.729, 0.958),
        "39": (0.984, 0.971, 0.950, 0.959, 0.979),
        "036": (0.982, 0.985, 0.916, 0.973, 0.890),
        "136": (0.985, 0.986, 0.941, 0.975, 0.939),
        "0369": (0.972, 0.970, 0.884, 0.950, 0.683),
        "01369": (0.962, 0.967, 0.871, 0.961, 0.605),
        "01234": (0.957, 0.964, 0.873, 0.946, 0.611),
    }.items()
)

DIGITS_TARGETS: dict[str, dict[str, float]] = {
    "co-TenQu, temperature": {"3,9": 0.988, "3,6": 1.000, "3,8": 0.997, "1,5": 1.000, "all": 0.904},
    "co-TenQu, sum": {"3,9": 0.991, "3,6": 1.000, "3,8": 1.000, "1,5": 1.000, "all": 0.788},
    "co-TenQu, bce": {"3,9": 0.985, "3,6": 1.000, "3,8": 0.991, "1,5": 1.000, "all": 0.842},
    "linear_head": {"all": 0.905},
    "sigmoid_head": {"3,9": 0.988, "3,6": 1.000, "3,8": 1.000, "1,5": 0.997, "all": 0.850},
    "dnn": {"3,9": 0.991, "3,6": 1.000, "3,8": 0.994, "1,5": 0.997, "all": 0.728},
    "quclassi_attract": {"3,9": 0.936, "3,6": 0.985, "3,8": 0.935, "1,5": 0.994, "all": 0.772},
    "quclassi_temperature": {"3,9": 0.960, "3,6": 0.997, "3,8": 0.972, "1,5": 0.991, "all": 0.803},
    "quclassi_epsilon": {"3,9": 0.939, "3,6": 0.997, "3,8": 0.957},
    "softmax": {"3,9": 0.988, "3,6": 1.000, "3,8": 0.991, "1,5": 1.000, "all": 0.968},
}
"""Prototype, built-in digits 8×8, 70/30: rival → classes → test accuracy. Source: PROTOTYPE."""


def published_rows(class_names: Sequence[str]) -> list[list[Cell]]:
    """Rows (classes, model, accuracy, source) known for these classes of MNIST, and the abstracts' claims.

    The claims come last: they are factors, not accuracies, so they stand in words.
    """
    wanted = tuple(sorted(class_names))
    rows: list[list[Cell]] = []
    for row in QUANTUMFLOW_ROWS:
        if tuple(sorted(row.classes)) == wanted:
            subset = f"MNIST {', '.join(row.classes)}"
            rows += [
                [subset, "QuantumFlow QF-pNet", row.plain, QUANTUMFLOW],
                [subset, "QuantumFlow QF-pNet, batch normalisation", row.batch_norm, QUANTUMFLOW],
                [subset, "Plain MLP(C)", row.mlp, QUANTUMFLOW],
            ]
    for target in MNIST_ROWS:
        if tuple(sorted(target.classes)) == wanted:
            rows.append([f"MNIST {', '.join(target.classes)}", "co-TenQu, 5 qubits, a slice", target.ours, PROTOTYPE])
    rows += [["", f"{claim.subject}: {claim.what}", f"{claim.value:g} {claim.unit}", claim.source] for claim in CLAIMS]
    return rows
