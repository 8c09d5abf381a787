"""A report says everything, carries everything, and can do nothing to whoever opens it."""

import io
import json
import re
from datetime import datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from app.core import Citation, Figure, Result
from app.engines import load_tasks
from app.runs import exhibits
from app.runs.config_text import read_config_text
from app.runs.curve import Reference, Series, draw, thinned, ticks
from app.runs.evidence import confined, gather
from app.runs.figures import duration_text, figure_text, number
from app.runs.report import render, render_comparison, write_report
from app.runs.store import Store
from tests.runs.made_runs import finished_run, metric, png, put_file

NOW = datetime(2024, 5, 1, 12, 0)
EVIL = '<script>alert(1)</script><img src=file:///etc/passwd onerror="x()">\x1b[31m\u202egnp.exe'


class Page(HTMLParser):
    """Every element and attribute of a page, and its visible text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.hidden = [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.hidden += tag == "style"

    def handle_endtag(self, tag):
        self.hidden -= tag == "style"

    def handle_data(self, data):
        if not self.hidden:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_TASK_MODULES", "tests.cli.fake_tasks")
    return Store(tmp_path / "store")


def npy(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def full_result(**changes):
    fields = {
        "verdict": "It works",
        "tone": "good",
        "advice": "Go on.",
        "figures": (Figure(name="accuracy", value=0.9312, interval=0.0119, n=360), Figure(name="qubits", value=4)),
        "notes": ("Shots were not simulated.",),
        "methods": "First.\n\nSecond.",
        "citations": (Citation(text="A paper", link="https://example.org/p"),),
        "details": {"depth": 7},
    }
    return Result(**{**fields, **changes})


@pytest.fixture
def whole(store):
    """A run with one of everything."""
    events = [
        {"k": "stage", "name": "train"},
        *(metric("loss/train", step, 1 / (step + 1)) for step in range(200)),
        *(metric("loss/validation", step, "nan" if step == 7 else 2 / (step + 1)) for step in range(200)),
        {"k": "image", "name": "picture", "step": 3, "file": "files/p.png", "caption": "a cat"},
        {"k": "array", "name": "confusion", "step": 9, "file": "files/c.npy", "labels": [["x", "y"], ["x", "y"]]},
        {"k": "table", "name": "scores", "step": 9, "columns": ["who", "score"], "rows": [["ours", 0.5]]},
        {"k": "text", "name": "circuit", "step": 0, "text": "OPENQASM 3.0;"},
        {"k": "warn", "what": "A linear head ties", "remedy": "Claim nothing."},
        {"k": "warn", "what": "A linear head ties", "remedy": "Claim nothing."},
        {"k": "system", "rss": 1e8, "peak_rss": 4.2e8},
    ]
    run = finished_run(store, {"steps": 200, "seed": 3}, events=events, result=full_result(), name="My run")
    put_file(store, run, "files/p.png", png())
    put_file(store, run, "files/c.npy", npy(np.array([[5, 1], [0, 6]])))
    return run


def test_a_report_says_everything_that_matters(store, whole):
    page = Page(render(store, whole, now=NOW))
    for words in (
        "My run", "It works", "Go on.", "0.931 ± 0.012, n = 360", "Shots were not simulated.",
        "A linear head ties (2 times)", "Claim nothing.", "a cat", "OPENQASM 3.0;",
        "Peak memory 420 MB", "Seed 3", "First.", "Second.", "A paper", "01 May 2024", "python -m app run fake.curve --set steps=200 --set seed=3", "1 value is not finite",
    ):  # fmt: skip
        assert words in page.text, words


def test_changed_settings_are_marked(store, whole):
    page = render(store, whole)
    marked = re.findall(r'<tr class="changed"><td title="(\w+)">', page)
    assert marked == ["steps", "seed"]


def test_a_curve_has_its_table_its_gap_and_its_reference(store, whole):
    page = render(store, whole, references={"loss/train": [Reference(0.25, "published", "Table 2")]})
    svg = re.search(r"<svg class=\"curve\".*?</svg>", page, re.DOTALL)[0]
    assert svg.count('class="line"') == 2
    assert "published 0.25" in svg and "Table 2" in page
    assert "60 of 200 steps" in page


def test_a_report_is_complete_in_itself_and_runs_nothing(store, whole):
    page = Page(render(store, whole))
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    sources = [attributes["src"] for _, attributes in page.elements if "src" in attributes]
    assert sources and all(source.startswith("data:image/png;base64,") for source in sources)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_a_dropped_report_fills_the_form_with_exactly_the_settings(store):
    name = 'say "hi" <b> & \u202e\x1b[0m\n'
    run = finished_run(store, {"name": name, "rate": 0.3}, result=full_result())
    read = read_config_text(render(store, run), load_tasks())
    assert read.form == "report" and read.values == store.config(run) and not read.unknown


def test_nothing_in_a_run_becomes_markup_or_acts_on_a_terminal(store):
    events = [
        metric(EVIL, 0, 1.0), metric(EVIL, 1, 2.0), metric("a/" + EVIL, 0, 2.0),
        {"k": "stage", "name": EVIL},
        {"k": "image", "name": EVIL, "step": 0, "file": "files/p.png", "caption": EVIL},
        {"k": "array", "name": EVIL, "step": 0, "file": "files/c.npy", "labels": [[EVIL, EVIL], [EVIL, EVIL]]},
        {"k": "table", "name": EVIL, "step": 0, "columns": [EVIL], "rows": [[EVIL]]},
        {"k": "text", "name": EVIL, "step": 0, "text": EVIL},
        {"k": "warn", "what": EVIL, "remedy": EVIL},
        {"k": "artifact", "name": EVIL, "file": "files/c.npy", "role": EVIL, "description": EVIL},
    ]  # fmt: skip
    result = full_result(
        verdict=EVIL, advice=EVIL, notes=(EVIL,), methods=EVIL, details={EVIL: EVIL},
        figures=(Figure(name=EVIL, value=1.0, unit=EVIL, note=EVIL),),
        citations=(Citation(text=EVIL, link="javascript:alert(1)"),),
    )  # fmt: skip
    error = {"what": EVIL, "where": EVIL, "why": EVIL, "remedy": EVIL}
    run = finished_run(store, {"name": EVIL}, events=events, result=result, state="failed", error=error, name=EVIL)
    other = finished_run(store, {"name": "x"}, events=events[:3], result=result)
    put_file(store, run, "files/p.png", png())
    put_file(store, run, "files/c.npy", npy(np.eye(2)))
    reference = {EVIL: [Reference(1.5, EVIL, EVIL)]}
    for text in (
        render(store, run, references=reference),
        render_comparison(store, [run, other], references=reference),
    ):
        page = Page(text)
        assert not page.all("script")
        assert not [a for a in page.all("img") if not a["src"].startswith("data:image/png")]
        assert not [a for a in page.all("a") if not a["href"].startswith("https://")]
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert "\x1b" not in text and "\u202e" not in text
        assert "<script>alert(1)</script>" in page.text  # as words


@pytest.mark.parametrize(
    "name",
    ["../outside.png", "/etc/passwd", "files/../../outside.png", "files/link.png", "linked/p.png", "C:\\x.png",
     "files", "files/none.png", "", "a\0b", 7, None, "x" * 5000],
)  # fmt: skip
def test_a_file_outside_the_run_is_never_read(store, whole, tmp_path, name):
    folder = store.folder(whole)
    for place in (tmp_path / "outside.png", folder.parent / "outside.png", folder.parent.parent / "outside.png"):
        place.write_bytes(png())
    (folder / "files" / "link.png").symlink_to(tmp_path / "outside.png")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "p.png").write_bytes(png())
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    assert confined(folder, name, 10**9) is None


def test_a_hostile_run_folder_is_reported_with_what_was_left_out(store, tmp_path):
    (tmp_path / "secret.png").write_bytes(png())
    files = {
        "evil.png": b"<svg onload=alert(1)>",
        "bomb.png": png()[:16] + (60_000).to_bytes(4, "big") * 2 + png()[24:],
        "huge.npy": npy(np.eye(2)).replace(b"(2, 2), }    ", b"(99999999,), }"[:13]),
        "object.npy": b"\x93NUMPY\x01\x00\x46\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(80)
        + b"cos\nsystem\n",
        "evil.wav": b"RIFFxxxxAVI ",
    }
    events = [
        {"k": "image", "name": "a", "step": 0, "file": "../../../secret.png"},
        {"k": "image", "name": "b", "step": 0, "file": "files/evil.png"},
        {"k": "image", "name": "c", "step": 0, "file": "files/bomb.png"},
        {"k": "array", "name": "d", "step": 0, "file": "files/huge.npy", "labels": "nonsense"},
        {"k": "array", "name": "e", "step": 0, "file": "files/object.npy"},
        {"k": "audio", "name": "f", "step": 0, "file": "files/evil.wav"},
        {"k": "table", "name": "g", "step": 0, "columns": 7, "rows": {"x": 1}},
        {"k": "table", "name": "h", "step": 0, "file": "files/none.json"},
        {"k": "warn", "what": ["a", "list"]},
        {"k": "metric", "name": "loss", "step": "x", "value": {}},
        {"k": "unheard of", "name": {"a": 1}},
    ]
    run = finished_run(store, events=events)
    for name, data in files.items():
        put_file(store, run, f"files/{name}", data)
    page = Page(render(store, run))
    assert not page.all("img") and not page.all("audio")
    for name in "abcdefgh":
        assert f"“{name}”" in page.text, name


def test_pictures_are_few_and_together_bounded(store, monkeypatch):
    events = [{"k": "image", "name": "p", "step": k, "file": f"files/{k}.png"} for k in range(100)]
    run = finished_run(store, events=events)
    for k in range(100):
        put_file(store, run, f"files/{k}.png", png())
    page = Page(render(store, run))
    assert len(page.all("img")) == exhibits.PICTURES_SHOWN
    assert "92 more in the run’s folder." in page.text
    monkeypatch.setattr(exhibits, "LARGEST_TOGETHER", 100)
    assert not Page(render(store, run)).all("img")


def test_a_long_table_and_text_are_cut_with_a_word_on_it(store):
    events = [
        {"k": "table", "name": "t", "step": 0, "columns": ["a"], "rows": [[k] for k in range(5000)]},
        {"k": "text", "name": "x", "step": 0, "text": "y" * 100_000},
    ]
    text = render(store, finished_run(store, events=events))
    assert "4800 more rows" in text and "80000 more characters" in text and len(text) < 200_000


def test_a_run_that_failed_explains_itself_and_is_labelled_partial(store):
    error = {"what": "Could not read x.wav", "where": "row 3", "why": "no channels", "remedy": "Leave it out."}
    page = Page(render(store, finished_run(store, events=[metric("loss", 0, 1.0)], state="failed", error=error)))
    for words in ("✗ failed", "partial result", "Could not read x.wav (row 3)", "no channels", "Leave it out."):
        assert words in page.text


def test_points_made_void_by_a_resume_are_not_drawn(store):
    events = [
        metric("loss", 0, 1.0),
        metric("loss", 1, 99.0),
        {"k": "resumed", "after": 2},
        metric("loss", 1, 0.5),
    ]
    curve = gather(store.folder(finished_run(store, events=events))).curves["loss"]
    assert curve.step.tolist() == [0, 1] and curve.value.tolist() == [1.0, 0.5]


def test_a_run_still_in_the_queue_has_a_report_that_says_so(store):
    assert "The run is not over" in render(store, store.create("fake.curve", {}))


@pytest.mark.parametrize("name", ["run.json", "events.jsonl", "result.json"])
def test_a_run_cut_at_any_byte_still_has_a_report(store, whole, name):
    path = store.folder(whole) / name
    data = path.read_bytes()
    for length in np.linspace(0, len(data), 12).astype(int):
        path.write_bytes(data[:length])
        if name == "run.json" and length < len(data):
            continue  # the store itself refuses a damaged run.json, and says so
        assert "Assay" in render(store, whole)


def test_the_report_of_an_unknown_task_shows_its_settings_as_they_are(store, whole):
    path = store.folder(whole) / "run.json"
    record = json.loads(path.read_text())
    record["task"] = "gone.task"
    path.write_text(json.dumps(record))
    page = Page(render(store, whole))
    assert "gone.task" in page.text and "steps 200" in page.text


def test_the_report_is_written_into_the_run(store, whole):
    path = write_report(store, whole)
    assert path == store.folder(whole) / "report.html"
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert sorted(p.name for p in path.parent.iterdir() if p.name.endswith(".tmp")) == []


def test_a_comparison_folds_seeds_into_a_band_and_shows_what_differs(store):
    def made(rate, seed):
        events = [metric("loss", step, rate * step + seed) for step in range(5)]
        result = full_result(figures=(Figure(name="accuracy", value=rate + 0.01 * seed, better="higher"),))
        return finished_run(store, {"rate": rate, "seed": seed}, events=events, result=result)

    text = render_comparison(store, [made(rate, seed) for rate in (0.1, 0.2) for seed in (0, 1)])
    page = Page(text)
    assert text.count('class="band"') == 2
    assert "rate 0.1 0.2" in page.text and "(mean of 2)" in page.text
    assert "paired by seed" in page.text.lower() and "better" in page.text


def test_a_thinned_curve_keeps_every_peak_and_gap():
    y = np.zeros(100_000)
    y[54_321], y[12_345], y[777] = 5.0, -3.0, np.nan
    x, kept = thinned(np.arange(100_000), y)
    assert len(x) <= 2_400 + 1
    assert np.nanmax(kept) == 5.0 and np.nanmin(kept) == -3.0 and np.isnan(kept).sum() == 1
    assert (np.diff(x) > 0).all()


@pytest.mark.parametrize("y", [[], [1.0], [np.nan] * 3, [np.inf, 1, 2], [0.0, 0.0], [1e300, -1e300], [1e-300, 2e-300]])
@pytest.mark.parametrize("log_y", [False, True])
def test_any_values_make_a_picture(y, log_y):
    picture = draw([Series("s", np.arange(len(y)), np.array(y, dtype=float))], title="t", log_y=log_y)
    assert picture.startswith("<svg") and 'nan"' not in picture and "inf" not in picture.split("aria-label")[0]


def test_ticks_are_round_numbers_inside():
    assert ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(3, 98, 5) == [20, 40, 60, 80]


@pytest.mark.parametrize(
    "figure, text",
    [
        (Figure(name="a", value=0.93124, interval=0.01234, n=5), "0.931 ± 0.012, n = 5"),
        (Figure(name="a", value=123.456, unit="s"), "123 s"),
        (Figure(name="a", value=4, interval=0.0, n=3), "4 ± 0, n = 3"),
        (Figure(name="a", value=97.25, interval=12.3, n=8, unit="%"), "97 ± 12 %, n = 8"),
        (Figure(name="a", value=float("nan")), "not a number"),
    ],
)
def test_figures_have_three_digits_and_their_interval_two(figure, text):
    assert figure_text(figure) == text


def test_numbers_and_durations_in_words():
    assert [number(x) for x in (1234, 0.000123, 1e-7, -0.5, 123456.7)] == [
        "1\u2009234",
        "0.000123",
        "1e−7",
        "−0.5",
        "123\u2009000",
    ]
    assert [duration_text(s) for s in (0.25, 5, 42, 250, 7800)] == [
        "250 ms",
        "5.0 s",
        "42 s",
        "4 min 10 s",
        "2 h 10 min",
    ]
