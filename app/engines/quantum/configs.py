"""Settings of the quantum tasks, as forms and the command line show them."""

from typing import Annotated, Literal

from pydantic import StringConstraints, model_validator

from app.core import Config, field

ModelFolder = Annotated[str, StringConstraints(min_length=1)]
FrontEnd = Literal["tt", "mps", "pca", "none"]
Loss = Literal["temperature", "sum", "bce", "power", "attract"]
Estimator = Literal["ancilla", "destructive", "inversion"]
DeviceName = Literal["ideal", "fake_manila", "fake_lima", "fake_quito", "fake_jakarta"]

FRONT_ENDS = {"tt": "Tensor train", "mps": "MPS", "pca": "PCA, frozen", "none": "None"}
LOSSES = {
    "temperature": "Temperature",
    "sum": "Sum (QuClassi)",
    "bce": "Binary (bce)",
    "power": "Power",
    "attract": "Attract only",
}
ESTIMATORS = {
    "inversion": "Inversion test, m qubits",
    "destructive": "Destructive SWAP test, 2m qubits",
    "ancilla": "Ancilla SWAP test, 2m + 1 qubits",
}
DEVICES = {
    "ideal": "Ideal, shots",
    "fake_manila": "fake_manila (5)",
    "fake_lima": "fake_lima (5)",
    "fake_quito": "fake_quito (5)",
    "fake_jakarta": "fake_jakarta (7)",
}


class DataConfig(Config):
    """Which samples, and how they are split: shared by training and comparison."""

    data: str = field(
        "builtin:digits",
        title="Data set",
        widget="data",
        accepts=("labelled-images", "table"),
        group="Data",
        help="Folder of images by class, a pair of IDX files, .npz with X and y, CSV, CIFAR-10 binary, or a built-in set",
    )
    classes: tuple[str, ...] = field(
        (),
        widget="classes",
        group="Data",
        help="Which classes take part; none chosen means all of them",
    )
    image_side: Literal["native", "8", "16", "28"] = field(
        "native",
        unit="px",
        group="Data",
        advanced=True,
        labels={"native": "As it is, at most 28"},
        help="Images are made this many pixels high and wide with an area filter",
    )
    label_column: str = field(
        "", group="Data", advanced=True, help="Column of a CSV that holds the class; empty means the last one"
    )
    subset: int | None = field(
        None, ge=8, le=1_000_000, group="Data", advanced=True, help="At most so many samples in all, drawn by seed"
    )
    test_share: float = field(
        0.3,
        ge=0.1,
        le=0.5,
        group="Data",
        advanced=True,
        help="Part of the samples kept for the test, stratified by class. A set with its own test files keeps those",
    )
    on_bad_file: Literal["skip-few", "skip", "refuse"] = field(
        "skip-few",
        group="Data",
        advanced=True,
        labels={"skip-few": "Skip while under 5 %", "skip": "Skip all", "refuse": "Stop the run"},
        help="What happens when an image cannot be read; the report counts what was skipped",
    )
    seed: int = field(0, ge=0, lt=2**63, group="Data", help="Fixes split, initial values, order and shots")


