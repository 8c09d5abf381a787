"""Named settings: ours, the class subsets of the literature, and QuClassi as its code runs."""

from app.core import Citation, Preset

QUCLASSI = Citation(
    text="S. Stein et al., QuClassi, MLSys 2022; settings as in the authors' public code",
    link="https://arxiv.org/abs/2103.11307",
)
SUBSETS = Citation(
    text="Class subsets used by QuClassi and by QuantumFlow (W. Jiang, J. Xiong, Y. Shi, 2021)",
    link="https://arxiv.org/abs/2103.11307",
)
SUBSET_NOTE = (
    "A class subset of the literature. The paper's own network shapes and schedule are not public: those here are ours."
)
SUBSET_CLASSES = (
    ("1", "5"),
    ("3", "6"),
    ("3", "8"),
    ("3", "9"),
    ("0", "3", "6"),
    ("1", "3", "6"),
    ("0", "3", "6", "9"),
    ("0", "1", "3", "6", "9"),
    ("0", "1", "2", "3", "4"),
)

TRAIN_PRESETS = {
    "digits": Preset("Digits, ten classes", {"classes": (), "epochs": 60}, "The measured default for ten classes"),
    "pair": Preset("Digits, 3 against 9", {"classes": ("3", "9"), "epochs": 40}, "Two seconds on a laptop"),
    "images": Preset("28 × 28 images", {"epochs": 20, "batch_size": 64}, "The measured default for MNIST-sized images"),
    "mps": Preset(
        "Matrix product state", {"front_end": "mps", "learning_rate": 0.01}, "Ten times the parameters, more accurate"
    ),
    **{
        "subset-" + "".join(classes): Preset(
            f"Paper's classes {', '.join(classes)}", {"classes": classes}, SUBSET_NOTE, SUBSETS
        )
        for classes in SUBSET_CLASSES
    },
    "quclassi": Preset(
        "QuClassi as in its code",
        {
            "front_end": "pca",
            "features": 16,
            "layers": "S",
            "loss": "attract",
            "optimiser": "epsilon",
            "initial_angles": "2pi",
            "learning_rate": 0.01,
            "epochs": 25,
        },
        "PCA to 16 numbers, 17 qubits, epsilon-shift. Here PCA and scaling see training samples only",
        QUCLASSI,
    ),
}

COMPARE_PRESETS = {
    "digits": Preset("Digits, ten classes", {"classes": (), "epochs": 60}, "The ablation of the honest reading"),
    "pair": Preset("Digits, 3 against 9", {"classes": ("3", "9")}, "Everything small works on two classes"),
}
