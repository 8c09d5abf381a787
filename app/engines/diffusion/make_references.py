"""Scan models of known truth and keep what they make: `python -m app.engines.diffusion.make_references FOLDER OUT`."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import fromarray

from app.core import Image, collect
from app.core.errors import AssayError
from app.data.describe_diffusion import find_diffusion_models
from app.engines.diffusion.configs import ScanConfig
from app.engines.diffusion.tasks import scan

SETTINGS: dict[str, Any] = {
    "attack": "sde",
    "seeds": 1,
    "early_verdict": False,
    "batch": 16,
    "paired_steps": 120,
    "stochastic_steps": 50,
    "deterministic_steps": 25,
}


def make(folder: Path, out: Path) -> None:
    """Scan each model in `folder` with one seed and all searches; `references.json` and two sheets each go to `out`.

    What is known of a model is what `known_truth` finds. Models that `out` has already are not scanned again. Raises
    AssayError where there is no model.
    """
    models = find_diffusion_models([folder])
    if not models:
        raise AssayError("There is no diffusion model", where=str(folder))
    out.mkdir(parents=True, exist_ok=True)
    listing = out / "references.json"
    records = json.loads(listing.read_text(encoding="utf-8"))["models"] if listing.exists() else []
    have = {record["name"] for record in records}
    for path in models:
        if path.name not in have:
            records.append(_record(path, out))
            text = json.dumps({"settings": SETTINGS, "models": records}, indent=1, ensure_ascii=False)
            listing.write_text(text + "\n", encoding="utf-8")
            print(path.name, records[-1]["truth"], records[-1]["verdict"], flush=True)


def _record(path: Path, out: Path) -> dict[str, Any]:
    """Truth, verdict and features of the most telling pictures, which are written beside."""
    events, result = collect(scan, ScanConfig(model=str(path), **SETTINGS))
    told = result.details
    record = {
        "name": path.name,
        "truth": told["truth"],
        "verdict": told["word"],
        "sha256": told["sha256"],
        "uniformity": told["uniformity"],
        "variation per pixel": told["variation per pixel"],
    }
    for which in ("clean", "triggered"):
        sheet = next(
            event for event in events if isinstance(event, Image) and event.name.startswith(f"evidence/{which}/")
        )
        record[which] = f"{path.name}-{which}.png"
        pixels = (np.clip(sheet.pixels, 0, 1) * 255).round().astype(np.uint8)
        fromarray(pixels).save(out / record[which], optimize=True)
    return record


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Name the folder of the models and the folder to write to.")
    make(Path(sys.argv[1]), Path(sys.argv[2]))
