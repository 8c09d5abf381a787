"""Quantum: how few qubits classify my data, and what does a real device's noise cost?"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.engines.quantum.published import QUANTUMFLOW, QUANTUMFLOW_ROWS
from app.widgets.declare import Bars, Custom, Heatmap, Images, LogOf, Plot, Reference, TableOf
from app.workspaces.declare import Page, Session, Step, Workspace


def published(task: str, config: Mapping[str, Any]) -> Mapping[str, Sequence[Reference]]:
    """What others published for the chosen subset of digits; nothing where no figure fits."""
    wanted = sorted(map(str, config.get("classes") or ()))
    for row in QUANTUMFLOW_ROWS:
        if sorted(row.classes) == wanted:
            return {
                "accuracy/test": (
                    Reference(row.plain, "QuantumFlow, MNIST", QUANTUMFLOW),
                    Reference(row.batch_norm, "QuantumFlow with BN, MNIST", QUANTUMFLOW),
                )
            }
    return {}


HERE = "app.workspaces.quantum"

LOSS = Plot(
    "Loss",
    ("loss/train", "loss/test"),
    labels=(("loss/train", "training"), ("loss/test", "test")),
    step_title="epoch",
    empty="Loss appears here after the first epoch.",
)
ACCURACY = Plot(
    "Accuracy",
    ("accuracy/test", "accuracy/train", "accuracy/validation"),
    labels=(
        ("accuracy/train", "training"),
        ("accuracy/test", "test"),
        ("accuracy/validation", "validation"),
    ),
    step_title="epoch",
    empty="Accuracy appears here after the first epoch.",
)
FIDELITY = Plot(
    "Fidelity with the class states",
    ("fidelity/own", "fidelity/other"),
    labels=(("fidelity/own", "true class"), ("fidelity/other", "best wrong class")),
    step_title="epoch",
)
CLASSES = Plot("Accuracy per class", ("accuracy/class/*",), step_title="epoch")
TEMPERATURE = Plot("Temperature of the loss", ("temperature",), step_title="epoch")
BLOCH = Custom("Class states on Bloch spheres", (("array", "states/bloch"),), f"{HERE}.bloch:BlochPanel")
CIRCUIT = Custom("Circuit of the SWAP test", (("table", "circuit"),), f"{HERE}.circuit:CircuitPanel")
PAD = Custom(
    "Draw a digit",
    (("artifact", "model"), ("array", "probe/features"), ("array", "probe/fidelities"), ("array", "probe/sample")),
    f"{HERE}.pad:PadPanel",
)
DRAWN_STATE = Custom("State of the drawing", (("array", "probe/bloch"),), f"{HERE}.bloch:DrawnStatePanel")
NOISE = Custom("Estimator, shots, device", (("text", "probe/estimate"),), f"{HERE}.noise:NoisePanel")

BETTER = (("accuracy", "higher"), ("RMSE", "lower"), ("depth", "lower"), ("two-qubit gates", "lower"))

WORKSPACE = Workspace(
    key="quantum",
    title="Quantum",
    question="How few qubits classify my data, and what does a real device's noise cost?",
    tasks=("quantum.train", "quantum.compare", "quantum.evaluate", "quantum.hardware", "quantum.machines"),
    try_it=(
        "quantum.train",
        {
            "data": "builtin:digits",
            "epochs": 60,
            "compare": "quick",
            "noise": "fake_manila",
            "noisy_samples": 100,
        },
    ),
    try_it_seconds=40,
    accepts={"labelled-images": ("quantum.train", "data"), "table": ("quantum.train", "data")},
    pages=(
        Page("Training", ((LOSS, ACCURACY), (BLOCH, FIDELITY)), tasks=("quantum.train",)),
        Page(
            "Classes",
            (
                (
                    Heatmap("Confusion", "confusion", "true class", "read as"),
                    Heatmap("Mean fidelity", "states/fidelity", "true class", "class state"),
                ),
                (
                    CLASSES,
                    Images("Samples read wrongly", "mistakes", empty="Pictures read wrongly appear here at the end."),
                ),
            ),
        ),
        Page("Draw", ((PAD, DRAWN_STATE),)),
        Page(
            "Noise",
            (
                (
                    NOISE,
                    Heatmap(
                        "Confusion under noise",
                        "probe/confusion",
                        "true class",
                        "read as",
                        empty="Move a slider to see which classes the noise confuses.",
                    ),
                ),
                (
                    TableOf("Readings", "probe/estimates", BETTER, "Each move of a slider adds a line here."),
                    TableOf(
                        "Estimators", "estimates", BETTER, "Estimators appear here when a run reads through noise."
                    ),
                ),
                (
                    Plot("Accuracy by reading", ("probe/accuracy",), step_title="reading"),
                    Plot("Accuracy by shots", ("shots/accuracy",), log_x=True, step_title="shots"),
                ),
            ),
            tasks=("quantum.evaluate", "quantum.probe"),
        ),
        Page(
            "Compare",
            (
                (
                    Bars(
                        "Accuracy against other models", "rivals", empty="Other models appear here as they are trained."
                    ),
                    TableOf(
                        "Published figures", "published", empty="Figures of the literature appear here with a run."
                    ),
                ),
                (Plot("Accuracy by seed", ("seed accuracy/*",), step_title="seed"),),
            ),
            tasks=("quantum.compare",),
        ),
        Page(
            "Details",
            (
                (CIRCUIT, TableOf("Parameters and qubits", "budget")),
                (LogOf("Log"), TEMPERATURE, TableOf("Files left out", "skipped", empty="Nothing was left out.")),
            ),
        ),
        Page(
            "IBM Quantum",
            (
                (
                    TableOf(
                        "Machines of the account",
                        "machines",
                        empty="Run the task “List the machines” to see them; it needs a key and the offline switch off.",
                    ),
                ),
                (
                    Plot("Jobs waiting", ("machine/waiting",), step_title="question"),
                    Plot("Machine time used", ("machine/seconds",), unit="s", step_title="question"),
                ),
            ),
            tasks=("quantum.hardware", "quantum.machines"),
        ),
    ),
    references=published,
    sessions=(Session("quantum.probe", role="quantum-model", field="model"),),
    send_to={
        "quantum-model": (
            ("Read through noise", "quantum.evaluate", "model"),
            ("Read on an IBM machine", "quantum.hardware", "model"),
        )
    },
    tour=(
        Step("data", "Drop images by class, MNIST files, a table, or take the built-in digits."),
        Step("form", "Four features make two qubits per state; the SWAP test then needs five."),
        Step("try-it", "Trains on ten digits, compares with a plain linear head, and reads through device noise."),
        Step("panels", "Loss, fidelity and class states move while the network learns."),
        Step("verdict", "Ends with what was reached, and whether the quantum part earned it."),
    ),
)
