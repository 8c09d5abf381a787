"""Video: which fifteen percent of this video tells its story?"""

from app.widgets.declare import Bars, Custom, Heatmap, Images, LogOf, Plot, TableOf, TextOf
from app.workspaces.declare import Page, Session, Step, Workspace

HERE = "app.workspaces.video"

SUMMARY = Custom(
    "Summary",
    (
        ("array", "analysis/*"),
        ("array", "waveform"),
        ("array", "frames/*"),
        ("array", "picks"),
        ("array", "features"),
        ("array", "components"),
        ("array", "scores"),
        ("array", "raters"),
        ("array", "shots"),
        ("array", "shot values"),
        ("array", "selection"),
        ("array", "ratings"),
        ("artifact", "*"),
    ),
    f"{HERE}.summary:SummaryPanel",
)
KTS = Plot(
    "Cost by number of cuts (KTS)",
    ("kts/cost", "kts/chosen"),
    labels=(("kts/cost", "cost with penalty"), ("kts/chosen", "chosen")),
    step_title="cuts",
    empty="The cost of every number of cuts appears here once the video has been looked at.",
)
SHEET = Images("Contact sheet", "sheet", thumbnail=220)
SHOTS = TableOf(
    "Shots",
    "shots",
    (("score", "higher"),),
    "Each shot with start, end, score and whether it stays.",
)
CHANCE = TableOf(
    "Better than chance?",
    "chance",
    empty="Random selections on the same shots appear here beside the summary.",
)
ELBO = Plot(
    "Terms of the objective",
    ("elbo/*",),
    step_title="epoch",
    empty="Every term of the variational objective appears here, epoch by epoch.",
)
OBJECTIVE = Plot("Objective and loss", ("objective", "loss/*"), step_title="epoch")
TAU = Plot("Tau-b, validation", ("tau/*",), step_title="epoch")
GATE = Plot("Gate of the query", ("gate mean",), y_range=(0, 1), step_title="epoch")
ATTENTION = Heatmap(
    "Attention",
    "attention",
    "frame",
    "attends to",
    empty="Score with a trained model, and where it looked appears here.",
)
METHODS = Bars("Methods", "methods", empty="Every method beside random scores and people, with intervals.")
VIDEOS = TableOf("Video by video", "videos", (("tau", "higher"), ("rho", "higher")))
MEASURES = TableOf(
    "Methods and measures",
    "figures",
    (("tau", "higher"), ("rho", "higher"), ("PoR", "higher")),
    "Rank correlation first, F1 beside that of random summaries, with intervals over videos.",
)
DIFFERENCES = TableOf(
    "Method b less method a",
    "differences",
    empty="Paired differences over the same videos appear here, with p-values adjusted over the measures.",
)
TAU_BY_VIDEO = Plot(
    "Tau-b, video by video",
    ("tau by video/*",),
    step_title="video of the test part",
    empty="The rank correlation of each video of the test part appears here.",
)
RATINGS = TableOf("Ratings", "ratings", empty="What you give while watching (the star above the video) appears here.")
QUERY_SET = TableOf(
    "Answers to queries",
    "query set",
    (("accuracy [%]", "higher"), ("macro F1 [%]", "higher")),
    "With a query set, accuracy appears here beside what one fixed answer reaches.",
)
F1_BARS = Bars(
    "F1 by kind of shots",
    "otani",
    empty="Run the task “How much F1 comes by chance” to see people and random scores on the same shots.",
)
F1_CURVES = Plot("F1, video by video", ("otani/*",), step_title="video")

WORKSPACE = Workspace(
    key="video",
    title="Video",
    question="Which fifteen percent of this video tells its story?",
    tasks=("video.summarise", "video.write", "video.train", "video.evaluate", "video.otani"),
    try_it=("video.summarise", {"video": "builtin:clip"}),
    try_it_seconds=40,
    accepts={
        "video": ("video.summarise", "video"),
        "video-folder": ("video.summarise", "video"),
        "video-analysis": ("video.write", "analysis"),
        "video-features": ("video.train", "data"),
        "video-annotations": ("video.otani", "annotations"),
        "video-splits": ("video.train", "splits"),
        "query-set": ("video.evaluate", "query_set"),
        "video-model": ("video.summarise", "model"),
        "image-model": ("video.summarise", "features"),
    },
    pages=(
        Page("Summary", ((SUMMARY,),), tasks=("video.summarise", "video.rate")),
        Page("Shots", ((SHOTS, KTS), (CHANCE, ATTENTION))),
        Page("Sheet", ((SHEET,),)),
        Page(
            "Files",
            (
                (TextOf("Edit list", "edl", mono=True), TextOf("Chapters", "chapters", mono=True)),
                (TableOf("Clips of the film", "film"), RATINGS),
            ),
            tasks=("video.write",),
        ),
        Page("Training", ((OBJECTIVE, ELBO), (TAU, TAU_BY_VIDEO, GATE)), tasks=("video.train",)),
        Page(
            "Benchmark",
            ((METHODS, MEASURES), (DIFFERENCES, VIDEOS), (TAU_BY_VIDEO, QUERY_SET)),
            tasks=("video.evaluate",),
        ),
        Page("Chance", ((F1_BARS, TableOf("F1 of each video", "otani/videos")), (F1_CURVES,)), tasks=("video.otani",)),
        Page("Log", ((LogOf("Log"),),)),
    ),
    sessions=(
        Session(
            "video.rate",
            role="video-analysis",
            field="analysis",
            missing="There is no analysed video to rate",
            newest_only=False,
        ),
    ),
    send_to={
        "video-analysis": (("Write a film or lists", "video.write", "analysis"),),
        "video-features": (
            ("Train on it", "video.train", "data"),
            ("Compare methods on it", "video.evaluate", "data"),
        ),
        "video-model": (
            ("Score a video with it", "video.summarise", "model"),
            ("Compare it as method b", "video.evaluate", "second_model"),
        ),
    },
    tour=(
        Step("data", "Drop a video, a folder of videos, or a feature file of a benchmark; or take the generated clip."),
        Step("form", "The built-in descriptor needs no download; the blend needs no training."),
        Step("try-it", "Looks at a clip, cuts it into shots, scores them, and writes a summary film with sound."),
        Step("panels", "Click a shot to pin or drop it: the selection is solved again at once."),
        Step("verdict", "Says what was kept, and whether that is better than chance."),
    ),
)
