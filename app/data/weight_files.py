"""Find the weight files of a model folder: one safetensors file, or the shards that an index names; never a pickle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import AssayError
from app.data.files import head_of, unreadable, what_is_at
from app.data.recognise import recognise
from app.data.safetensors_header import Header, TensorEntry, is_lfs_pointer, read_header
from app.data.strict_json import read_json
from app.data.text import listed, plain, plural

INDEX_LIMIT = 32_000_000
NAME_LIMIT = 100_000
SHARD_LIMIT = 1_000
ENTRY_LIMIT = 10_000
INDEX_SUFFIX = ".safetensors.index.json"
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")


@dataclass(frozen=True)
class WeightFiles:
    """The weights of one model: files, and all their tensors by name with the file each lies in."""

    paths: tuple[Path, ...]
    tensors: Mapping[str, TensorEntry]
    places: Mapping[str, Path]

    @property
    def parameters(self) -> int:
        return sum(entry.count for entry in self.tensors.values())

    @property
    def size(self) -> int:
        """Bytes of weights."""
        return sum(entry.end - entry.begin for entry in self.tensors.values())


def find_weights(folder: Path, stem: str) -> WeightFiles:
    """The checked weights in `folder`: `stem`.safetensors, `stem`.safetensors.index.json, or the only safetensors file.

    Raises AssayError where there are none or only pickled ones (`pickled_files` names them), where an index is bad, and
    as `read_header`.
    """
    names = _names(folder)
    index, single = f"{stem}{INDEX_SUFFIX}", f"{stem}.safetensors"
    if single in names:
        return _together({folder / single: read_header(folder / single)})
    if index in names:
        return _sharded(folder, index)
    found = [name for name in names if name.lower().endswith(".safetensors")]
    if len(found) == 1:
        return _together({folder / found[0]: read_header(folder / found[0])})
    if found:
        raise AssayError(
            f"“{plain(folder.name)}” holds several weight files and none is called {single}",
            where=plain(folder.name),
            why=listed(sorted(found)),
            remedy="Keep the one to be used",
        )
    raise _without(folder)


def pickled_files(folder: Path) -> list[Path]:
    """Files of `folder` that are pickled weights by content, or by name where they cannot be opened."""
    found = []
    for name in _names(folder):
        path = folder / name
        if Path(name).suffix.lower() in PICKLED and what_is_at(path) == "file":
            kind = recognise(path)
            if kind in ("pickle", "torch", "zip", "binary", "text", "tar"):
                found.append(path)
    return sorted(found)


def read_index(path: Path) -> dict[str, str]:
    """The map from tensor names to file names of a sharded checkpoint. Raises AssayError.

    Only plain names of files beside the index pass: an index could otherwise have any file of this machine loaded.
    """
    record = read_json(path, INDEX_LIMIT)
    where = plain(path.name)
    places = record.get("weight_map") if isinstance(record, dict) else None
    if not isinstance(places, dict) or not places:
        raise AssayError("The index of the weights has no weight_map", where=where)
    if len(places) > NAME_LIMIT:
        raise AssayError(f"The index names {len(places):,} tensors, more than {NAME_LIMIT:,}", where=where)
    for name, file in places.items():
        if not isinstance(file, str) or not _is_plain_name(file):
            raise AssayError(
                f"The index sends “{plain(name, 60)}” to “{plain(str(file), 80)}”",
                where=where,
                why="a shard must be a plain safetensors file name beside the index",
                remedy="The model was not loaded. Get it again from a source that you trust",
            )
    shards = set(places.values())
    if len(shards) > SHARD_LIMIT:
        raise AssayError(f"The index names {len(shards):,} files, more than {SHARD_LIMIT:,}", where=where)
    return dict(places)


def _is_plain_name(file: str) -> bool:
    # “.safetensors.index.json” does not pass either: an index that names an index (or itself) would be a cycle.
    strange = set(file) & set('/\\:*?"<>|') or file.startswith(".") or not file.isprintable()
    return file.lower().endswith(".safetensors") and not strange and len(file) <= 255


def _sharded(folder: Path, index: str) -> WeightFiles:
    places = read_index(folder / index)
    shards = sorted(set(places.values()))
    missing = [name for name in shards if what_is_at(folder / name) != "file"]
    if missing:
        raise AssayError(
            f"{plural(len(missing), 'shard')} of the weights {'is' if len(missing) == 1 else 'are'} missing",
            where=plain(index),
            why=listed(missing),
            remedy="Copy or download the whole folder",
        )
    found = _together({folder / name: read_header(folder / name) for name in shards})
    wrong = [name for name, file in places.items() if found.places.get(name) != folder / file]
    extra = [name for name in found.tensors if name not in places]
    if wrong or extra:
        why = f"not where the index says: {listed(wrong)}" if wrong else f"not in the index: {listed(extra)}"
        raise AssayError("The index and the shards of the weights do not fit", where=plain(index), why=why)
    return found


def _together(headers: Mapping[Path, Header]) -> WeightFiles:
    tensors: dict[str, TensorEntry] = {}
    places: dict[str, Path] = {}
    for path, header in headers.items():
        for name, entry in header.tensors.items():
            if name in tensors:
                raise AssayError(f"Two shards hold the tensor “{plain(name, 80)}”", where=plain(path.name))
            tensors[name], places[name] = entry, path
    return WeightFiles(tuple(headers), tensors, places)


def _without(folder: Path) -> AssayError:
    pickled = pickled_files(folder)
    name = plain(folder.name)
    if not pickled:
        return AssayError(f"“{name}” holds no safetensors weights", where=name)
    for path in pickled:
        if is_lfs_pointer(head_of(path, 64)):
            return AssayError(
                f"“{plain(path.name)}” is a Git LFS pointer, not the weights",
                where=name,
                remedy="Run “git lfs pull” in its folder, or download the safetensors version",
            )
    return AssayError(
        "This folder holds pickled weights, which can run code when opened",
        where=f"{name}: {listed([path.name for path in pickled], 3)}",
        why="not loaded",
        remedy="Get the safetensors version, or agree to convert this copy in a separate process",
    )


def _names(folder: Path) -> list[str]:
    names = []
    try:
        for path in folder.iterdir():
            names.append(path.name)
            if len(names) > ENTRY_LIMIT:
                raise AssayError(f"“{plain(folder.name)}” holds more than {ENTRY_LIMIT:,} files")
    except OSError as error:
        raise unreadable(folder, error) from error
    return sorted(names)
