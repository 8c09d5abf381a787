"""OpenQASM 3 text of class states and of whole overlap circuits, to be run anywhere else."""

from collections.abc import Sequence

from qiskit import qasm3

from app.engines.quantum.ansatz import Estimator
from app.engines.quantum.circuits import class_circuit, overlap_template


def class_qasm(m: int, layers: str, theta: Sequence[float]) -> str:
    """The state of one class with its trained angles (P,)."""
    return str(qasm3.dumps(class_circuit(m, layers, theta)))


def template_qasm(m: int, layers: str, estimator: Estimator) -> str:
    """The overlap circuit with every class angle and data angle declared as an input."""
    return str(qasm3.dumps(overlap_template(m, layers, estimator).circuit))
