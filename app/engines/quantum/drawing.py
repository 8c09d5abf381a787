"""A circuit as columns of gates on named wires, for a painter; made without Qiskit and without Qt."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.engines.quantum.ansatz import Estimator, ansatz_gates, qubit_count

Role = Literal["class", "data", "test"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One symbol. `wires` count from the top; for a controlled gate the first wire is the control.

    `label` goes into the box, `parameter` under it ("θ3", "x0", "−θ3", or empty); `role` says which part of the
    circuit it belongs to, for its colour.
    """

    name: str
    wires: tuple[int, ...]
    label: str
    parameter: str
    role: Role


@dataclass(frozen=True, slots=True)
class Drawing:
    """Wire names from top to bottom and columns from left to right; gates of a column do not cross each other."""

    wires: tuple[str, ...]
    columns: tuple[tuple[Gate, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def class_columns(m: int, layers: str) -> Drawing:
    """The circuit that makes one class state."""
    return Drawing(_names("class", m), _packed(_class_gates(m, layers, 0), m))


def circuit_columns(m: int, layers: str, estimator: Estimator) -> Drawing:
    """The whole overlap circuit as `circuits.overlap_template` builds it, before any transpiling."""
    gates = {"ancilla": _ancilla, "destructive": _destructive, "inversion": _inversion}[estimator](m, layers)
    names = {
        "ancilla": ("ancilla", *_names("class", m), *_names("data", m)),
        "destructive": (*_names("class", m), *_names("data", m)),
        "inversion": _names("qubit", m),
    }[estimator]
    return Drawing(names, _packed(gates, qubit_count(m, estimator)))


def _ancilla(m: int, layers: str) -> Iterator[Gate]:
    yield from _class_gates(m, layers, 1)
    yield from _data_gates(m, m + 1)
    yield Gate("H", (0,), "H", "", "test")
    for q in range(m):
        yield Gate("CSWAP", (0, 1 + q, 1 + m + q), "×", "", "test")
    yield Gate("H", (0,), "H", "", "test")
    yield Gate("measure", (0,), "measure", "", "test")


def _destructive(m: int, layers: str) -> Iterator[Gate]:
    yield from _class_gates(m, layers, 0)
    yield from _data_gates(m, m)
    for q in range(m):
        yield Gate("CX", (q, m + q), "+", "", "test")
        yield Gate("H", (q,), "H", "", "test")
    for q in range(2 * m):
        yield Gate("measure", (q,), "measure", "", "test")


def _inversion(m: int, layers: str) -> Iterator[Gate]:
    yield from _data_gates(m, 0)
    for gate in reversed(list(_class_gates(m, layers, 0))):
        yield Gate(gate.name, gate.wires, gate.label, f"−{gate.parameter}", gate.role)
    for q in range(m):
        yield Gate("measure", (q,), "measure", "", "test")


def _class_gates(m: int, layers: str, first: int) -> Iterator[Gate]:
    for gate in ansatz_gates(m, layers):
        wires = tuple(first + q for q in gate.qubits)
        yield Gate(gate.name, wires, gate.name.removeprefix("C"), f"θ{gate.angle}", "class")


def _data_gates(m: int, first: int) -> Iterator[Gate]:
    for q in range(m):
        yield Gate("RY", (first + q,), "RY", f"x{2 * q}", "data")
        yield Gate("RZ", (first + q,), "RZ", f"x{2 * q + 1}", "data")


def _names(register: str, m: int) -> tuple[str, ...]:
    return tuple(f"{register} {q}" for q in range(m))


def _packed(gates: Iterable[Gate], wires: int) -> tuple[tuple[Gate, ...], ...]:
    """Each gate as far left as the wires it spans allow, the ones it only crosses included."""
    columns: list[list[Gate]] = []
    free = [0] * wires
    for gate in gates:
        span = range(min(gate.wires), max(gate.wires) + 1)
        column = max(free[wire] for wire in span)
        if column == len(columns):
            columns.append([])
        columns[column].append(gate)
        for wire in span:
            free[wire] = column + 1
    return tuple(map(tuple, columns))
