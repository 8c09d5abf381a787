"""A simulator with the noise of a device on the few qubits that a circuit uses.

`AerSimulator.from_backend` works out the errors of every qubit and hands all of them over at each run: about 10 s for
40 circuits on 133 qubits. The errors of the used qubits alone give the same counts, bit for bit, in under a second
(`python -m tests.bench.quantum_noise`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class _Part:
    """What `NoiseModel.from_backend` reads of a machine, and nothing else."""

    target: Any
    operation_names: list[str]
    dt: float | None
    version: int = 2


def noisy_simulator(circuit: "QuantumCircuit", backend: Any) -> Any:
    """An AerSimulator for a circuit that was transpiled for `backend`; qubits keep their numbers."""
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

    target = _target_of(circuit, backend.target)
    noise = NoiseModel.from_backend(_Part(target, list(target.operation_names), target.dt))
    return AerSimulator(noise_model=noise)


def _target_of(circuit: "QuantumCircuit", whole: Any) -> Any:
    """The part of the machine's description that concerns the circuit's qubits."""
    from qiskit.transpiler import Target

    used = {circuit.find_bit(qubit).index for step in circuit.data for qubit in step.qubits}
    part = Target(num_qubits=whole.num_qubits, dt=whole.dt, qubit_properties=whole.qubit_properties)
    for name in whole.operation_names:
        operation = whole.operation_from_name(name)
        if isinstance(operation, type):  # control flow: has no place and no error
            continue
        kept = {
            qubits: facts for qubits, facts in whole[name].items() if qubits is not None and used.issuperset(qubits)
        }
        if kept:
            part.add_instruction(operation, kept, name=name)
    return part
