"""The agreed way from pickled weights to safetensors: asked first, done apart, and only the checked result is used."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from app.core.errors import AssayError
from app.data.diffusion_folder import INDEX, STEM
from app.data.files import head_of, open_plain, what_is_at
from app.data.safetensors_header import is_lfs_pointer, read_header
from app.data.text import listed, plain
from app.data.weight_files import pickled_files
from app.models.conversion import RESULT
from app.models.safetensors_files import file_hash
from app.models.sandbox import SECONDS, Outcome, run_apart

PROGRAM = ("-m", "app.models.conversion")


def convert(
    source: Path,
    target: Path,
    *,
    agreed: bool,
    sha256: str = "",
    seconds: float = SECONDS,
    program: tuple[str, ...] = PROGRAM,
) -> str:
    """Convert the pickled weights at `source` to the new safetensors file `target`; returns the SHA-256 of `source`.

    `agreed` is the user's word for this very file, `sha256` (where not empty) its content when they gave it. The
    pickle is opened once, by the weights-only loader in a confined process (`program`); what that loader refuses stays
    refused. Raises AssayError, and then `target` does not exist.
    """
    name = plain(source.name)
    if not agreed:
        raise AssayError(
            "Pickled weights can run code when opened",
            where=name,
            why="not loaded",
            remedy="Get the safetensors version, or agree to convert this file in a separate process",
        )
    if is_lfs_pointer(head_of(source, 64)):
        raise AssayError(f"“{name}” is a Git LFS pointer, not the weights", where=name)
    if what_is_at(target) != "missing":
        raise AssayError(f"“{plain(target.name)}” exists already", where=plain(str(target)))
    found = file_hash(source)
    if sha256 and sha256 != found:
        raise AssayError(
            f"“{name}” is not the file that you agreed to convert",
            where=name,
            why="its content has changed since",
            remedy="Look at it again and agree anew if you still trust it",
        )
    with tempfile.TemporaryDirectory(prefix="assay-conversion-", ignore_cleanup_errors=True) as place:
        scratch = Path(place).resolve()
        with open_plain(source) as handle:
            outcome = run_apart(program, handle, scratch, seconds)
        result = _accepted(outcome, scratch / RESULT, name)
        if file_hash(source) != found:
            raise AssayError(f"“{name}” changed while it was converted", where=name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(result, target)
    return found


def convert_folder(folder: Path, into: Path, *, agreed: bool, seconds: float = SECONDS) -> dict[str, str]:
    """Make the new folder `into`: the settings of the diffusion model `folder`, and its pickled weights converted.

    Returns SHA-256 of the pickles by name. Parts that have safetensors are copied as they are. Raises AssayError, and
    then `into` does not exist.
    """
    if what_is_at(into) != "missing":
        raise AssayError(f"“{plain(into.name)}” exists already", where=plain(str(into)))
    parts = [folder] if what_is_at(folder / INDEX) != "file" else _parts(folder)
    hashes: dict[str, str] = {}
    try:
        for part in [folder, *parts]:
            _copy_settings(part, into / part.relative_to(folder))
        for part in parts:
            hashes |= _convert_part(part, into / part.relative_to(folder), folder, agreed, seconds)
    except (AssayError, OSError) as error:
        shutil.rmtree(into, ignore_errors=True)
        if isinstance(error, AssayError):
            raise
        raise AssayError("The model could not be converted", where=plain(str(into)), why=str(error.strerror)) from error
    return hashes


def _convert_part(part: Path, into: Path, root: Path, agreed: bool, seconds: float) -> dict[str, str]:
    ready = sorted(path for path in part.iterdir() if path.name.lower().endswith(".safetensors"))
    for path in ready:
        read_header(path)
        shutil.copyfile(path, into / path.name)
    pickled = pickled_files(part)
    if ready or not pickled:
        return {}
    if len(pickled) > 1:
        raise AssayError(
            f"“{plain(part.name)}” holds several pickled files",
            where=listed([path.name for path in pickled]),
            remedy="Keep the one to be converted",
        )
    digest = convert(pickled[0], into / f"{STEM}.safetensors", agreed=agreed, seconds=seconds)
    return {pickled[0].relative_to(root).as_posix(): digest}


def _parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if what_is_at(path) == "folder" and not path.is_symlink())


def _copy_settings(part: Path, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for path in sorted(part.glob("*.json")):
        if what_is_at(path) == "file" and not path.is_symlink() and not path.name.endswith(".index.json"):
            shutil.copyfile(path, into / path.name)


def _accepted(outcome: Outcome, result: Path, name: str) -> Path:
    """The result where it is valid safetensors. What the process says is believed only where it refuses."""
    report = _report(outcome.output)
    if "refused" in report:
        raise AssayError(
            f"The weights-only loader refused “{name}”",
            where=name,
            why=plain(str(report["refused"]), 300),
            remedy="It was not loaded in any other way. Use the safetensors version of this model",
        )
    # A link would have us copy a file of the user's, so the name alone is not enough.
    if outcome.code != 0 or result.is_symlink() or what_is_at(result) != "file":
        last = outcome.errors.strip().splitlines()[-1:] or [f"it ended with code {outcome.code}"]
        raise AssayError(
            f"“{name}” could not be converted",
            where=name,
            why=plain(last[0], 300),
            remedy="It was not loaded. Use the safetensors version of this model",
        )
    read_header(result)
    return result


def _report(output: str) -> dict[str, Any]:
    lines = output.strip().splitlines()
    try:
        record = json.loads(lines[-1]) if lines else {}
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
