"""The panels of the model zoo: training, what is found of which model, how often that is right, and removal."""

from app.widgets.declare import Custom, Heatmap, Images, Plot, TableOf
from app.workspaces.declare import Page

MODELS_APART = r"([a-z]+)-(.+)-\d+"
"""“ddpm-villan-sde-2”: the models of one kind, or of one attack."""

TRAINING = Plot(
    "Loss of training, each model",
    ("zoo/loss/*",),
    log_y=True,
    parts=MODELS_APART,
    step_title="update",
    empty="Run “Model zoo” to train models with known truth and measure the scan on them.",
)
SAMPLES = Images(
    "What the models make",
    "zoo/*",
    columns=2,
    thumbnail=150,
    empty="Pictures from noise alone, and of backdoored models with the true trigger.",
)
SCATTER = Custom(
    "Features of the models",
    (("image", "found/*"), ("table", "zoo/models")),
    "app.workspaces.diffusion.zoo_scatter:ZooScatterPanel",
)
MODELS = TableOf("Models", "zoo/models", empty="A row for each model as soon as it is scanned.")
DETECTION = TableOf("Right verdicts, by kind and attack", "zoo/detection", empty="Which detector was right, how often.")
DETECTORS = TableOf("Detectors", "zoo/detectors", empty="How far each detector can be trusted, with intervals.")
OURS = Heatmap("Verdict against truth, ours", "zoo/confusion", "truth", "verdict", unit="models")
THEIRS = Heatmap("Verdict against truth, Elijah", "zoo/confusion-reference", "truth", "verdict", unit="models")
REPAIRS = TableOf("Before and after removal", "zoo/removal", empty="What the true trigger does before and after.")
FORCED = Plot("Still forced, each removal", ("zoo/forced/*",), y_range=(0, 1), parts=MODELS_APART, step_title="update")

ZOO_PAGES = (
    Page("Zoo", ((TRAINING, SAMPLES), (MODELS,)), tasks=("diffusion.zoo",)),
    Page("Zoo scatter", ((SCATTER,),)),
    Page("Detection", ((DETECTION,), (DETECTORS,), (OURS, THEIRS))),
    Page("Zoo removal", ((REPAIRS,), (FORCED,))),
)
