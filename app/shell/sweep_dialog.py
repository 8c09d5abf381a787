"""Many runs at once: values of any settings, times seeds; says how many before any is queued."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.core import AssayError, form_fields
from app.engines import find_task
from app.runs.sweep import check, expand, parse_over, parse_seeds
from app.widgets.labels import Label
from app.widgets.theme import Theme

MOST_FIELDS = 3


class SweepDialog(QDialog):
    """`accepted_configs` carries the checked settings of every run."""

    accepted_configs = Signal(str, object)

    def __init__(self, task: str, values: Mapping[str, Any], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sweep")
        self.setMinimumWidth(560)
        self._task = find_task(task)
        self._values = dict(values)
        self._configs: list[dict[str, Any]] = []
        form = QFormLayout()
        self._rows: list[tuple[QComboBox, QLineEdit]] = []
        for number in range(MOST_FIELDS):
            field = QComboBox()
            field.addItem("–", "")
            for known in form_fields(self._task.config):
                field.addItem(known.title, known.name)
            field.setAccessibleName(f"Setting {number + 1}")
            field.currentIndexChanged.connect(self._recount)
            line = QLineEdit()
            line.setPlaceholderText("Values, separated by commas")
            line.setAccessibleName(f"Values of setting {number + 1}")
            line.textChanged.connect(self._recount)
            self._rows.append((field, line))
            form.addRow(field, line)
        self._seeds = QLineEdit("0-2" if "seed" in self._task.config.model_fields else "")
        self._seeds.setPlaceholderText("0-4 or 0,3,7; empty for the seed of the form")
        self._seeds.setAccessibleName("Seeds")
        self._seeds.textChanged.connect(self._recount)
        form.addRow("Seeds", self._seeds)
        self._words = Label("", theme, "body", wrap=True)
        self._queue = QPushButton("Queue")
        self._queue.setProperty("primary", True)
        self._queue.clicked.connect(self._accept)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self._queue)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("wide")] * 4)
        layout.setSpacing(theme.space("pane"))
        layout.addWidget(Label(f"{self._task.title}: every combination becomes a run", theme, "heading"))
        layout.addLayout(form)
        layout.addWidget(self._words)
        layout.addLayout(buttons)
        self._recount()

    @Slot()
    def _recount(self) -> None:
        try:
            over = {}
            for field, line in self._rows:
                if field.currentData() and line.text().strip():
                    name, choices = parse_over(self._task, f"{field.currentData()}={line.text()}")
                    over[name] = choices
            seeds = parse_seeds(self._seeds.text()) if self._seeds.text().strip() else []
            self._configs = check(self._task, expand(self._values, over, seeds))
        except AssayError as error:
            self._configs = []
            self._words.setText(str(error))
            self._words.set_token("danger")
            self._queue.setEnabled(False)
            return
        count = len(self._configs)
        self._words.setText(f"{count} run{'s' * (count != 1)}. They are queued and run one after the other.")
        self._words.set_token("text")
        self._queue.setText(f"Queue {count} run{'s' * (count != 1)}")
        self._queue.setEnabled(count > 0)

    @Slot()
    def _accept(self) -> None:
        self.accepted_configs.emit(self._task.name, self._configs)
        self.accept()
