"""OpenQASM 3 that leaves here means the same when it is read back."""

import numpy as np
import pytest
from qiskit.quantum_info import Statevector, state_fidelity

from app.engines.quantum.ansatz import ESTIMATORS, angle_count
from app.engines.quantum.circuits import class_circuit, overlap_template, state_of
from app.engines.quantum.qasm import class_qasm, template_qasm

qasm3 = pytest.importorskip("qiskit.qasm3")
pytest.importorskip("qiskit_qasm3_import", reason="reading OpenQASM 3 needs qiskit-qasm3-import")


@pytest.mark.parametrize(("m", "layers"), [(1, "S"), (2, "SD"), (3, "SDE")])
def test_a_class_circuit_reads_back_as_the_same_state(m, layers):
    theta = np.random.default_rng(m).uniform(0, np.pi, angle_count(m, layers))
    again = qasm3.loads(class_qasm(m, layers, theta))
    assert state_fidelity(Statevector(again), Statevector(class_circuit(m, layers, theta))) == pytest.approx(
        1, abs=1e-12
    )
    assert abs(np.vdot(state_of(again), state_of(class_circuit(m, layers, theta)))) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_template_reads_back_with_its_inputs_bits_and_outcome(estimator):
    template = overlap_template(2, "SDE", estimator)
    text = template_qasm(2, "SDE", estimator)
    again = qasm3.loads(text)
    assert text.startswith("OPENQASM 3.0;")
    assert text.count("input float[64]") == template.class_angles + 4
    assert again.num_clbits == template.circuit.num_clbits
    values = np.random.default_rng(0).uniform(0, np.pi, template.class_angles + 4)
    by_name = {parameter.name: value for parameter, value in zip(template.circuit.parameters, values, strict=True)}
    original = template.circuit.assign_parameters(dict(zip(template.circuit.parameters, values, strict=True)))
    read = again.assign_parameters(
        {parameter: by_name[_original_name(parameter.name)] for parameter in again.parameters}
    )
    np.testing.assert_allclose(_outcomes(read), _outcomes(original), atol=1e-12)


def _original_name(name):
    """`_theta_3_` in OpenQASM, which knows no brackets, is theta[3] here."""
    vector, index = name.strip("_").rsplit("_", 1)
    return f"{vector}[{index}]"


def _outcomes(circuit):
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    return state.probabilities()
