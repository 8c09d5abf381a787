"""The comparison shows every curve that there is, and what others published."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.core import Figure
from app.shell.comparison_report import ComparisonReport
from app.shell.main_window import MainWindow
from app.shell.published import published_columns
from app.widgets.declare import Plot, Reference
from app.workspaces.declare import Page
from tests.shell.conftest import Open, until
from tests.shell.fake_tasks import FAKE

SOURCE = "A paper, https://example.org/paper, table 2"


def printed(_task: str, _config: Any) -> dict[str, tuple[Reference, ...]]:
    return {"steps": (Reference(44.0, "Their method", SOURCE),), "nothing of ours": (Reference(1.0, "x"),)}


def compared(window: MainWindow) -> list[str]:
    runs = [window.laboratory.submit("fake.chatty", {"steps": steps}, f"{steps} steps") for steps in (30, 50)]
    for run in runs:
        until(lambda run=run: window.laboratory.store.summary(run).state == "done")
    window.commands.compare(runs)
    return runs


def test_every_plot_of_the_workspace_that_has_curves_is_shown(open_window: Open) -> None:
    more = Page("More", tuple((Plot(f"Value {k}", ("value",)), Plot(f"Never {k}", ("never",))) for k in range(4)))
    window = open_window({"fake": replace(FAKE, pages=(*FAKE.pages, more))})
    compared(window)
    view = window.commands.comparison
    assert view is not None
    until(lambda: len([panel for panel in view._plots if panel.filled and panel.isVisible()]) == 6)
    assert not any(panel.title.startswith("Never") for panel in view._plots)


def test_published_figures_are_a_column_with_their_source(open_window: Open) -> None:
    window = open_window({"fake": replace(FAKE, references=printed)})
    window.laboratory.references = lambda run: printed("", {})  # type: ignore[method-assign]
    runs = compared(window)
    view = window.commands.comparison
    assert view is not None
    titles = [view.figures.source.headerData(k, _horizontal()) for k in range(view.figures.source.columnCount())]
    assert "published: Their method" in titles
    assert SOURCE in view._note.text()
    report: Path = ComparisonReport(window.laboratory, runs, "")()
    text = report.read_text(encoding="utf-8")
    assert "Their method" in text and "https://example.org/paper" in text


def test_what_is_published_under_a_metric_stands_beside_the_figure_of_that_name() -> None:
    columns = published_columns(
        {"accuracy/test": (Reference(0.9, "Theirs", SOURCE),)}, [Figure(name="accuracy", value=1)], None
    )
    assert columns[0].figures[0].name == "accuracy" and columns[0].source.link == "https://example.org/paper"


def _horizontal() -> Any:
    from PySide6.QtCore import Qt

    return Qt.Orientation.Horizontal
