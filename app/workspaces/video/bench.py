"""Cut the video again at each change of mind, in a thread of its own; the newest wish wins."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.core import AssayError
from app.engines.video.chance import Chance
from app.engines.video.cutting import Choices, Cut, Cutter
from app.engines.video.standing import rated_standing, reward_standing
from app.workspaces.video.footage import Footage

MOST_UNDONE = 200
LOOK_MS = 5


class Bench(QObject):
    """Choices with undo, and the cut that follows from them."""

    solved = Signal(object)
    """The Cut for the newest choices."""
    stood = Signal(str, object)
    """What was compared with random selections, and the Chance."""
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.choices = Choices()
        self.cut: Cut | None = None
        self._footage: Footage | None = None
        self._cutter: Cutter | None = None
        self._undo: list[Choices] = []
        self._redo: list[Choices] = []
        self._pool = ThreadPoolExecutor(1, "cutting")
        # A comparison of an hour takes a second, and the next click must not wait for it.
        self._aside = ThreadPoolExecutor(1, "comparing")
        self._solving: Future[Cut | AssayError] | None = None
        self._comparing: Future[tuple[str, Chance]] | None = None
        # The thread knows no QObject: one that is deleted while a thread emits its signal ends the program.
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._collect)

    def begin(self, footage: Footage, choices: Choices) -> None:
        """Work on this video; earlier choices are forgotten."""
        self._footage, self._cutter = footage, Cutter(footage.film())
        self._undo.clear()
        self._redo.clear()
        self.choices = choices
        self._solve()

    def forget(self) -> None:
        self._drop_wishes()
        self._footage = self._cutter = self.cut = None

    def close(self) -> None:
        """Nothing is solved any more."""
        self.forget()
        for pool in (self._pool, self._aside):
            pool.shutdown(wait=False, cancel_futures=True)

    def change(self, *, merge: bool = False, **values: Any) -> None:
        """Change some choices; `merge` makes a moving slider one step of undo."""
        changed = replace(self.choices, **values)
        if changed == self.choices or self._cutter is None:
            return
        if not merge or not self._undo:
            self._undo = [*self._undo[-MOST_UNDONE:], self.choices]
        self._redo.clear()
        self.choices = changed
        self._solve()

    def pin(self, shot: int, wish: str) -> None:
        """Shot number `shot` (from 0) must stay (“keep”), must go (“drop”), or is free (“free”)."""
        keep = {*self.choices.keep} - {shot} | ({shot} if wish == "keep" else set())
        drop = {*self.choices.drop} - {shot} | ({shot} if wish == "drop" else set())
        self.change(keep=tuple(sorted(keep)), drop=tuple(sorted(drop)))

    def recut(self, **values: Any) -> None:
        """Change how shots are found; pins belong to shots and go with them."""
        self.change(merge=True, keep=(), drop=(), **values)

    @Slot()
    def undo(self) -> None:
        if self._undo:
            self._redo.append(self.choices)
            self.choices = self._undo.pop()
            self._solve()

    @Slot()
    def redo(self) -> None:
        if self._redo:
            self._undo.append(self.choices)
            self.choices = self._redo.pop()
            self._solve()

    def _solve(self) -> None:
        if self._cutter is None:
            return
        self._drop_wishes()
        self._solving = self._pool.submit(_solved, self._cutter, self.choices)
        self._look.start()

    def _drop_wishes(self) -> None:
        """What is not begun is not done, and what is being done is not listened to."""
        for wish in (self._solving, self._comparing):
            if wish is not None:
                wish.cancel()
        self._solving = self._comparing = None
        self._look.stop()

    @Slot()
    def _collect(self) -> None:
        if self._solving is not None and self._solving.done():
            answer, self._solving = self._solving.result(), None
            self._take(answer)
        elif self._comparing is not None and self._comparing.done():
            (measure, chance), self._comparing = self._comparing.result(), None
            self.stood.emit(measure, chance)
        if self._solving is None and self._comparing is None:
            self._look.stop()

    def _take(self, answer: Cut | AssayError) -> None:
        if isinstance(answer, AssayError):
            self.failed.emit(answer)
            return
        assert self._footage is not None
        self.cut = answer
        self._comparing = self._aside.submit(_compared, self._footage, answer)
        self.solved.emit(answer)


def _solved(cutter: Cutter, choices: Choices) -> Cut | AssayError:
    try:
        return cutter.cut(choices)
    except AssayError as error:
        return error


def _compared(footage: Footage, cut: Cut) -> tuple[str, Chance]:
    """Better than chance? By what people said where they said something, else by the reward that needs nobody."""
    random = np.random.default_rng(0)
    if len(footage.raters):
        chance = rated_standing(cut, footage.raters, footage.picks, len(footage.times), random)
        return f"F1 with {footage.people}", chance
    chance = reward_standing(cut, footage.features, footage.picks, len(footage.times), random)
    return "diversity and representativeness", chance
