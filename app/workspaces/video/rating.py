"""Rate while watching: one score from 1 to 5 for every two seconds, as TVSum's raters gave."""

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.widgets.labels import ElidedLabel
from app.widgets.theme import Theme


class RatingBar(QWidget):
    """Five buttons, and how far the rating has come."""

    given = Signal(int)
    undone = Signal()
    finished = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ElidedLabel("How much does this matter? Keys 1 (not at all) to 5 (very much)", theme, "body")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space("field"), 2, theme.space("field"), 2)
        row.setSpacing(theme.space("tight"))
        row.addWidget(self._words, 1)
        for score in range(1, 6):
            button = QPushButton(str(score))
            button.setFixedWidth(36)
            button.setAccessibleName(f"Rate {score} of 5")
            button.setProperty("score", score)
            button.clicked.connect(self._pressed)
            row.addWidget(button)
        undo, finish = QPushButton("Undo"), QPushButton("Finish")
        undo.setToolTip("Take the last rating back")
        finish.setToolTip("Keep the ratings as a file that Train takes")
        undo.clicked.connect(self.undone)
        finish.clicked.connect(self.finished)
        row.addWidget(undo)
        row.addWidget(finish)

    def give(self, score: int) -> None:
        self.given.emit(score)

    def show_ratings(self, ratings: np.ndarray) -> None:
        """(k, 3): start, end, score of what has been rated."""
        if len(ratings):
            seconds = float((ratings[:, 1] - ratings[:, 0]).sum())
            self._words.setText(f"{len(ratings)} ratings, {seconds:.0f} s; the last one is {int(ratings[-1, 2])}")

    @Slot()
    def _pressed(self) -> None:
        self.give(int(self.sender().property("score")))
