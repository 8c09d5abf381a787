"""Named settings of *Summarise*."""

from app.core import Citation
from app.core.task import Preset

TVSUM = Citation(
    text="Song et al., TVSum: Summarizing Web Videos Using Titles, CVPR 2015",
    link="https://github.com/yalesong/tvsum",
)

SUMMARISE_PRESETS = {
    "benchmark": Preset(
        "As the benchmarks do",
        {"sampling": 2.0, "vmax": 1.0, "budget": 15.0, "value": "mean", "rule": "knapsack", "refine": False},
        note="Two frames per second, KTS, 15 %, mean score, knapsack; cuts stay where the sampling puts them",
        source=TVSUM,
    ),
    "trailer": Preset(
        "One minute at most",
        {"budget_seconds": 60.0, "rule": "diverse", "longest_clip": 6.0, "fade": 30.0},
        note="Short clips that are unlike each other",
    ),
    "storyboard": Preset(
        "Storyboard, no film",
        {"film": False, "vmax": 0.6},
        note="Shots, contact sheet and lists only",
    ),
}