class ModelConfig(DataConfig):
    """What is trained, and how."""

    front_end: FrontEnd = field(
        "tt",
        group="Model",
        labels=FRONT_ENDS,
        help="What compresses a sample to k numbers before the quantum states: tensor train (TT), matrix product state "
        "(MPS), principal components, or nothing",
    )
    features: int = field(
        4,
        ge=1,
        le=24,
        group="Model",
        title="Features k",
        help="Numbers per sample, two per qubit. The SWAP test then needs k + 1 qubits",
    )
    bond_dimension: int = field(
        4,
        ge=1,
        le=16,
        group="Model",
        title="Bond dimension χ",
        help="Richness of the tensor network; weights grow with χ (TT) or χ² (MPS)",
    )
    encoding: Literal["arcsin", "pi"] = field(
        "arcsin",
        group="Model",
        advanced=True,
        labels={"arcsin": "2 arcsin √u", "pi": "π u"},
        help="How a feature u in (0, 1) becomes a rotation angle",
    )
    layers: str = field(
        "SD",
        group="Model",
        help="Layers of a class state: S single rotations, D pair rotations, E controlled rotations. "
        "S alone has no entanglement: fidelity is then a product of Bloch vector overlaps",
    )
    initial_angles: Literal["pi", "2pi"] = field(
        "pi",
        group="Model",
        advanced=True,
        labels={"pi": "Uniform in 0 … π", "2pi": "Uniform in 0 … 2π (QuClassi code)"},
        help="Where the class angles start",
    )
    loss: Loss = field(
        "temperature",
        group="Training",
        labels=LOSSES,
        help="What is minimised: cross entropy with a learnt temperature, F over the sum of F, binary cross entropy, "
        "cross entropy of powers of F, or attraction alone. Sum cannot separate more classes than the states have dimensions; "
        "attract works only with a frozen front end",
    )
    optimiser: Literal["adam", "sgd", "spsa", "epsilon"] = field(
        "adam",
        group="Training",
        labels={"adam": "Adam", "sgd": "SGD", "spsa": "SPSA", "epsilon": "Epsilon-shift"},
        help="Adam and SGD follow a one-cycle schedule. Epsilon-shift (QuClassi) is no gradient: ½[ℓ(θ+s) − ℓ(θ−s)] at a finite s that shrinks with the epoch",
    )
    gradients: Literal["autograd", "shift"] = field(
        "autograd",
        group="Training",
        advanced=True,
        labels={"autograd": "Exact, by differentiation", "shift": "Parameter-shift rules, as on hardware"},
    )
    schedule: Literal["collaborative", "alternating"] = field(
        "collaborative",
        group="Training",
        advanced=True,
        labels={"collaborative": "Both sides at once", "alternating": "Class states, then network, in turn"},
    )
    learning_rate: float = field(
        0.02, gt=0, le=1, log=True, group="Training", help="Largest step of the one-cycle schedule; MPS needs ≤ 0.01"
    )
    epochs: int = field(40, ge=1, le=1000, group="Training")
    batch_size: int = field(32, ge=1, le=1024, group="Training")
    balance_classes: bool = field(
        False, group="Training", advanced=True, help="Weigh each class by the inverse of its size in the loss"
    )
    patience: int | None = field(
        None,
        ge=1,
        le=200,
        group="Training",
        advanced=True,
        unit="epochs",
        help="Stop when accuracy on a validation tenth of the training samples has not risen for so long",
    )

    @model_validator(mode="after")
    def _combinations(self) -> "ModelConfig":
        if not self.layers or len(self.layers) > 6 or set(self.layers) - set("SDE"):
            raise ValueError(f"layers “{self.layers}” must be one to six of the letters S, D, E")
        if self.loss == "attract" and self.front_end in {"tt", "mps"}:
            raise ValueError(
                "the loss “attract” lets a trained tensor network map everything to one state; "
                "choose another loss, or PCA as front end"
            )
        if self.optimiser == "epsilon" and self.front_end in {"tt", "mps"}:
            raise ValueError("epsilon-shift trains class states only; choose PCA or none as front end")
        return self


class TrainConfig(ModelConfig):
    """Train one hybrid network and say what it is worth."""

    compare: Literal["linear head", "quick", "all"] = field(
        "linear head",
        group="Evaluation",
        labels={
            "linear head": "Linear head",
            "quick": "Quick: three",
            "all": "All",
        },
        help="Models trained on the same split: the same front end with a plain linear head (always), also PCA QuClassi "
        "and a small DNN (quick), or all baselines",
    )
    noise: Literal["none", "ideal", "fake_manila", "fake_lima", "fake_quito", "fake_jakarta"] = field(
        "none",
        group="Evaluation",
        labels={"none": "None: exact", **DEVICES},
        help="Reads the trained model again through shot and device noise with all three estimators",
    )
    shots: int = field(1024, ge=100, le=100_000, group="Evaluation", advanced=True, help="Measurements per circuit")
    noisy_samples: int = field(
        100, ge=10, le=2000, group="Evaluation", advanced=True, help="Test samples read through the noise"
    )


