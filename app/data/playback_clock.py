"""The clock of playing: the sound device where there is one, else the steady clock; and the sound itself."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from app.data.text import plain
from app.data.video import VideoInfo
from app.data.video_sound import sound_pieces

BLOCK_S = 0.05
AHEAD_S = 1.0

STALLED_S = 0.5
"""s without a call from the device after which it counts as gone: unplugged, taken, or the default changed."""
RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000)


class Clock:
    """Tells the time of the file that should be on the screen. `volume` in [0, 1].

    `lost` says why sound ended in the middle of playing; whoever has told it sets it back to "".
    """

    def __init__(self, *, silent: bool = False) -> None:
        """`silent` leaves the sound system alone: it has ended this process before."""
        self.volume = 1.0
        self.lost = ""
        self._reached = 0.0
        self._stream: Any = None
        self._sound: _Feed | None = None
        self._begun = 0.0
        self._from = 0.0
        self._speed = 1.0
        self._why = "the sound system ended the player" if silent else ""
        self._device: Any = None
        if silent:
            return
        try:
            import sounddevice

            self._device = sounddevice
            if not any(device["max_output_channels"] > 0 for device in sounddevice.query_devices()):
                self._why = "there is no sound device"
        except OSError as error:
            self._device, self._why = None, f"PortAudio is not installed ({plain(str(error), 80)})"
        except sounddevice.PortAudioError as error:
            self._why = f"the sound system does not answer: {plain(str(error), 80)}"

    def start(self, path: Path, info: VideoInfo, start: float, end: float, speed: float) -> str:
        """Begin at `start` s; returns why there is no sound, or "" where it can be heard."""
        self.stop()
        self._from, self._reached, self._speed = start, start, speed
        self.lost = ""
        why = "the video has no sound" if not info.has_audio else self._why
        if not why and speed != 1.0:
            why = "sound is played at normal speed only"
        if not why:
            why = self._open(path, info, start, end)
        self._begun = time.monotonic()
        return why

    def now(self) -> float:
        """Time in s on the clock of the file."""
        if self._stream is not None and self._sound is not None:
            since = time.monotonic() - self._sound.beat
            if since < STALLED_S:
                # Between two calls of the device its clock runs on; what it was given is heard a little later.
                heard = self._sound.heard / self._sound.rate + min(since, BLOCK_S) - float(self._stream.latency)
                self._reached = max(self._reached, self._from + heard)
                return self._reached
            self.stop()
            self._from, self._begun = self._reached, time.monotonic()
            self.lost = "the sound device has stopped"
        return self._from + (time.monotonic() - self._begun) * self._speed

    def stop(self) -> None:
        if self._stream is not None:
            # A device that was unplugged cannot be closed in good order.
            with suppress(self._device.PortAudioError):
                self._stream.abort()
                self._stream.close()
            self._stream = None
        if self._sound is not None:
            self._sound.finish()
            self._sound = None

    def _open(self, path: Path, info: VideoInfo, start: float, end: float) -> str:
        rate = info.audio_rate if info.audio_rate in RATES else 48_000
        channels = 1 if info.audio_channels == 1 else 2
        self._sound = _Feed(path, rate, channels, start, end, self)
        try:
            self._stream = self._device.OutputStream(
                samplerate=rate,
                channels=channels,
                dtype="float32",
                blocksize=int(rate * BLOCK_S),
                callback=self._sound.fill,
            )
            self._stream.start()
        except (self._device.PortAudioError, ValueError) as error:
            self._stream = None
            self._sound.finish()
            self._sound = None
            return f"the sound device cannot be used: {plain(str(error), 120)}"
        return ""


class _Feed:
    """Decodes ahead in a thread; the device takes from it in its own. Neither touches the other's state but the queue."""

    def __init__(self, path: Path, rate: int, channels: int, start: float, end: float, clock: Clock) -> None:
        self.rate = rate
        self.heard = 0
        """Samples that were handed over before the newest block."""
        self.beat = time.monotonic()
        self._handed = 0
        self._clock = clock
        self._channels = channels
        self._first, self._end = round(start * rate), round(end * rate)
        self._ready = np.zeros((0, channels), np.float32)
        self._room = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._decode, args=(path, start), name="sound", daemon=True)
        self._thread.start()

    def fill(self, out: np.ndarray, count: int, _time: Any, _status: Any) -> None:
        """What the device calls: silence where decoding is behind, and the clock waits for nobody."""
        with self._room:
            ready = self._ready[:count]
            self._ready = self._ready[len(ready) :]
            self._room.notify()
        out[: len(ready)] = ready * self._clock.volume
        out[len(ready) :] = 0
        self.heard, self._handed = self._handed, self._handed + count
        self.beat = time.monotonic()

    def finish(self) -> None:
        with self._room:
            self._over = True
            self._room.notify()
        self._thread.join(timeout=5)

    def _decode(self, path: Path, start: float) -> None:
        for samples in self._wanted(path, start):
            with self._room:
                while len(self._ready) > AHEAD_S * self.rate and not self._over:
                    self._room.wait()
                if self._over:
                    return
                self._ready = np.concatenate([self._ready, samples])

    def _wanted(self, path: Path, start: float) -> Iterator[np.ndarray]:
        """(n, channels) from the first sample to the last, with silence in the gaps."""
        at = self._first
        for first, samples in sound_pieces(path, rate=self.rate, channels=self._channels, near=start):
            low, high = max(at, first), min(self._end, first + samples.shape[1])
            if high > low:
                if low > at:
                    yield np.zeros((low - at, self._channels), np.float32)
                yield np.ascontiguousarray(samples[:, low - first : high - first].T)
                at = high
            if at >= self._end:
                return
