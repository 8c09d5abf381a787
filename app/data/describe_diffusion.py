"""Put dropped diffusion models into words: one folder, or a queue of several."""

import time
from pathlib import Path
from typing import Any

from app.core.errors import AssayError
from app.data.diffusion_folder import ModelFolder, is_diffusion_folder, read_diffusion_folder
from app.data.files import join_ref, what_is_at
from app.data.inspection import Inspection, Problem
from app.data.recognise import recognise
from app.data.text import listed, plain, plural, size_in_words
from app.data.weight_files import pickled_files

KINDS = {"ddpm": "DDPM", "ncsn": "NCSN (score model)", "ldm": "LDM (latent)"}
QUEUE_LIMIT = 500
"""Models that are looked for in one folder."""


def find_diffusion_models(paths: list[Path]) -> list[Path]:
    """The model folders that `paths` are, or that lie directly in the one folder dropped; empty where there are none."""
    if all(is_diffusion_folder(path) for path in paths):
        return list(paths)
    if len(paths) != 1 or what_is_at(paths[0]) != "folder":
        return []
    try:
        inside = sorted(path for path, _ in zip(paths[0].iterdir(), range(QUEUE_LIMIT)))
    except OSError:
        return []  # whoever looks next says why it cannot be read
    return [path for path in inside if is_diffusion_folder(path)]


def describe_diffusion(folders: list[Path], paths: list[Path], deadline: float) -> Inspection:
    """One model, or several as a queue, `folders` as found in `paths`, until `time.monotonic()` is `deadline`."""
    if len(folders) == 1:
        return _one(folders[0], join_ref(folders))
    items: list[dict[str, Any]] = []
    for folder in folders:
        if time.monotonic() > deadline:
            break
        found = _one(folder, str(folder))
        items.append(
            {
                "path": found.path,
                "name": found.title,
                "summary": found.summary,
                "usable": found.usable,
                "problem": next((problem.what for problem in found.problems if problem.severity == "error"), ""),
                **{key: found.options.get(key, "") for key in ("type", "size", "channels", "test_model")},
            }
        )
    return _queue(items, folders, paths)


def describe_pickled(folder: Path) -> Inspection | None:
    """A folder of nothing but pickled weights, which is refused in words; None for every other folder."""
    if what_is_at(folder) != "folder":
        return None
    try:
        pickled = [path for path in pickled_files(folder) if recognise(path) in ("pickle", "torch")]
    except AssayError:
        return None  # whoever looks next says why it cannot be read
    if not pickled or any("batch" in path.name for path in pickled):
        return None
    problem = Problem(
        "error",
        "This folder holds pickled weights, which can run code when opened. Not loaded",
        listed([path.name for path in pickled], 3),
        "Get the safetensors version of this model, with its config.json",
        len(pickled),
    )
    return Inspection("unknown", plain(folder.name), problem.what, str(folder), problems=(problem,))


def _one(folder: Path, ref: str) -> Inspection:
    title = plain(folder.name)
    try:
        model = read_diffusion_folder(folder)
    except AssayError as error:
        problem = Problem.from_error(error)
        options = {"pickled": [plain(path.name) for path in _pickled(folder)]}
        return Inspection("diffusion-model", title, error.what, ref, problems=(problem,), options=options)
    height, width = model.image_size
    summary = f"A diffusion model: {KINDS[model.kind]}, {height} × {width} pixels"
    return Inspection(
        kind="diffusion-model",
        title=title,
        summary=f"{summary}. A test model with a backdoor" if model.test_model else summary,
        path=ref,
        facts=_facts(model),
        problems=model.notes,
        options={
            "type": model.kind,
            "size": [height, width],
            "channels": model.channels,
            "parameters": model.parameters,
            "scheduler": model.scheduler_name,
            "sigma_max": (model.scheduler or {}).get("sigma_max"),
            "test_model": model.test_model,
            "pickled": [],
        },
    )


def _facts(model: ModelFolder) -> tuple[tuple[str, str], ...]:
    height, width = model.image_size
    weights = sum(part.weights.size for part in model.parts)
    facts = [
        ("Kind", KINDS[model.kind]),
        ("Pipeline", model.pipeline or "a UNet alone"),
        ("Size", f"{height} × {width} pixels"),
        ("Channels", str(model.channels)),
        ("Parameters", f"{model.parameters:,}"),
        ("Weights", f"{size_in_words(weights)} in {plural(sum(len(p.weights.paths) for p in model.parts), 'file')}"),
        ("Scheduler", model.scheduler_name or "none given"),
    ]
    if model.autoencoder is not None:
        facts.append(("Latent size", f"{model.size[0]} × {model.size[1]}"))
    return tuple(facts)


def _queue(items: list[dict[str, Any]], folders: list[Path], paths: list[Path]) -> Inspection:
    bad = [item for item in items if not item["usable"]]
    problems = []
    if bad:
        severity = Problem("error" if len(bad) == len(folders) else "warning", "").severity
        what = f"{plural(len(bad), 'model')} cannot be used: {bad[0]['name']}: {bad[0]['problem']}"
        problems.append(Problem(severity, what, bad[0]["name"], "They will be left out", len(bad)))
    if len(items) < len(folders):
        problems.append(Problem("note", f"Looked at {len(items):,} of {len(folders):,} models"))
    return Inspection(
        kind="diffusion-models",
        title=listed([path.name for path in paths], 3),
        summary=f"{plural(len(folders), 'diffusion model')}",
        path=join_ref(paths),
        count=len(folders),
        facts=tuple((item["name"], item["summary"]) for item in items[:20]),
        problems=tuple(problems),
        options={"items": items, "paths": [str(folder) for folder in folders], "complete": len(items) == len(folders)},
    )


def _pickled(folder: Path) -> list[Path]:
    found = []
    for place in (folder, folder / "unet"):
        if what_is_at(place) == "folder":
            found += pickled_files(place)
    return found
