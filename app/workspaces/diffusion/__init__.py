"""Diffusion: is this diffusion model backdoored, and can it be cleaned?"""

from app.widgets.declare import Custom, Heatmap, Images, LogOf, PictureTable, Plot, TableOf, Wipe
from app.workspaces.declare import Page, Step, Workspace
from app.workspaces.diffusion.zoo_panels import ZOO_PAGES

HERE = "app.workspaces.diffusion"

SEARCHES_APART = r"(.*seed \d+) (.+)"
"""“seed 0 paired noise”: the curves of one seed, or of one search."""

LOSS = Plot(
    "Loss of the searches",
    ("inversion/loss/*",),
    parts=SEARCHES_APART,
    step_title="update",
    empty="Each search for a hidden shift appears here as a curve.",
)
HELD_OUT = Plot("Loss on other noises", ("inversion/held-out/*",), parts=SEARCHES_APART, step_title="update")
RATE = Plot("Learning rate of the removal", ("removal/rate",), step_title="update")
SIZE = Plot("Mean |τ|", ("inversion/size/*",), parts=SEARCHES_APART, step_title="update")
TRIGGER = PictureTable(
    "Suspected shift",
    (("trigger/*", "raw"), ("trigger/less background/*", "less background")),
    more=(("trigger/absolute/*", "absolute"),),
    empty="The shift grows here, seeds side by side; mid grey is zero.",
)
SHIFT = Heatmap(
    "Shift, mean over channels",
    "shift/*",
    "row",
    "column",
    diverging=True,
    empty="The numbers of the shift, pixel by pixel, while it grows.",
)
PICTURES = Custom(
    "Noise alone, and the same noise with the shift",
    (
        ("image", "images/clean/*"),
        ("image", "images/triggered/*"),
        ("image", "evidence/triggered/*"),
        ("table", "features"),
    ),
    f"{HERE}.pictures:PicturesPanel",
)
TELLING = PictureTable(
    "Most telling pictures of each seed",
    (("evidence/clean/*", ""), ("evidence/triggered/*", "")),
    empty="The pictures that say most, seeds side by side: above from noise alone, below from that noise with the shift.",
)
DISTANCES = Custom("Distances between pictures", (("array", "distances/*"),), f"{HERE}.distances:DistancesPanel")
CLEAN = Images(
    "Noise alone",
    "images/clean/*",
    columns=2,
    thumbnail=150,
    with_ending=True,
    empty="What the model makes of noise alone, by seed and sampler.",
)
TRIGGERED = Images(
    "The same noise with a shift",
    "images/triggered/*",
    columns=2,
    thumbnail=150,
    with_ending=True,
    empty="What the model makes of the same noise with the shift of each search.",
)
EVIDENCE = TableOf("Evidence", "evidence", wrap=True, empty="What each seed says, and which rule says so.")
RULES = TableOf(
    "Rules and their limits", "rules", wrap=True, empty="What each rule measured, and where its alarm begins."
)
CARD = TableOf(
    "Report card",
    "card",
    wrap=True,
    empty="What was scanned, with which settings, and how far to trust the verdict.",
)
FEATURES = TableOf(
    "Features of all sets of pictures",
    "features",
    empty="A row for each search and sampler, as soon as a seed is done.",
)
SCATTER = Custom(
    "Among reference models",
    (("image", "images/clean/*"), ("image", "images/triggered/*"), ("table", "features"), ("table", "references")),
    f"{HERE}.scatter:ScatterPanel",
)
SEARCHES = TableOf("Searches", "searches", empty="What each search reached, as soon as its seed is done.")
REMOVAL = Plot(
    "Losses of the removal",
    ("removal/shift", "removal/keep", "removal/diffusion"),
    log_y=True,
    labels=(("removal/shift", "shift"), ("removal/keep", "keeping"), ("removal/diffusion", "clean pictures")),
    step_title="update",
    empty="Run “Remove a backdoor” to see the shift being trained away.",
)
FORCED = Plot(
    "What the shift still does",
    ("removal/forced", "removal/uniformity"),
    labels=(("removal/forced", "share still forced"), ("removal/uniformity", "uniformity")),
    y_range=(0, 1),
    step_title="update",
)
WIPE = Wipe(
    "Noise with the shift: before and after",
    "before/triggered/*",
    "after/triggered/*",
    choice="Sampler",
    empty="What the shift forces before the removal, and what comes of the same noise after it.",
)
KEPT = Wipe(
    "Noise alone: before and after",
    "before/clean/*",
    "after/clean/*",
    choice="Sampler",
    empty="The removal should change little of what the model makes of noise alone.",
)
PROGRESS = Images("On the way, and after", "after/*", thumbnail=150)
REPAIR = TableOf("Before and after", "repair")
LESSON = Plot(
    "Loss of the attack",
    ("attack/loss",),
    log_y=True,
    step_title="update",
    empty="Run “Make a backdoored test model” to see a backdoor being taught.",
)
SUCCESS = Plot(
    "Share of pictures on target",
    ("attack/success", "attack/own", "attack/leak"),
    labels=(
        ("attack/success", "with the trigger"),
        ("attack/own", "TrojDiff's own sampler"),
        ("attack/leak", "noise alone"),
    ),
    y_range=(0, 1),
    step_title="update",
)
MADE = Images("Pictures", "attack/*", thumbnail=150)
SAMPLERS = TableOf("What the backdoor does", "attack", empty="Success with each public sampler.")

