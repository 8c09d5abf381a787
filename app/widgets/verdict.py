"""The answer of a run: verdict in plain words, headline figures, what to do next, and the report."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.core import Figure, Result
from app.runs.figures import figure_text
from app.widgets.flow import FlowLayout
from app.widgets.icons import icon, pixmap
from app.widgets.labels import Label
from app.widgets.theme import Theme

TONES = {
    "good": ("good", "success", "Good"),
    "bad": ("bad", "danger", "Finding"),
    "neutral": ("neutral", "accent", "Result"),
    "unsure": ("unsure", "warning", "Not certain"),
}
"""Tone to icon, colour and word."""
HEADLINE = 4
"""Figures that are shown without asking."""


class FigureTile(QWidget):
    """One headline figure: its name above, its value with interval and n below."""

    def __init__(self, figure: Figure, theme: Theme) -> None:
        super().__init__()
        words = figure_text(figure)
        self._name = Label(figure.name, theme, "caption", "text-2")
        self._value = Label(words, theme, "strong")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, theme.space("pane"), 0)
        layout.setSpacing(0)
        layout.addWidget(self._name)
        layout.addWidget(self._value)
        if figure.note:
            layout.addWidget(Label(figure.note, theme, "caption", "text-2"))
        self.setAccessibleName(f"{figure.name}: {words}. {figure.note}")


class VerdictCard(QFrame):
    """Hidden until there is something to say; grey while the run goes on."""

    report_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon, self._token = "neutral", "accent"
        self._shown: Result | None = None
        self.setProperty("card", True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._tone = Label("", theme, "caption", "text-2")
        self._sentence = Label("", theme, "title", wrap=True)
        self._partial = Label("", theme, "caption", "warning", wrap=True)
        self._holder = QWidget()
        self._tiles = FlowLayout(self._holder, theme.space("group"))
        self._advice = Label("", theme, "body", "text-2", wrap=True)
        self._report = QPushButton("Report")
        self._report.clicked.connect(self.report_requested)
        self._more = QPushButton("")
        self._more.setCheckable(True)
        self._more.toggled.connect(self._unfold)
        words = QVBoxLayout()
        words.setSpacing(theme.space("field"))
        head = QVBoxLayout()
        head.setSpacing(0)
        head.addWidget(self._tone)
        head.addWidget(self._sentence)
        words.addLayout(head)
        for widget in (self._partial, self._holder, self._advice):
            words.addWidget(widget)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.space("group"), theme.space("pane"), theme.space("pane"), theme.space("pane"))
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(self._picture)
        layout.addLayout(words, 1)
        buttons = QVBoxLayout()
        buttons.setSpacing(theme.space("field"))
        buttons.addWidget(self._report)
        buttons.addWidget(self._more)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        self.hide()
        self.set_theme(theme)

    def show_result(self, result: Result) -> None:
        """The end of a run, whole or partial."""
        self._icon, self._token, word = TONES[result.tone]
        self._tone.setText(word)
        self._tone.set_token(self._token)
        self._sentence.setText(result.verdict)
        self._sentence.set_token("text")
        partial = "Partial: the run was stopped before its end." if result.partial else ""
        if self._shown == result:
            return
        self._shown = result
        self._fill(partial, result.figures, result.advice)
        self._report.setText("Report so far" if result.partial else "Report")
        self.setAccessibleName(f"Verdict, {word}: {result.verdict}. {partial}")

    def show_so_far(self, figures: Sequence[Figure], sentence: str) -> None:
        """What is known while the run goes on."""
        self._icon, self._token = "clock", "text-2"
        self._tone.setText("So far")
        self._tone.set_token("text-2")
        self._sentence.setText(sentence)
        self._sentence.set_token("text-2")
        self._shown = None
        self._fill("", figures, "")
        self._report.setText("Report so far")
        self.setAccessibleName(f"So far: {sentence}")

    def clear(self) -> None:
        """Nothing to say."""
        self._shown = None
        self._more.setChecked(False)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._picture.setPixmap(pixmap(self._icon, theme, self._token, 32, self.devicePixelRatioF()))
        self._report.setIcon(icon("report", theme))
        for label in (self._tone, self._sentence, self._partial, self._advice):
            label.set_theme(theme)

    def _fill(self, partial: str, figures: Sequence[Figure], advice: str) -> None:
        self._partial.setText(partial)
        self._partial.setVisible(bool(partial))
        self._advice.setText(advice)
        self._advice.setVisible(bool(advice))
        while self._tiles.count():
            item = self._tiles.takeAt(0)
            tile = item.widget() if item is not None else None
            if tile is not None:
                tile.setParent(None)
                tile.deleteLater()
        for figure in figures:
            self._tiles.addWidget(FigureTile(figure, self._theme))
        self._holder.setVisible(bool(figures))
        self._unfold()
        self.set_theme(self._theme)
        self.show()

    @Slot()
    def _unfold(self) -> None:
        """The first figures are the headline; the others come with More."""
        whole = self._more.isChecked()
        for place in range(self._tiles.count()):
            self._tiles.itemAt(place).widget().setVisible(whole or place < HEADLINE)
        hidden = self._tiles.count() - HEADLINE
        self._more.setVisible(hidden > 0)
        self._more.setText("Less" if whole else f"{hidden} more")
        self._more.setAccessibleName("Fewer figures" if whole else f"{hidden} more figures")
        self._tiles.invalidate()
        self.updateGeometry()
