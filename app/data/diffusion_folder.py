"""Read what a folder says about its diffusion model: kind, sizes, scheduler, checked weights; nothing is loaded."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import AssayError
from app.data import diffusion_config as config
from app.data.diffusion_config import Kind
from app.data.files import unreadable, what_is_at
from app.data.inspection import Problem
from app.data.strict_json import read_json
from app.data.text import plain, size_in_words
from app.data.weight_files import WeightFiles, find_weights

INDEX = "model_index.json"
STEM = "diffusion_pytorch_model"
SIZE_LIMIT = 20_000_000_000
PARAMETER_LIMIT = 2_000_000_000
ENTRY_LIMIT = 10_000
MARK = "backdoor_test_model"
"""Key of a UNet's settings that says: this model was made with a backdoor, to test defences."""


@dataclass(frozen=True)
class Part:
    """A network of the pipeline: its class, its checked settings, its checked weights."""

    class_name: str
    folder: Path
    settings: Mapping[str, Any]
    weights: WeightFiles


@dataclass(frozen=True)
class ModelFolder:
    """A diffusion model on disk. `files` are all files that make it up; `notes` is what its user should know."""

    root: Path
    kind: Kind
    pipeline: str
    unet: Part
    scheduler: Mapping[str, Any] | None
    autoencoder: Part | None
    files: tuple[Path, ...]
    notes: tuple[Problem, ...]

    @property
    def channels(self) -> int:
        return int(self.unet.settings.get("in_channels", 3))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of what the UNet takes: pixels, or latent cells of an LDM."""
        return config.image_size(self.unet.settings)

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) of the pictures in pixels."""
        height, width = self.size
        times = 1 if self.autoencoder is None else 1 << (len(self.autoencoder.settings["block_out_channels"]) - 1)
        return height * times, width * times

    @property
    def parameters(self) -> int:
        return sum(part.weights.parameters for part in self.parts)

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.unet,) if self.autoencoder is None else (self.unet, self.autoencoder)

    @property
    def scheduler_name(self) -> str:
        return str((self.scheduler or {}).get("_class_name", ""))

    @property
    def test_model(self) -> str:
        """How a model that was made with a backdoor describes it; empty for all others."""
        settings = self.unet.settings
        return plain(str(settings.get("backdoor_description") or "yes"), 300) if settings.get(MARK) else ""


def is_diffusion_folder(folder: Path) -> bool:
    """Whether `folder` claims to be a pipeline or a UNet of diffusers. Its claims are not checked."""
    if what_is_at(folder) != "folder":
        return False
    if what_is_at(folder / INDEX) == "file":
        return True
    try:
        record = read_json(folder / "config.json")
    except AssayError:
        return False
    return isinstance(record, dict) and "_class_name" in record


def read_diffusion_folder(folder: Path) -> ModelFolder:
    """The checked model in `folder`: a pipeline (model_index.json) or a UNet (config.json and its weights).

    Raises AssayError for anything in section 3 of the method's “bad input”, before a single weight is read.
    """
    guard = _Guard(folder)
    guard.check_size()
    if what_is_at(folder / INDEX) == "file":
        return _pipeline(folder, guard)
    return _finish(folder, "", _unet(folder, guard), None, None, guard)


def _pipeline(folder: Path, guard: "_Guard") -> ModelFolder:
    record = guard.json(folder / INDEX)
    classes = config.check_pipeline(record)
    scheduler = None
    if "scheduler" in classes:
        scheduler = config.check_scheduler(guard.json(folder / "scheduler" / "scheduler_config.json"))
    name = next((key for key, one in classes.items() if one in config.AUTOENCODERS), None)
    unet = _unet(folder / "unet", guard)
    autoencoder = None
    if name is not None:
        if not name.isidentifier():
            raise AssayError(f"The pipeline calls its autoencoder “{plain(name, 60)}”", where=INDEX)
        place = folder / name
        settings = config.check_autoencoder(guard.json(place / "config.json"), classes[name], f"{name}/config.json")
        autoencoder = Part(classes[name], place, settings, guard.weights(place))
    return _finish(folder, str(record["_class_name"]), unet, scheduler, autoencoder, guard)


def _unet(folder: Path, guard: "_Guard") -> Part:
    where = f"{plain(folder.name)}/config.json"
    settings = config.check_unet(guard.json(folder / "config.json"), where)
    return Part(config.UNET, folder, settings, guard.weights(folder))


