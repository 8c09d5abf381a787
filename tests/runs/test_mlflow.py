"""What MLflow's own client finds in an exported run."""

import sys
from pathlib import Path
from urllib.parse import urlparse

import pytest

from app.core import AssayError, Figure, Result
from app.runs import mlflow as exporter
from app.runs.redaction import redactor
from app.runs.store import Store
from tests.runs.made_runs import finished_run, metric

mlflow = pytest.importorskip("mlflow", reason="the extra [tracking] is not installed")
pytest.importorskip("sqlalchemy", reason="the extra [tracking] is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """One store with a done and a failed run, exported twice: making the database takes seconds."""
    patch = pytest.MonkeyPatch()
    patch.setenv("ASSAY_TASK_MODULES", "tests.cli.fake_tasks")
    folder = tmp_path_factory.mktemp("mlflow")
    store = Store(folder / "store")
    events = [
        *(metric("loss/train", step, 1 / (step + 1)) for step in range(1_500)),
        metric("loss/train", 1_500, "nan"),
    ]
    result = Result(verdict="Good, key abcd-1234", figures=(Figure(name="accuracy", value=0.9),))
    done = finished_run(store, {"steps": 50, "rate": 0.25}, events=events, result=result, name="mine")
    failed = finished_run(store, {"steps": 2}, state="failed", error={"what": "broke"})
    redact = redactor(["abcd-1234"])
    exporter.export(store, [done], folder / "out", redact)
    identifiers = exporter.export(store, [done, failed], folder / "out", redact)
    patch.undo()
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder / 'out' / 'mlflow.db'}")
    return store, client, (done, failed), identifiers


def test_a_run_has_its_settings_state_and_times(exported):
    store, client, (done, _), identifiers = exported
    run = client.get_run(identifiers[0])
    summary = store.summary(done)
    assert run.info.status == "FINISHED" and run.info.run_name == "mine"
    assert run.data.params["rate"] == "0.25" and run.data.params["limit"] == "none"
    assert run.info.start_time == int(summary.created * 1000)
    assert run.data.tags["assay.run"] == done
    assert client.get_experiment(run.info.experiment_id).name == "fake.curve"


def test_curves_are_read_back_point_by_point(exported):
    _, client, _, identifiers = exported
    points = sorted(client.get_metric_history(identifiers[0], "loss/train"), key=lambda point: point.step)
    assert [point.step for point in points] == list(range(1_501))
    assert points[9].value == pytest.approx(0.1)
    assert points[1_500].value != points[1_500].value
    assert client.get_run(identifiers[0]).data.metrics["figure/accuracy"] == pytest.approx(0.9)


def test_a_failed_run_is_failed_there_too(exported):
    _, client, _, identifiers = exported
    assert client.get_run(identifiers[1]).info.status == "FAILED"


def test_exporting_again_replaces(exported):
    _, client, (done, _), identifiers = exported
    experiment = client.get_experiment_by_name("fake.curve")
    found = client.search_runs([experiment.experiment_id], f"tags.`assay.run` = '{done}'")
    assert [run.info.run_id for run in found] == [identifiers[0]]


def test_the_report_goes_along_and_no_key_does(exported):
    _, client, _, identifiers = exported
    run = client.get_run(identifiers[0])
    report = Path(urlparse(run.info.artifact_uri).path) / "report.html"
    assert "Good" in report.read_text() and "abcd-1234" not in report.read_text()
    assert "abcd-1234" not in str(run.data.tags)


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(AssayError) as fault:
        exporter.export(Store(tmp_path), [], tmp_path / "out")
    assert "assay[tracking]" in fault.value.remedy
