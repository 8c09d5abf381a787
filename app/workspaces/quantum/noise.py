"""Estimator, shots and device noise as sliders: the accuracy of the trained model follows."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QScrollArea, QSlider, QVBoxLayout, QWidget

from app.runs.records import Record
from app.widgets.panels import Panel
from app.widgets.theme import Theme

SHOTS = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
ESTIMATORS = (
    ("inversion", "Inversion test (m qubits)"),
    ("destructive", "Destructive SWAP test (2m qubits)"),
    ("ancilla", "Ancilla SWAP test (2m + 1 qubits)"),
)
DEVICES = (
    ("", "Ideal: shot noise only"),
    ("fake_manila", "fake_manila, 5 qubits"),
    ("fake_lima", "fake_lima, 5 qubits"),
    ("fake_quito", "fake_quito, 5 qubits"),
    ("fake_jakarta", "fake_jakarta, 7 qubits"),
)
SETTLE_MS = 250


class NoisePanel(Panel):
    """Asks a `quantum.probe` session for the accuracy under the chosen noise and says what came back."""

    command_requested = Signal(dict)

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(title, theme, empty="Select a finished training run to see what noise costs.", parent=parent)
        self._estimator = QComboBox()
        for key, text in ESTIMATORS:
            self._estimator.addItem(text, key)
        self._device = QComboBox()
        for key, text in DEVICES:
            self._device.addItem(text, key)
        self._shots = QSlider(Qt.Orientation.Horizontal)
        self._shots.setRange(0, len(SHOTS) - 1)
        self._shots.setValue(3)
        self._shots.setTickPosition(QSlider.TickPosition.TicksBelow)
        self._shots_label = QLabel()
        self._answer = QLabel("Move a slider: the trained model is read again through that noise.")
        self._answer.setWordWrap(True)
        self._answer.setTextFormat(Qt.TextFormat.PlainText)
        for widget, name in (
            (self._estimator, "Estimator"),
            (self._device, "Device noise"),
            (self._shots, "Shots per circuit"),
        ):
            widget.setAccessibleName(name)
        form = QFormLayout()
        form.setVerticalSpacing(theme.space("field"))
        for box in (self._estimator, self._device):
            box.setMinimumHeight(theme.height())
        form.addRow("Estimator", self._estimator)
        form.addRow("Device noise", self._device)
        form.addRow("Shots", self._shots)
        form.addRow("", self._shots_label)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(*[theme.space("pane")] * 4)
        layout.addLayout(form)
        layout.addWidget(self._answer)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self.set_body(scroll)

        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._send)
        self._estimator.currentIndexChanged.connect(self._changed)
        self._device.currentIndexChanged.connect(self._changed)
        self._shots.valueChanged.connect(self._changed)
        self._show_shots()

    def wants(self, kind: str, name: str) -> bool:
        """Besides the probe's answers, the model of the shown run: from then on there is something to ask."""
        return (kind, name) in {("text", "probe/estimate"), ("artifact", "model")}

    def record_added(self, record: Record, folder: Path) -> None:
        self.set_filled(True)
        if record.kind == "text":
            self._answer.setText(record.data["text"])

    @Slot()
    def _changed(self) -> None:
        self._show_shots()
        self._timer.start()

    def _show_shots(self) -> None:
        shots = SHOTS[self._shots.value()]
        self._shots_label.setText(f"{shots:,} per circuit, sd of one estimate ≤ {shots**-0.5:.3f}")

    @Slot()
    def _send(self) -> None:
        self._answer.setText("Reading the model again …")
        self.command_requested.emit(
            {
                "name": "evaluate",
                "estimator": self._estimator.currentData(),
                "device": self._device.currentData(),
                "shots": SHOTS[self._shots.value()],
            }
        )
