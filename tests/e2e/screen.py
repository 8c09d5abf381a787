"""A real X server of our own, a window manager where there is one, and hands: mouse, keys, drags, pictures."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageGrab

SIZE = (1600, 1000)
CARET = 80
"""Pixels that a blinking caret may change."""
DRAG_SOURCE = """
import sys
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication, QLabel
class Source(QLabel):
    def mousePressEvent(self, event):
        # Both are kept: the target fetches the data after exec() has returned.
        self.mime = QMimeData()
        self.mime.setUrls([QUrl.fromLocalFile(path) for path in sys.argv[1:]])
        self.drag = QDrag(self)
        self.drag.setMimeData(self.mime)
        print("dropped", self.drag.exec(Qt.DropAction.CopyAction).name, flush=True)
        self.hide()
app = QApplication(sys.argv[:1])
app.setQuitOnLastWindowClosed(False)
source = Source("drag me")
source.setWindowTitle("drag source")
source.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
source.resize(160, 60)
source.move(20, 20)
source.show()
app.exec()
"""


class Hands:
    """Mouse, keys and eyes on the screen that `environment` names; what they start ends with them."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self._started: list[subprocess.Popen[Any]] = []
        self._shots = 0

    def start(self, command: list[str], **options: Any) -> subprocess.Popen[Any]:
        options.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(command, env=self.environment, **options)
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what was started here, the newest first."""
        for process in reversed(self._started):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
            if process.stdout is not None:
                process.stdout.close()

    def do(self, *words: object) -> str:
        """One xdotool command; its output."""
        command = ["xdotool", *map(str, words)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.strip()

    def find(self, title: str, limit: float = 60.0) -> str:
        """The newest visible window whose title fits."""

        def look() -> str:
            command = ["xdotool", "search", "--onlyvisible", "--name", title]
            found = subprocess.run(
                command, env=self.environment, capture_output=True, text=True, timeout=20, check=False
            )
            return (found.stdout.split() or [""])[-1]

        return str(wait_for(look, limit, f"no window “{title}”"))

    def place(self, window: str, x: int, y: int, width: int, height: int) -> None:
        self.do("windowsize", "--sync", window, width, height)
        self.do("windowmove", window, x, y)
        self.do("windowfocus", window)

    def keys(self, *combinations: str) -> None:
        for combination in combinations:
            self.do("key", "--clearmodifiers", combination)

    def click(self, x: int, y: int, button: int = 1, *modifiers: str) -> None:
        self.do("mousemove", x, y)
        for key in modifiers:
            self.do("keydown", key)
        self.do("click", button)
        for key in modifiers:
            self.do("keyup", key)

    def drag(self, paths: list[Path], x: int, y: int) -> str:
        """Drag files out of another program onto a point of the screen; the action it was told."""
        command = [sys.executable, "-c", DRAG_SOURCE, *map(str, paths)]
        source = self.start(command, stdout=subprocess.PIPE, text=True)
        window = self.find("drag source")
        self.do("windowraise", window)
        here = dict(line.split("=") for line in self.do("getwindowgeometry", "--shell", window).splitlines())
        left, top = int(here["X"]) + 40, int(here["Y"]) + 30
        self.do("mousemove", left, top, "sleep", "0.3", "mousedown", 1, "sleep", "0.3")
        for step in range(1, 7):
            self.do("mousemove", left + (x - left) * step // 6, top + (y - top) * step // 6, "sleep", "0.2")
        self.do("mousemove", x + 3, y + 3, "sleep", "0.3", "mouseup", 1)
        assert source.stdout is not None
        return source.stdout.readline().strip()  # it lives on: the target fetches the files' names only now

    def shoot(self, name: str) -> Image.Image:
        """A picture of the whole screen, kept as a PNG with a running number."""
        picture = ImageGrab.grab(xdisplay=self.environment["DISPLAY"])
        self._shots += 1
        picture.save(self.folder / f"{self._shots:02d}-{name}.png")
        return picture

    def count(self, colour: tuple[int, int, int]) -> int:
        """How many pixels of the screen have exactly this colour."""
        pixels = np.asarray(ImageGrab.grab(xdisplay=self.environment["DISPLAY"]).convert("RGB"))
        return int((pixels == np.array(colour, np.uint8)).all(axis=2).sum())

    def settle(self, limit: float = 60.0) -> None:
        """Wait until nothing but a caret moves above the status bar."""
        region = (0, 0, SIZE[0], SIZE[1] - 70)

        def look() -> bool:
            pictures = []
            for _ in range(2):
                picture = ImageGrab.grab(bbox=region, xdisplay=self.environment["DISPLAY"])
                pictures.append(np.asarray(picture.convert("RGB")))
                time.sleep(0.5)
            return int((pictures[0] != pictures[1]).any(axis=2).sum()) <= CARET

        wait_for(look, limit, "the window does not come to rest")

    def find_patch(
        self, colour: tuple[int, int, int], least: tuple[int, int] = (40, 18), limit: float = 90.0
    ) -> tuple[int, int]:
        """Centre of the topmost rectangle of one colour, such as the button of a page: what an eye would look for."""

        def look() -> tuple[int, int] | None:
            pixels = np.asarray(ImageGrab.grab(xdisplay=self.environment["DISPLAY"]).convert("RGB"))
            hit = (pixels == np.array(colour, np.uint8)).all(axis=2)
            for y in range(0, hit.shape[0] - least[1], 2):
                starts = np.flatnonzero(np.diff(hit[y].astype(np.int8), prepend=0) == 1)
                for x in starts:
                    end = x + int(np.argmin(hit[y, x:])) if not hit[y, x:].all() else hit.shape[1]
                    tall = hit[y : y + least[1], x : x + 4].any(axis=1).all()
                    centre = _grow(hit, int(x), y, least) if end - x >= 8 and tall else None
                    if centre is not None:
                        return centre
            return None

        found: tuple[int, int] = wait_for(look, limit, f"nothing of colour {colour}")
        return found


class Screen(Hands):
    """An Xvfb on a free display number; everything started on it ends with it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp"]
        server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        assert number, "Xvfb did not start"
        super().__init__(folder, {**environment, "DISPLAY": f":{number}"})
        self.environment.pop("QT_QPA_PLATFORM", None)
        self._started.append(server)
        if shutil.which("openbox"):
            self.start(["openbox"])


