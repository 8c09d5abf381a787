"""What a model makes of noise, beside what it makes of the same noise under a suspected shift, by sampler and search."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, Signal, Slot
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.engines.diffusion.showing import FEATURE_COLUMNS, PICTURES_PER_SEED, shift_words
from app.runs.evidence import confined, read_json
from app.runs.figures import number
from app.runs.records import Record
from app.widgets.images import LARGEST_PICTURE
from app.widgets.labels import Label
from app.widgets.panels import Panel
from app.widgets.picture_table import Cell, PictureTableView
from app.widgets.theme import Theme, load_theme
from app.widgets.thumbnails import read_image

CLEAN, TRIGGERED, TELLING = "images/clean/", "images/triggered/", "evidence/triggered/"
NAMES = ("noise alone", "noise + shift")


@dataclass(frozen=True)
class Sheet:
    """One sheet of pictures; `group` is the same for all sheets of a seed."""

    path: Path
    sampler: str
    caption: str
    group: int
    seq: int

    @property
    def key(self) -> str:
        return f"{self.sampler}: {self.caption}"


class PicturesPanel(Panel):
    """Follows the newest pictures, then the most telling ones, until the user picks a sampler or a search."""

    sheet_chosen = Signal(str)

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        words = "What the model makes of noise, and of the same noise under the suspected shift."
        super().__init__(title, theme, empty=words, parent=parent)
        self._clean: list[Sheet] = []
        self._shifted: list[Sheet] = []
        self._telling: list[tuple[int, str]] = []
        self._features: dict[str, str] = {}
        self._picked = False
        self._samplers, self._searches = QComboBox(), QComboBox()
        for box, name in ((self._samplers, "Sampler"), (self._searches, "Seed and search")):
            box.setAccessibleName(name)
            box.setToolTip(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(10)
        self._samplers.activated.connect(self._sampler_picked)
        self._searches.activated.connect(self._search_picked)
        self._view = PictureTableView(theme)
        self._view.setAccessibleName(title)
        self._words = Label("", theme, "caption", "text-2", wrap=True)
        head = QHBoxLayout()
        head.setContentsMargins(theme.space("pane"), 0, theme.space("pane"), theme.space("tight"))
        head.setSpacing(theme.space("field"))
        head.addWidget(self._samplers, 2)
        head.addWidget(self._searches, 3)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, theme.space("tight"))
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._view, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.space("pane"), 2, theme.space("pane"), 0)
        foot.addWidget(self._words)
        layout.addLayout(foot)
        self.set_body(body)

    def wants(self, kind: str, name: str) -> bool:
        if kind == "image":
            return name.startswith((CLEAN, TRIGGERED, TELLING))
        return (kind, name) == ("table", "features")

    def record_added(self, record: Record, folder: Path) -> None:
        if record.kind == "table":
            self._take_features(record, folder)
        elif record.name.startswith(TELLING):
            self._telling.append((record.seq, str(record.data.get("caption"))))
        else:
            self._take_sheet(record, folder)
        self._show()

    def rewind(self, seq: int, run: str = "") -> None:
        self._clean = [sheet for sheet in self._clean if sheet.seq <= seq]
        self._shifted = [sheet for sheet in self._shifted if sheet.seq <= seq]
        self._telling = [each for each in self._telling if each[0] <= seq]
        self._show()

    def clear(self) -> None:
        self._clean, self._shifted, self._telling, self._features = [], [], [], {}
        self._picked = False
        self._show()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        if hasattr(self, "_words"):
            self._view.set_theme(theme)
            self._words.set_theme(theme)

    def paint_picture(self, painter: QPainter, room: QRectF) -> None:
        self._view.paint(painter, room, load_theme("light"))

    def choose(self, key: str) -> None:
        """Show the pictures of “sampler: seed, search”; a key that is not there changes nothing."""
        sheet = next((sheet for sheet in self._shifted if sheet.key == key), None)
        if sheet is not None:
            self._picked = True
            self._fill(sheet)
            self._draw(sheet)

    def choices(self) -> list[str]:
        """Everything that can be chosen."""
        return [sheet.key for sheet in self._shifted]

    @property
    def chosen(self) -> str:
        """What `choose` takes; empty while there is nothing to show."""
        return f"{self._samplers.currentText()}: {self._searches.currentText()}" if self._shifted else ""

    def _take_sheet(self, record: Record, folder: Path) -> None:
        path = confined(folder, record.data.get("file"), LARGEST_PICTURE)
        if path is None:
            return
        which, sheets = (CLEAN, self._clean) if record.name.startswith(CLEAN) else (TRIGGERED, self._shifted)
        caption = str(record.data.get("caption") or "")
        sampler = record.name.removeprefix(which)
        sheets.append(Sheet(path, sampler, caption, (record.step or 0) // PICTURES_PER_SEED, record.seq))

    def _take_features(self, record: Record, folder: Path) -> None:
        content: Any = record.data if "rows" in record.data else read_json(folder, str(record.data.get("file", "")))
        rows = content.get("rows") if isinstance(content, dict) else None
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, list) and len(row) == len(FEATURE_COLUMNS):
                seed, search, sampler, uniformity, ratio, variation, _, share, saturated = row
                words = [
                    f"uniformity {number(uniformity)}" if uniformity is not None else "",
                    f"{number(ratio)} × that of noise alone" if ratio is not None else "",
                    f"variation per pixel {number(variation)}" if variation is not None else "",
                    f"one picture {100 * share:.0f} %" if share is not None else "",
                    f"black or white {100 * saturated:.0f} %" if saturated is not None else "",
                ]
                label = seed if isinstance(seed, str) else f"seed {seed}"
                self._features[f"{sampler}: {shift_words(label, search)}"] = ", ".join(filter(None, words))

    def _show(self) -> None:
        self.set_filled(bool(self._clean or self._shifted))
        if not self._shifted:
            self._samplers.clear()
            self._searches.clear()
            if self._clean:
                newest = self._clean[-1]
                self._cells(newest, None)
            return
        keys = {sheet.key: sheet for sheet in self._shifted}
        sheet = keys.get(self.chosen) if self._picked else None
        if sheet is None:
            telling = self._telling[-1] if self._telling else (0, "")
            newest = self._shifted[-1]
            sheet = newest if newest.seq > telling[0] else keys.get(telling[1], newest)
        self._fill(sheet)
        self._draw(sheet)

    def _fill(self, sheet: Sheet) -> None:
        """Offer every sampler, and the searches that were looked at with the one shown."""
        searches = [each.caption for each in self._shifted if each.sampler == sheet.sampler]
        for box, words, current in (
            (self._samplers, [each.sampler for each in self._shifted], sheet.sampler),
            (self._searches, searches, sheet.caption),
        ):
            wanted = list(dict.fromkeys(words))
            if [box.itemText(k) for k in range(box.count())] != wanted:
                box.clear()
                box.addItems(wanted)
            box.setCurrentText(current)

    def _draw(self, sheet: Sheet) -> None:
        same = [each for each in self._clean if (each.sampler, each.group) == (sheet.sampler, sheet.group)]
        self._cells(same[-1] if same else None, sheet)
        self.sheet_chosen.emit(sheet.key)

    def _cells(self, clean: Sheet | None, shifted: Sheet | None) -> None:
        cells = {
            (0, column): Cell(read_image(sheet.path) if sheet else QImage(), "")
            for column, sheet in enumerate((clean, shifted))
            if sheet is not None
        }
        self._view.show_cells([""], list(NAMES), cells)
        self._words.setText(self._features.get(shifted.key, "") if shifted else "")

    @Slot()
    def _sampler_picked(self) -> None:
        """The same search under the other sampler, or where it was not looked at the newest one."""
        sampler, search = self._samplers.currentText(), self._searches.currentText()
        here = [sheet for sheet in self._shifted if sheet.sampler == sampler]
        if here:
            self.choose(next((sheet for sheet in here if sheet.caption == search), here[-1]).key)

    @Slot()
    def _search_picked(self) -> None:
        self.choose(self.chosen)
