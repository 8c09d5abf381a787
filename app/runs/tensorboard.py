"""Runs as TensorBoard event files, written after the fact from their logs."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core import AssayError
from app.runs.config_text import to_text
from app.runs.evidence import Evidence, gather, read_png
from app.runs.redaction import Redact, redact_record, redactor
from app.runs.store import Store
from app.runs.summary import RunSummary

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

LARGEST_PICTURE = 16_000_000


def export(store: Store, runs: Sequence[str], target: Path, redact: Redact | None = None) -> list[Path]:
    """Write each run into its own folder under `target`, curves, pictures, texts and settings; returns the folders.

    Exporting a run again replaces what was exported of it. Raises AssayError without the library, or when `target`
    cannot be written.
    """
    writer_class = _writer_class()
    redact = redact or redactor()
    folders = []
    for run in runs:
        summary = store.summary(run)
        folder = target / run
        try:
            _forget(folder)
            writer = writer_class(str(folder), write_to_disk=True)
        except OSError as error:
            raise AssayError(
                "The export could not be written",
                where=str(folder),
                why=error.strerror or str(error),
                remedy="Choose another folder.",
            ) from error
        with writer:
            _write(writer, summary, gather(store.folder(run)), store.folder(run), redact)
        folders.append(folder)
    return folders


def _write(writer: "SummaryWriter", summary: RunSummary, evidence: Evidence, folder: Path, redact: Redact) -> None:
    begun = summary.created
    for name, curve in evidence.curves.items():
        for step, value, time in zip(curve.step.tolist(), curve.value.tolist(), curve.time.tolist(), strict=True):
            writer.add_scalar(redact(name), value, step, walltime=begun + time)
    for (kind, name), records in evidence.sequences.items():
        if kind != "image":
            continue
        for record in records:
            if picture := read_png(folder, record.data.get("file"), LARGEST_PICTURE):
                _add_picture(writer, redact(name), *picture, record.step or 0, begun + record.time)
    for (kind, name), record in evidence.latest.items():
        if kind == "text":
            text = redact(str(record.data.get("text", "")))
            writer.add_text(redact(name), "\n".join(f"    {line}" for line in text.splitlines()), record.step or 0)
    config = redact_record(summary.config, redact)
    writer.add_text("settings", f"    {json.dumps(config, ensure_ascii=False)}", 0, walltime=begun)
    if summary.verdict:
        writer.add_text("verdict", redact(summary.verdict), 0, walltime=begun)
    _add_hyperparameters(writer, config, summary)


def _add_picture(
    writer: "SummaryWriter", name: str, data: bytes, width: int, height: int, step: int, time: float
) -> None:
    """Hand over the PNG as it is: decoding and encoding it again would only lose time."""
    from tensorboardX.proto.summary_pb2 import Summary

    image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=data)
    writer._get_file_writer().add_summary(Summary(value=[Summary.Value(tag=name, image=image)]), step, time)


def _add_hyperparameters(writer: "SummaryWriter", config: dict[str, Any], summary: RunSummary) -> None:
    """Settings beside headline figures, for the HPARAMS page; into the same folder as the curves."""
    from tensorboardX.summary import hparams

    plain = {
        name: value if isinstance(value, (bool, int, float)) and math.isfinite(value) else to_text(value)
        for name, value in config.items()
    }
    figures = {f"figure/{figure.name}": figure.value for figure in summary.figures}
    files = writer._get_file_writer()
    for part in hparams(hparam_dict=plain, metric_dict=figures):
        files.add_summary(part, walltime=summary.created)
    for name, value in figures.items():
        writer.add_scalar(name, value, 0, walltime=summary.ended or summary.created)


def _forget(folder: Path) -> None:
    """Remove what an earlier export left: two event files in one folder would show every point twice."""
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()


def _writer_class() -> "type[SummaryWriter]":
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise AssayError(
            "TensorBoard files cannot be written",
            why="the package tensorboardX is not installed",
            remedy="Install the extra: pip install 'assay[tracking]'.",
        ) from error
    return SummaryWriter  # type: ignore[no-any-return]
