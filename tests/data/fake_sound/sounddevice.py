"""A fake of the module `sounddevice`: a device that calls back in real time, or fails as FAKE_SOUND says."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

KIND = os.environ.get("FAKE_SOUND", "plays")


class PortAudioError(Exception):
    pass


def query_devices() -> list[dict[str, Any]]:
    return [] if KIND == "none" else [{"max_output_channels": 2}]


class OutputStream:
    latency = 0.02

    def __init__(
        self, samplerate: int, channels: int, dtype: str, blocksize: int, callback: Callable[..., None]
    ) -> None:
        if KIND == "busy":
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        if KIND == "aborts":
            os.abort()
        self._block, self._rate, self._channels, self._callback = blocksize, samplerate, channels, callback
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def abort(self) -> None:
        self._over.set()

    def close(self) -> None:
        self._over.set()
        if KIND == "unplugged":
            raise PortAudioError("Device unavailable")

    def _run(self) -> None:
        begun, calls = time.monotonic(), 0
        while not self._over.is_set():
            self._callback(np.empty((self._block, self._channels), np.float32), self._block, None, None)
            calls += 1
            if KIND == "unplugged" and calls == 4:
                return
            self._over.wait(max(0.0, begun + calls * self._block / self._rate - time.monotonic()))
