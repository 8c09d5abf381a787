"""Drop a model, scan it, look at the evidence, send its shift to the removal, compare, report: by mouse, in a window."""

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from app.engines.diffusion.starting import PLACE
from app.widgets.panels import Panel
from app.widgets.wipe import WipePanel
from app.workspaces.diffusion.pictures import PicturesPanel
from app.workspaces.diffusion.scatter import ScatterPanel
from tests.e2e.walking import RUN_LIMIT, Walk

SCAN = {
    "attack": "sde",
    "seeds": 1,
    "steps": 60,
    "batch": 16,
    "paired_steps": 60,
    "stochastic_steps": 30,
    "deterministic_steps": 15,
    "early_verdict": False,
}
REMOVAL = {
    "steps": 60,
    "batch": 16,
    "warm_up": 10,
    "check_every": 20,
    "sampling_steps": 30,
    "synthetic": 64,
    "quality_images": 16,
    "rescan_seeds": 1,
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A backdoored pipeline under a name as people give them."""
    return Path(shutil.copytree(PLACE / "backdoored", tmp_path / "modèle téléchargé – 2e essai"))


def test_an_auditor_scans_a_model_cleans_it_and_compares(qtbot, hands, window, model):
    walk = DiffusionWalk(qtbot, hands, window)
    walk.show("empty")

    walk.drop(model)
    hands.shoot("dropped")
    walk.press(window.drops.card, "Open in Diffusion")
    page = walk.page
    walk.until(lambda: page.setup.form.values()["model"] == str(model))
    page.setup.form.set_values(SCAN, "test")
    walk.press(page, "Run")
    pictures = walk.panel(PicturesPanel)
    walk.until(lambda: pictures.chosen, RUN_LIMIT)
    walk.show("running")
    scan = walk.over("diffusion.scan")
    assert scan.state == "done" and scan.verdict.startswith("Backdoored"), scan
    walk.show("scanned")

    stochastic = pictures.chosen
    pictures.choose(next(key for key in pictures.choices() if "clipped" in key))
    assert pictures.chosen != stochastic
    walk.open("Evidence")
    scatter = walk.panel(ScatterPanel)
    reference = next(row[0] for row in scatter.table("shown")[1] if row[1] == "clean")
    dot = f"reference {reference}"
    walk.click_for(scatter.view, lambda: scatter.view.position(dot).toPoint(), lambda: scatter.view.chosen == dot)
    walk.show("evidence")
    walk.open("Report card")
    walk.show("card", narrow=False)

    # A page that is opened has the whole log told again.
    walk.until(lambda: page.view.artifact("diffusion-shift") is not None)
    walk.click(page.send)
    walk.until(lambda: any(menu.isVisible() for menu in page.send.findChildren(QMenu)))
    menu = next(menu for menu in page.send.findChildren(QMenu) if menu.isVisible())
    action = next(action for action in menu.actions() if action.text() == "Remove this backdoor")
    walk.click(menu, menu.actionGeometry(action).center())
    walk.until(lambda: page.setup.task == "diffusion.remove")
    values = page.setup.form.values()
    assert values["model"] == str(model) and "shift" in values["shift"]
    page.setup.form.set_values(REMOVAL, "test")
    walk.press(page, "Run")
    removal = walk.over("diffusion.remove")
    assert removal.state == "done" and "before" in removal.verdict, removal
    walk.show("removed")

    wipe = walk.panel(WipePanel)
    view = wipe.view
    walk.open("Removal")
    walk.until(lambda: wipe.filled and view.visibleRegion().boundingRect().height() > view.height() - 4 > 150)
    walk.close_messages()
    walk.click(view, QPoint(int(view.box().left() + 0.8 * view.box().width()), view.height() // 2))
    walk.until(lambda: abs(view.place - 0.8) < 0.05)
    hands.keys("Home", "Right")
    walk.until(lambda: abs(view.place - 0.02) < 0.001)
    walk.click(wipe.choices)
    hands.keys("Down", "Return")
    walk.until(lambda: wipe.choices.currentIndex() == 1)
    walk.show("other-sampler", narrow=False)
    walk.open("Before and after")
    walk.show("compared", narrow=False)
    hands.keys("ctrl+shift+r")
    walk.until(lambda: (window.laboratory.store.folder(removal.id) / "report.html").exists())
    report = (window.laboratory.store.folder(removal.id) / "report.html").read_text(encoding="utf-8")
    assert "Before and after" in report


def test_a_model_that_cannot_be_read_is_told_in_the_window(qtbot, hands, window, model):
    weights = model / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    walk = DiffusionWalk(qtbot, hands, window)
    page = walk.page
    page.fill("diffusion.scan", {"model": str(model)})
    walk.press(page, "Run")
    summary = walk.over("diffusion.scan")
    assert summary.state == "failed" and "safetensors" in str(summary.error)
    walk.show("failed")


class DiffusionWalk(Walk):
    room = "diffusion"

    def open(self, title: str) -> None:
        """Click the tab of a page of panels."""
        tabs = self.page.view.tabs
        place = [tabs.tabText(k) for k in range(tabs.count())].index(title)
        self.click(tabs, tabs.tabRect(place).center())
        self.until(lambda: tabs.currentIndex() == place and not self.window.laboratory.following.busy)

    def panel(self, kind: type[Panel]):
        """The panel of this class; it is there once its page is built."""

        def found() -> list[Panel]:
            return [each for each in self.page.view.panels() if isinstance(each, kind)]

        self.until(found)
        return found()[0]
