"""One scan by our default against the reference's procedure: same model, same machine, one run.

    python tests/bench/diffusion_scan.py [model folder]

Without a folder the two starter models are scanned. The reference's procedure is 100 updates on 100 noises and sixteen
pictures by 1,000 steps of DDPM for each of its two features; ours is the scan as it comes. Targets: at least 5 times
as fast at equal verdicts, and a peak of memory of at most 1.5 times that of one forward and backward pass at the batch
of the search. Processor seconds are compared, which a busy machine leaves alone; each side has a process of its own.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from app.core import collect  # noqa: E402
from app.engines.diffusion.configs import ScanConfig  # noqa: E402
from app.engines.diffusion.presets import SCAN_PRESETS  # noqa: E402
from app.engines.diffusion.starting import opened  # noqa: E402
from app.engines.diffusion.tasks import scan  # noqa: E402
from tests.bench.lines import line, load  # noqa: E402

STARTERS = ("builtin:starter-backdoored", "builtin:starter-clean")
SPEED, MEMORY = 5.0, 1.5


def settings(side: str, model: str) -> ScanConfig:
    ours = ScanConfig(model=model, device="cpu")
    rows = {
        "reference": ScanConfig(model=model, device="cpu", **SCAN_PRESETS["paper-baddiffusion"].values),
        "ours": ours,
        "ours, one seed": ours.model_copy(update={"seeds": 1}),
    }
    return rows[side]


def scanned(side: str, model: str) -> str:
    _, result = collect(scan, settings(side, model))
    return str(result.details["word"])


def one_pass(side: str, model: str) -> str:
    """Forward and backward once to a shift and to the weights, as plain code does it, on the noises of one update."""
    config = settings("ours", model)
    with opened(config) as loaded:
        loaded.unet.requires_grad_(True)
        tau = torch.zeros(1, *loaded.shape, requires_grad=True)
        noise = torch.randn(config.batch or 100, *loaded.shape)
        torch.autograd.backward(loaded.output(noise + tau, loaded.last).square().mean())
    return ""


SIDES: dict[str, Callable[[str, str], str]] = {
    "reference": scanned,
    "ours": scanned,
    "ours, one seed": scanned,
    "one pass": one_pass,
}


def measure(side: str, model: str) -> None:
    """Print the word, processor seconds, seconds, and MiB of peak memory above what the loaded libraries take."""
    torch.set_num_threads(1)
    import diffusers  # noqa: F401
    from diffusers import UNet2DModel  # noqa: F401

    with opened(settings("ours", model)) as loaded, torch.no_grad():
        loaded.output(torch.zeros(1, *loaded.shape), loaded.last)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, worked = time.perf_counter(), time.process_time()
    word = SIDES[side](side, model)
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    print(json.dumps([word, worked, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))


def apart(side: str, model: str) -> tuple[str, float, float, float]:
    command = [sys.executable, __file__, "--side", side, model]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    word, worked, seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return str(word), float(worked), float(seconds), float(peak)


def main(models: tuple[str, ...]) -> None:
    load()
    for model in models:
        print(model)
        found = {side: apart(side, model) for side in SIDES}
        word, slow, _, _ = found["reference"]
        for side, (said, worked, seconds, peak) in found.items():
            line(f"  {side}", worked, ratio=f"processor, {seconds:.1f} s by the clock, {peak:.0f} MiB  {said}")
        for side in ("ours", "ours, one seed"):
            said, worked, _, _ = found[side]
            words = "equal verdicts" if said == word else f"verdicts differ: reference {word}, {side} {said}"
            reached = "reached" if slow / worked >= SPEED else "MISSED"
            print(f"  {side}: {slow / worked:.1f}x the reference's speed, target {SPEED:g}x {reached}; {words}")
        line("  peak over one forward and backward", found["ours"][3] / found["one pass"][3], MEMORY, "x")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--side":
        measure(sys.argv[2], sys.argv[3])
    else:
        main(tuple(sys.argv[1:]) or STARTERS)
