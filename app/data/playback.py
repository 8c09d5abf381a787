"""The process that plays a video: commands as JSON lines on stdin, pictures and news as packets on stdout.

A packet is four bytes (length of its header, big-endian), a JSON header, and `header["bytes"]` bytes of RGB.
"""

import json
import queue
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from app.core.errors import AssayError
from app.data import confinement
from app.data.playback_clock import Clock
from app.data.playback_frames import Frames
from app.data.text import plain

SILENT = "--silent"
IDLE = 0.2
"""s between looks at the commands while nothing plays."""


class Player:
    """Shows single frames, and plays spans of a file one after the other."""

    def __init__(self, answers: BinaryIO, clock: Clock) -> None:
        self._answers = answers
        self._clock = clock
        self._frames: Frames | None = None
        self._playing: _Play | None = None

    @property
    def playing(self) -> bool:
        return self._playing is not None

    def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command; what goes wrong is told, and the process lives on."""
        token = int(command.get("token", 0))
        try:
            self._obey(command, token)
        except AssayError as error:
            self._playing = None
            self._clock.stop()
            self._say({"kind": "error", "token": token, "error": error.as_dict()})

    def step(self) -> float:
        """Show the next frame if it is due; returns the seconds until there is something to do."""
        if self._playing is None or self._frames is None:
            return IDLE
        try:
            return self._play_on(self._playing, self._frames)
        except AssayError as error:
            self._end()
            self._say({"kind": "error", "token": 0, "error": error.as_dict()})
            return IDLE

    def close(self) -> None:
        self._clock.stop()
        if self._frames is not None:
            self._frames.close()

    def _obey(self, command: dict[str, Any], token: int) -> None:
        match command.get("do"):
            case "open":
                self._end()
                if self._frames is not None:
                    self._frames.close()
                self._frames = Frames(Path(str(command["path"])))
                info = self._frames.info
                self._say(
                    {
                        "kind": "opened",
                        "token": token,
                        "width": info.width,
                        "height": info.height,
                        "sound": info.has_audio,
                    }
                )
            case "frame" if self._frames is not None:
                self._end()
                self._show(self._frames.at(float(command["time"])), command, token)
            case "play" if self._frames is not None:
                spans = [(float(start), float(end)) for start, end in command["spans"]]
                self._playing = _Play(command, spans, float(command.get("speed", 1.0)), token)
                self._begin_span(self._playing, self._frames)
            case "pause":
                self._end()
                self._say({"kind": "paused", "token": token})
            case "volume":
                self._clock.volume = min(1.0, max(0.0, float(command["value"])))

    def _begin_span(self, play: "_Play", frames: Frames) -> None:
        start, end = play.spans[play.place]
        frames.start(start)
        why = self._clock.start(frames.path, frames.info, start, end, play.speed)
        self._say({"kind": "sound", "token": play.token, "why": why})

    def _play_on(self, play: "_Play", frames: Frames) -> float:
        _, end = play.spans[play.place]
        ahead = frames.peek()
        if ahead is None or ahead >= end - 1e-6:
            wait = min(end, frames.last) - self._clock.now() if ahead is not None else 0.0
            if wait > 0.001:
                return min(wait / play.speed, IDLE)
            play.place += 1
            if play.place == len(play.spans):
                self._end()
                self._say({"kind": "ended", "token": play.token})
                return IDLE
            self._begin_span(play, frames)
            return 0.0
        wait = (ahead - self._clock.now()) / play.speed
        if self._clock.lost:
            self._say({"kind": "sound", "token": play.token, "why": self._clock.lost})
            self._clock.lost = ""
        if wait > 0.002:
            return min(wait, IDLE)
        late = wait < -0.25
        shown = frames.next(decode_only=late)
        if shown is not None:
            self._show(shown, play.command, play.token)
        return 0.0

    def _show(self, shown: Any, command: dict[str, Any], token: int) -> None:
        pixels = shown.pixels(int(command.get("width", 640)), int(command.get("height", 360)))
        height, width = pixels.shape[:2]
        self._say(
            {"kind": "frame", "token": token, "time": shown.time, "width": width, "height": height}, pixels.tobytes()
        )

    def _end(self) -> None:
        self._playing = None
        self._clock.stop()

    def _say(self, header: dict[str, Any], content: bytes = b"") -> None:
        line = json.dumps({**header, "bytes": len(content)}).encode()
        self._answers.write(len(line).to_bytes(4, "big") + line + content)
        self._answers.flush()


class _Play:
    def __init__(self, command: dict[str, Any], spans: list[tuple[float, float]], speed: float, token: int) -> None:
        if not spans:
            raise AssayError("There is nothing to play")
        self.command, self.spans, self.token = command, spans, token
        self.speed = min(4.0, max(0.25, speed))
        self.place = 0


def serve(requests: BinaryIO, answers: BinaryIO, clock: Clock) -> None:
    """Play until the other end closes. A newer picture wish replaces an older one that still waits."""
    commands: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_read, args=(requests, commands), name="commands", daemon=True).start()
    player = Player(answers, clock)
    wait = IDLE
    while True:
        try:
            command = commands.get(timeout=wait) if wait > 0 else commands.get_nowait()
        except queue.Empty:
            wait = player.step()
            continue
        while command is not None and command.get("do") == "frame" and not commands.empty():
            newer = commands.get_nowait()
            if newer is not None and newer.get("do") != "frame":
                player.obey(command)
            command = newer
        if command is None:
            player.close()
            return
        player.obey(command)
        wait = 0.0


def _read(requests: BinaryIO, commands: "queue.Queue[dict[str, Any] | None]") -> None:
    while line := requests.readline(1_000_000):
        try:
            command = json.loads(line)
        except ValueError as error:
            print(plain(str(error)), file=sys.stderr)
            continue
        if isinstance(command, dict):
            commands.put(command)
    commands.put(None)


def main() -> None:
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    # PortAudio loads its library and talks to the sound server before the walls go up.
    clock = Clock(silent=SILENT in sys.argv)
    confinement.confine()
    serve(requests, answers, clock)


if __name__ == "__main__":
    main()