class CompareConfig(ModelConfig):
    """The ablation: the same split and seeds for every model."""

    repeats: int = field(
        3,
        ge=2,
        le=20,
        group="Evaluation",
        title="Repeats",
        help="How often each model is trained, each time on another split",
    )
    splits: Literal["seeds", "folds"] = field(
        "seeds",
        group="Evaluation",
        labels={"seeds": "One per seed", "folds": "Folds"},
        help="Folds test every sample once and keep the seed; seeds draw split, initial values and order anew",
    )
    models: Literal["quick", "all"] = field(
        "all",
        group="Evaluation",
        labels={"quick": "Quick: three", "all": "All"},
        help="Quick: the linear head, PCA QuClassi and a small DNN",
    )

    @model_validator(mode="after")
    def _whole_folds(self) -> "CompareConfig":
        if self.splits == "folds" and (self.patience is not None or self.subset is not None):
            raise ValueError(
                "folds use every sample for training or test; leave patience and subset empty, or use seeds"
            )
        return self


class EvaluateConfig(Config):
    """Read a trained model through noise."""

    model: ModelFolder = field(
        title="Trained model", widget="model", accepts=("quantum-model",), group="Model", help="Folder made by training"
    )
    estimators: tuple[Estimator, ...] = field(
        ("inversion", "destructive", "ancilla"), group="Noise", help="Circuits that estimate the fidelity"
    )
    device: DeviceName = field("fake_manila", group="Noise", labels=DEVICES, help="Noise model of a device, offline")
    shots: int = field(1024, ge=100, le=100_000, group="Noise", help="Measurements per circuit; sd ≤ 1/√shots")
    samples: int = field(200, ge=10, le=5000, group="Noise", help="Test samples read, drawn by seed")
    mitigate: bool = field(
        False, group="Noise", advanced=True, help="Rescale by slope and offset of circuits whose fidelity is known"
    )
    seed: int = field(0, ge=0, lt=2**63, group="Noise")

    @model_validator(mode="after")
    def _some_estimator(self) -> "EvaluateConfig":
        if not self.estimators:
            raise ValueError("choose at least one of the estimators inversion, destructive, ancilla")
        return self


class ProbeConfig(Config):
    """Ask a trained model about drawings and noise while it stays loaded."""

    model: ModelFolder = field(
        title="Trained model", widget="model", accepts=("quantum-model",), help="Folder made by training"
    )
    seed: int = field(0, ge=0, lt=2**63)


class HardwareConfig(Config):
    """Read a trained model on an IBM Quantum machine."""

    model: ModelFolder = field(
        title="Trained model", widget="model", accepts=("quantum-model",), group="Model", help="Folder made by training"
    )
    token: str = field("ibm_quantum.token", title="IBM Quantum token", widget="secret", group="Machine")
    instance: str = field("auto", group="Machine", advanced=True, help="CRN of the instance; auto takes the account's")
    machine: str = field("least busy", group="Machine", help="Name of a machine, or least busy")
    estimator: Estimator = field("inversion", group="Machine", labels=ESTIMATORS)
    shots: int = field(1024, ge=100, le=100_000, group="Machine")
    samples: int = field(20, ge=2, le=2000, group="Machine", help="Test samples read, drawn by seed")
    max_seconds: int = field(
        60, ge=1, le=600, unit="s", title="QPU seconds, at most", group="Machine", help="Nothing is sent above this"
    )
    mode: Literal["job", "batch", "session"] = field(
        "job", group="Machine", advanced=True, help="Open-plan accounts cannot open sessions"
    )
    cancel_on_stop: bool = field(
        False,
        group="Machine",
        advanced=True,
        help="Stop also cancels the job at IBM. Otherwise it goes on there, and Resume collects it",
    )
    seed: int = field(0, ge=0, lt=2**63, group="Machine")

    def endpoints(self) -> tuple[str, ...]:
        """Hosts this task may reach, and only once the offline switch is off."""
        return ("*.ibm.com", "*.cloud.ibm.com")


class MachinesConfig(Config):
    """List the IBM Quantum machines of an account."""

    token: str = field("ibm_quantum.token", title="IBM Quantum token", widget="secret")
    instance: str = field("auto", advanced=True)
    qubits: int = field(5, ge=1, le=1000, help="Only machines with at least so many qubits")

    def endpoints(self) -> tuple[str, ...]:
        """Hosts this task may reach, and only once the offline switch is off."""
        return ("*.ibm.com", "*.cloud.ibm.com")
