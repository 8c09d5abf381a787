"""Run folders written by hand, as a host would leave them, so that readers can be tested without processes."""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from app.core import Result
from app.runs.store import Store


def png(width: int = 8, height: int = 8) -> bytes:
    """A grey PNG, built byte by byte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * 30 + y * 7) % 256 for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def finished_run(
    store: Store,
    values: dict[str, Any] | None = None,
    *,
    events: list[dict[str, Any]] | None = None,
    result: Result | None = None,
    state: str = "done",
    name: str = "",
    error: dict[str, str] | None = None,
    sweep: str | None = None,
) -> str:
    """A run of `fake.curve` whose log holds `events` (numbered here) between its start and its end."""
    run = store.create("fake.curve", values or {}, name=name, sweep=sweep)
    store.queue.remove(run)
    folder = store.folder(run)
    for part in ("files", "checkpoints"):
        (folder / part).mkdir(exist_ok=True)
    lines: list[dict[str, Any]] = [{"k": "started", "attempt": 1, "pid": 1}, *(events or [])]
    kept = result.model_dump(mode="json") if result else None
    lines.append({"k": "finished", "state": state, "result": kept, "error": error, "traceback": None})
    with open(folder / "events.jsonl", "w", encoding="utf-8") as log:
        for number, line in enumerate(lines, 1):
            log.write(json.dumps({"n": number, "t": number * 0.1, **line}) + "\n")
    if result:
        (folder / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
    return run


def metric(name: str, step: int, value: float | str) -> dict[str, Any]:
    return {"k": "metric", "name": name, "step": step, "value": value}


def put_file(store: Store, run: str, name: str, data: bytes) -> Path:
    path = store.folder(run) / name
    path.write_bytes(data)
    return path
