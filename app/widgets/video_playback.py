"""Talk to the process that plays a video; pictures arrive as signals in the window's thread."""

import json
import os
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from app.core import AssayError

LARGEST_PACKET = 4096 * 4096 * 3
KEPT = (
    "PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV",
    "XDG_RUNTIME_DIR", "PULSE_SERVER", "PULSE_COOKIE", "PIPEWIRE_REMOTE",
)  # fmt: skip
"""What Python and the sound system need: the process reads files of strangers, so it gets no tokens and no proxies."""
MOST_WAITING = 8
"""Packets that wait for the window; then the process waits, and catches up by leaving out pictures."""

BUSY_MS, QUIET_MS = 8, 100
"""Between two looks at what has arrived: while a picture is expected, and else."""

ROOT = str(Path(__file__).resolve().parents[2])


class Playback(QObject):
    """Starts the process when it is first needed, and again after it has died. Nothing here blocks."""

    shown = Signal(QImage, float)
    """A picture, and its time in s on the clock of the file."""
    ended = Signal()
    silent = Signal(str)
    """Why nothing is heard; "" where sound plays."""
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None, command: Sequence[str] | None = None) -> None:
        """`command` starts the process in another way than by this Python (a frozen build, a test)."""
        super().__init__(parent)
        self._command = list(command or (sys.executable, "-X", "utf8", "-m", "app.data.playback"))
        self._volume = 1.0
        self._mute = False
        self._sounding = False
        self._playing = False
        self._process: subprocess.Popen[bytes] | None = None
        self._path = ""
        self._reader: _Reader | None = None
        self._token = 0
        # The reading thread fills a queue and knows no QObject: one that is deleted while it emits ends the program.
        self._look = QTimer(self)
        self._look.setTimerType(Qt.TimerType.PreciseTimer)
        self._look.timeout.connect(self._collect)

    def open(self, path: str) -> None:
        """The file that later calls are about."""
        if path != self._path:
            self._path = path
            if self._process is not None:
                self._send({"do": "open", "path": path})

    def show_frame(self, time: float, width: int, height: int) -> None:
        """Ask for the frame at `time`; answers to older wishes no longer count."""
        self._token += 1
        self._playing = self._sounding = False
        self._send({"do": "frame", "time": time, "width": width, "height": height})

    def play(self, spans: Sequence[tuple[float, float]], width: int, height: int, speed: float = 1.0) -> None:
        """Play spans (start, end) in s one after the other."""
        self._token += 1
        # Until it says otherwise: a device that is being opened can end the process.
        self._playing = self._sounding = True
        self._send({"do": "play", "spans": list(spans), "width": width, "height": height, "speed": speed})

    def pause(self) -> None:
        self._token += 1
        self._playing = self._sounding = False
        if self._process is not None:
            self._send({"do": "pause"})

    def set_volume(self, volume: float) -> None:
        self._volume = volume
        if self._process is not None:
            self._send({"do": "volume", "value": volume})

    def close(self) -> None:
        """End the process; the next wish starts a new one."""
        self._look.stop()
        reader, self._reader = self._reader, None
        process, self._process = self._process, None
        if reader is not None:
            reader.over.set()
        if process is not None:
            _end(process)

    def _send(self, command: dict[str, Any]) -> None:
        if not self._path:
            return
        if self._process is None or self._process.poll() is not None:
            self._start()
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(json.dumps({**command, "token": self._token}).encode() + b"\n")
            process.stdin.flush()
            self._look.setInterval(BUSY_MS)
        except OSError:
            self._died()

    def _start(self) -> None:
        self.close()
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
        self._process = subprocess.Popen(
            [*self._command, *(["--silent"] if self._mute else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._reader = _Reader(self._process)
        weakref.finalize(self, _give_up, self._process, self._reader)
        threading.Thread(target=self._reader, name="playback", daemon=True).start()
        self._look.start(BUSY_MS)
        assert self._process.stdin is not None
        for command in ({"do": "open", "path": self._path}, {"do": "volume", "value": self._volume}):
            self._process.stdin.write(json.dumps({**command, "token": 0}).encode() + b"\n")

    @Slot()
    def _collect(self) -> None:
        """Take what has arrived; of several pictures only the newest is shown."""
        packets: list[tuple[dict[str, Any], bytes]] = []
        while self._reader is not None and len(packets) < 2 * MOST_WAITING:
            try:
                packets.append(self._reader.packets.get_nowait())
            except queue.Empty:
                break
        newest = max((k for k, (header, _) in enumerate(packets) if header.get("kind") == "frame"), default=-1)
        for k, (header, content) in enumerate(packets):
            if header.get("kind") != "frame" or k == newest:
                self._take(header, content)

    def _take(self, header: dict[str, Any], content: bytes) -> None:
        kind = header.get("kind")
        if kind == "died":
            self._died()
        elif kind == "error":
            self.failed.emit(AssayError.from_dict(header.get("error", {})))
        elif header.get("token") != self._token:
            return
        elif kind == "frame":
            if not self._playing:
                self._look.setInterval(QUIET_MS)
            image = _image(header, content)
            if image is not None:
                self.shown.emit(image, float(header["time"]))
        elif kind == "sound":
            why = str(header.get("why", ""))
            self._sounding = not why
            self.silent.emit(why)
        elif kind == "paused":
            self._look.setInterval(QUIET_MS)
        elif kind == "ended":
            self._playing = self._sounding = False
            self._look.setInterval(QUIET_MS)
            self.ended.emit()

    def _died(self) -> None:
        # A sound library can abort the process over a rate that it does not support; so next time without sound.
        self._mute = self._mute or self._sounding
        self.close()
        self.failed.emit(
            AssayError(
                "The process that plays the video has ended",
                why="the file may be damaged, or made to do this",
                remedy="Assay itself is not affected. Press play to start it again.",
            )
        )


class _Reader:
    """Reads packets in a thread until the process ends or `over` is set."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.packets: queue.Queue[tuple[dict[str, Any], bytes]] = queue.Queue(MOST_WAITING)
        self.over = threading.Event()
        self._process = process

    def __call__(self) -> None:
        assert self._process.stdout is not None
        stream = self._process.stdout
        with suppress(OSError, ValueError):
            while head := stream.read(4):
                header = json.loads(stream.read(int.from_bytes(head, "big")))
                size = int(header.get("bytes", 0))
                content = stream.read(size) if 0 < size <= LARGEST_PACKET else b""
                self._tell(header, content)
        self._tell({"kind": "died"}, b"")

    def _tell(self, header: dict[str, Any], content: bytes) -> None:
        while not self.over.is_set():
            with suppress(queue.Full):
                self.packets.put((header, content), timeout=0.2)
                return


def _image(header: dict[str, Any], content: bytes) -> QImage | None:
    width, height = int(header.get("width", 0)), int(header.get("height", 0))
    if width < 1 or height < 1 or width * height * 3 != len(content):
        return None
    return QImage(content, width, height, width * 3, QImage.Format.Format_RGB888).copy()


def _give_up(process: "subprocess.Popen[bytes]", reader: _Reader) -> None:
    """For a player that was dropped without `close`."""
    reader.over.set()
    _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()
    process.wait(timeout=5)
    for stream in (process.stdin, process.stdout):
        with suppress(OSError):
            if stream is not None:
                stream.close()