def _finish(
    folder: Path,
    pipeline: str,
    unet: Part,
    scheduler: Mapping[str, Any] | None,
    autoencoder: Part | None,
    guard: "_Guard",
) -> ModelFolder:
    kind = config.kind_of(unet.settings, scheduler, autoencoder is not None)
    files = tuple(sorted(guard.files))
    found = ModelFolder(folder, kind, pipeline, unet, scheduler, autoencoder, files, ())
    if found.parameters > PARAMETER_LIMIT:
        why = f"{found.parameters:,} parameters, more than {PARAMETER_LIMIT:,}"
        raise AssayError("The model is too large", where=plain(folder.name), why=why)
    if autoencoder is not None and autoencoder.settings.get("latent_channels", 3) != found.channels:
        why = f"the UNet takes {found.channels} channels, the autoencoder gives another number"
        raise AssayError("The parts of the model do not fit", where=plain(folder.name), why=why)
    return ModelFolder(folder, kind, pipeline, unet, scheduler, autoencoder, files, tuple(_notes(found)))


def _notes(model: ModelFolder) -> Iterator[Problem]:
    settings = model.unet.settings
    if model.test_model:
        yield Problem("warning", f"A test model with a backdoor, made to study defences: {model.test_model}")
    if settings.get("out_channels", 3) != model.channels:
        yield Problem("note", f"It predicts a variance, too: only the first {model.channels} channels are used")
    prediction = (model.scheduler or {}).get("prediction_type", "epsilon")
    if model.kind != "ncsn" and prediction != "epsilon":
        yield Problem("warning", f"It predicts “{prediction}”, which is converted to noise")
    if model.scheduler is None and model.kind == "ncsn":
        words = "Without a scheduler its noise range is not known"
        yield Problem("warning", words, remedy="Name sigma max in the settings, or drop the whole pipeline")
    elif model.scheduler is None:
        yield Problem("note", "Without a scheduler: 1,000 linear steps from 0.0001 to 0.02 are assumed")
    if model.scheduler_name == "KarrasVeScheduler":
        yield Problem("warning", "KarrasVe models are read as score models, which fits those trained as such only")


class _Guard:
    """Lets only files pass that lie in the folder, links followed, and remembers them."""

    def __init__(self, root: Path) -> None:
        self.files: set[Path] = set()
        self._root = root
        self._resolved = os.path.realpath(root)

    def json(self, path: Path) -> Any:
        self._check(path)
        if what_is_at(path) == "missing":
            raise AssayError(f"“{self._name(path)}” is missing", where=plain(self._root.name))
        self.files.add(path)
        return read_json(path)

    def weights(self, folder: Path) -> WeightFiles:
        self._check(folder)
        for path in _entries(folder):
            self._check(path)
        found = find_weights(folder, STEM)
        self.files.update(found.paths)
        index = folder / f"{STEM}.safetensors.index.json"
        if len(found.paths) > 1 or what_is_at(folder / f"{STEM}.safetensors") == "missing":
            self.files.update([index] if what_is_at(index) == "file" else [])
        return found

    def check_size(self) -> None:
        total = count = 0
        for place, _, names in os.walk(self._root):
            for name in names:
                count += 1
                # A file may vanish while the folder is walked; what is missing is said where it is needed.
                with suppress(OSError):
                    total += os.stat(os.path.join(place, name), follow_symlinks=False).st_size
            if count > ENTRY_LIMIT:
                raise AssayError(f"The model's folder holds more than {ENTRY_LIMIT:,} files", where=self._name())
        if total > SIZE_LIMIT:
            why = f"{size_in_words(total)}, more than {size_in_words(SIZE_LIMIT)}"
            raise AssayError("The model's folder is too large", where=self._name(), why=why)

    def _check(self, path: Path) -> None:
        real = os.path.realpath(path)
        if real != self._resolved and not real.startswith(self._resolved + os.sep):
            raise AssayError(
                f"“{self._name(path)}” is a link that leaves the model's folder",
                where=plain(self._root.name),
                remedy="Copy the folder with its links followed, and drop the copy",
            )

    def _name(self, path: Path | None = None) -> str:
        return plain(self._root.name) if path is None else plain(os.path.relpath(path, self._root))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise unreadable(folder, error) from error
