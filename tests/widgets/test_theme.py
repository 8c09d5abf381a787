from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from app.widgets.icons import GLYPHS, icon
from app.widgets.stylesheet import ICONS
from app.widgets.theme import ThemeKeeper, load_theme

TEXTS = ["text", "text-2", "accent", "success", "warning", "danger"]
GROUNDS = ["window", "surface", "canvas", "sunken"]


def contrast(one, other) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(color) -> float:
        parts = (color.redF(), color.greenF(), color.blueF())
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_text_can_be_read_on_every_ground(look, qapp):
    theme = load_theme(look)
    for text in TEXTS:
        for ground in GROUNDS:
            assert contrast(theme.color(text), theme.color(ground)) >= 4.4, (text, ground)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_outlines_and_series_can_be_seen(look, qapp):
    theme = load_theme(look)
    assert contrast(theme.color("control"), theme.color("surface")) >= 3.0
    for k in range(8):
        assert contrast(theme.series(k), theme.color("canvas")) >= 2.99, k


def test_inter_comes_first_and_sizes_follow_the_system(theme, qapp):
    assert qapp.font().families()[0] == "Inter"
    assert theme.font("title").pointSizeF() == pytest.approx(1.6 * theme.font("body").pointSizeF())


def test_applying_twice_keeps_the_size(theme, qapp):
    before = theme.font("body").pointSizeF()
    theme.apply(qapp)
    theme.apply(qapp)
    assert theme.font("body").pointSizeF() == before


def test_a_new_look_reaches_every_living_widget(qapp, theme, qtbot):
    class Told(QWidget):
        look = ""

        def set_theme(self, theme):
            self.look = theme.name

    widget = Told()
    qtbot.addWidget(widget)
    keeper = ThemeKeeper(qapp, "light")
    with qtbot.waitSignal(keeper.changed):
        keeper.set_mode("dark")
    assert widget.look == "dark"
    keeper.set_mode("light")
    assert widget.look == "light"


def test_every_meaning_has_an_icon(theme):
    for meaning in GLYPHS:
        assert not icon(meaning, theme).isNull(), meaning


def test_the_style_sheet_names_only_pictures_that_exist(qapp):
    import re

    for name in re.findall(r'url\("([^"]+)"\)', qapp.styleSheet()):
        assert Path(name).is_file(), name
    assert ICONS.is_dir()
