"""How a run gets on: its stages with ticks, a thin bar, rate, time left and device."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.runs.figures import duration_text
from app.runs.states import OVER, WAITING, RunState
from app.widgets.eta import Eta
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme

SWEEP = 2.4
"""Seconds of one pass of the indeterminate bar."""
FRAME = 50
SWEEP_SHARE = 0.25


class ThinBar(QWidget):
    """Two pixels: filled to the share done, or a part that travels while nothing is known."""

    def __init__(self, theme: Theme, height: int = 2, still: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._share: float | None = 0.0
        self._phase = 0.0
        self._still = still
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self._move)
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float | None) -> None:
        """Share done in [0, 1]; None when it is not known."""
        self._share = None if share is None else min(max(share, 0.0), 1.0)
        self.setAccessibleName("Progress unknown" if share is None else f"Progress {100 * share:.0f} %")
        self._run()
        self.update()

    def set_still(self, still: bool) -> None:
        """Reduced motion: an unknown share is shown as a bar at rest."""
        self._still = still
        self._run()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("border"))
        width = float(self.width())
        if self._share is None:
            left = 0.0 if self._still else (self._phase * (1 + SWEEP_SHARE) - SWEEP_SHARE) * width
            bar = QRectF(left, 0, SWEEP_SHARE * width, self.height())
        else:
            bar = QRectF(0, 0, self._share * width, self.height())
        painter.fillRect(bar, self._theme.color("accent"))
        painter.end()

    def _run(self) -> None:
        if self._share is None and not self._still and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    @Slot()
    def _move(self) -> None:
        self._phase = (self._phase + FRAME / 1000 / SWEEP) % 1.0
        self.update()


class StageTicks(QWidget):
    """The stages of a run in a row: ticked, current in bold, to come in grey."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._stages: list[str] = []
        self._current = ""
        self._over = False
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_theme(theme)

    def set_stages(self, stages: Sequence[str], current: str = "", over: bool = False) -> None:
        """`over`: the last stage ended as well."""
        self._stages, self._current, self._over = list(stages), current, over
        if current and current not in self._stages:
            self._stages.append(current)
        self.setAccessibleName(f"Stages: {', '.join(f'{name} {self._state(name)}' for name in self._stages)}")
        self.updateGeometry()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setFont(theme.font("caption"))
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(sum(metrics.horizontalAdvance(f"✓ {name}") + 18 for name in self._stages), metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        x = 0
        for name in self._stages:
            state = self._state(name)
            font = self._theme.font("caption")
            font.setBold(state == "current")
            painter.setFont(font)
            painter.setPen(self._theme.color({"done": "success", "current": "text", "to come": "disabled"}[state]))
            words = {"done": f"✓ {name}", "current": f"▸ {name}", "to come": f"· {name}"}[state]
            width = painter.fontMetrics().horizontalAdvance(words)
            if x + width > self.width():
                painter.drawText(QRectF(x, 0, 20, self.height()), Qt.AlignmentFlag.AlignVCenter, "…")
                break
            painter.drawText(QRectF(x, 0, width + 4, self.height()), Qt.AlignmentFlag.AlignVCenter, words)
            x += width + 14
        painter.end()

    def _state(self, name: str) -> str:
        if self._over:
            return "done"
        if name == self._current:
            return "current"
        known = self._current in self._stages
        return "done" if known and self._stages.index(name) < self._stages.index(self._current) else "to come"


class RunBar(QWidget):
    """Everything about progress in two lines and a thin bar; `tick` once a second keeps it alive."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._eta = Eta()
        self._stages: list[str] = []
        self._state: RunState | None = None
        self._stage, self._unit = "", "step"
        self._done = self._total = 0
        self._began: float | None = None
        self.ticks = StageTicks(theme)
        self.bar = ThinBar(theme)
        self._words = ElidedLabel("", theme, "caption", "text")
        self._device = Label("", theme, "caption", "text-2")
        top = QHBoxLayout()
        top.setSpacing(theme.space("pane"))
        top.addWidget(self.ticks, 1)
        top.addWidget(self._device)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space("tight"))
        layout.addLayout(top)
        layout.addWidget(self.bar)
        layout.addWidget(self._words)

    def set_idle(self) -> None:
        """No run is going on."""
        self._state = None
        self._stages = []
        self._eta = Eta()
        self.ticks.set_stages([])
        self.bar.set_share(0.0)
        self._words.setText("")

    def set_stages(self, names: Sequence[str]) -> None:
        """The stages that are known to come."""
        self._stages = list(names)
        self.ticks.set_stages(self._stages, self._stage)

    def set_progress(
        self, now: float, state: RunState, stage: str = "", done: int = 0, total: int = 0, unit: str = "step"
    ) -> None:
        """Where the run is at second `now` of any steady clock. A run that is over stays in its last stage."""
        if not stage and state in OVER:
            stage = self._stage
        if stage != self._stage or self._began is None or state != self._state:
            self._began = now
        self._state, self._stage, self._unit = state, stage, unit
        self._done, self._total = done, total
        if stage and stage not in self._stages:
            self._stages.append(stage)
        self.ticks.set_stages(self._stages, stage, over=state == "done")
        if state == "running" and total > 0:
            self._eta.update(now, stage, done, total)
        known = total > 0 or state in OVER | WAITING
        self.bar.set_share((1.0 if state == "done" else done / total if total else 0.0) if known else None)
        self.tick(now)

    def pause(self, now: float) -> None:
        """The clock of the estimate stops, as for a checkpoint or sleep; `proceed` lets it go on."""
        self._eta.pause(now)

    def proceed(self, now: float) -> None:
        self._eta.proceed(now)

    def set_device(self, words: str) -> None:
        """Device and memory, such as “cpu · peak 1.2 of 16 GB”."""
        self._device.setText(words)

    def tick(self, now: float) -> None:
        """Bring the words up to date."""
        self._words.setText(" · ".join(filter(None, self._parts(now))))

    @property
    def words(self) -> str:
        """The line under the bar."""
        return self._words.text()

    def set_theme(self, theme: Theme) -> None:
        for widget in (self.ticks, self.bar, self._words, self._device):
            widget.set_theme(theme)

    def _parts(self, now: float) -> list[str]:
        if self._state is None:
            return []
        whole_seconds = int(now - self._began) if self._began is not None else 0
        elapsed = duration_text(float(whole_seconds)) if whole_seconds else ""
        if self._state == "stopping":
            return [f"stopping… {self._stage}".strip(), elapsed]
        if self._state not in ("starting", "running"):
            return [self._state if self._state != "held" else "on hold"]
        if self._total <= 0:
            return [self._stage or self._state, f"for {elapsed}" if elapsed else ""]
        share = f"{100 * self._done / self._total:.0f} %"
        return [
            share,
            f"{self._stage} {self._done} of {self._total}".strip(),
            self._eta.rate_words(self._unit),
            self._eta.words(now),
        ]