def walk_alone(walk: Path, shots: Path) -> None:
    """Run the tests of `walk` on a screen of their own: Qt takes its platform once per process."""
    shots = Path(os.environ.get("ASSAY_SHOTS", shots))
    shots.mkdir(parents=True, exist_ok=True)
    screen = Screen(shots, dict(os.environ))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", str(walk), "-q", "-n", "0"],
            env={**screen.environment, "QT_QPA_PLATFORM": "xcb", "ASSAY_SHOTS": str(shots)},
            cwd=walk.parents[2],
            capture_output=True,
            text=True,
            timeout=540,
            check=False,
        )
    finally:
        screen.shoot("end")
        screen.close()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def _grow(hit: Any, x: int, y: int, least: tuple[int, int]) -> tuple[int, int] | None:
    """The centre of the patch that begins at (x, y), if it is large enough."""
    rows = hit[y:, x : x + 4].any(axis=1)
    height = int(np.argmin(rows)) if not rows.all() else len(rows)
    columns = hit[y : y + height, x:].any(axis=0)
    width = int(np.argmin(columns)) if not columns.all() else len(columns)
    return (x + width // 2, y + height // 2) if width >= least[0] and height >= least[1] else None


def wait_for(condition: Callable[[], Any], limit: float, words: str) -> Any:
    """Poll a condition of another process until it holds."""
    end = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < end, words
        time.sleep(0.1)
    return value