BATCH = Custom("Models of this batch", (), f"{HERE}.batch:BatchPanel")

WORKSPACE = Workspace(
    key="diffusion",
    title="Diffusion",
    question="Is this diffusion model backdoored, and can it be cleaned?",
    tasks=("diffusion.scan", "diffusion.remove", "diffusion.attack", "diffusion.zoo", "diffusion.tour"),
    try_it=("diffusion.tour", {}),
    try_it_seconds=60,
    accepts={
        "diffusion-model": ("diffusion.scan", "model"),
        "diffusion-models": ("diffusion.scan", "model"),
    },
    pages=(
        Page("Scan", ((LOSS, TRIGGER), (PICTURES, EVIDENCE)), tasks=("diffusion.scan", "diffusion.tour")),
        Page("Pictures", ((TELLING, DISTANCES), (CLEAN, TRIGGERED))),
        Page("Evidence", ((SCATTER,),)),
        Page("Report card", ((RULES,), (CARD,))),
        Page("Details", ((FEATURES,), (HELD_OUT, SIZE), (SEARCHES, SHIFT))),
        Page("Removal", ((REMOVAL, FORCED), (WIPE, KEPT)), tasks=("diffusion.remove",)),
        Page("Before and after", ((REPAIR,), (PROGRESS, RATE))),
        Page("Attack", ((LESSON, SUCCESS), (MADE, SAMPLERS)), tasks=("diffusion.attack",)),
        Page("Batch", ((BATCH,),)),
        *ZOO_PAGES,
        Page("Log", ((LogOf("Log"),),)),
    ),
    send_to={
        "diffusion-shift": (("Remove this backdoor", "diffusion.remove", "shift"),),
        "diffusion-references": (("Judge scans by these models", "diffusion.scan", "references"),),
        "diffusion-model": (
            ("Scan it", "diffusion.scan", "model"),
            ("Remove a backdoor from it", "diffusion.remove", "model"),
        ),
    },
    tour=(
        Step("data", "Drop the folder of a diffusion model; or take one of the two tiny ones that come with Assay."),
        Step("form", "The sweep needs no knowledge of the attack. Nothing in the folder is run as code."),
        Step(
            "try-it", "Scans a clean tiny model and one that was given a backdoor, cleans that one, and scans it again."
        ),
        Step("panels", "Left: what the model makes of noise. Right: of the same noise with the suspected shift."),
        Step("verdict", "Says which rule fired, and how sure that is."),
    ),
)
