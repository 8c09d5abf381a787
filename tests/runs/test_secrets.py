"""Keys are kept where the machine allows, and shown nowhere."""

import json
import stat
from datetime import datetime
from pathlib import Path

import pytest
from keyring.errors import InitError, NoKeyringError

from app.core import AssayError, Result
from app.runs.bundle import bundle_contents, save_bundle
from app.runs.redaction import MASK, redact_record, redactor
from app.runs.report import render
from app.runs.secrets import Secrets
from app.runs.store import Store
from tests.runs.made_runs import finished_run

TOKEN = "ibm_quantum.token"
KEY = 'p4ss/w+rd "quoted" ü'


class FakeKeyring:
    def __init__(self):
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


class NoKeyring:
    """A machine without a keyring, or with one that stays locked."""

    def __init__(self, fault):
        self.fault = fault

    def get_password(self, *_):
        raise self.fault

    set_password = delete_password = get_password


def without_keyring(folder, environment=None, fault=None):
    fault = fault or NoKeyringError("No recommended backend was available. Install one.")
    return Secrets(folder, lambda: NoKeyring(fault), environment or {})


def test_a_key_goes_into_the_keyring_and_nowhere_else(tmp_path):
    ring = FakeKeyring()
    secrets = Secrets(tmp_path, lambda: ring, {})
    assert secrets.set(TOKEN, KEY) == "keyring"
    assert secrets.get(TOKEN) == KEY and secrets.where(TOKEN) == "keyring"
    assert list(tmp_path.iterdir()) == []


def test_the_environment_wins_and_is_never_written(tmp_path):
    ring = FakeKeyring()
    secrets = Secrets(tmp_path, lambda: ring, {"ASSAY_IBM_QUANTUM_TOKEN": " given "})
    assert (secrets.get(TOKEN), secrets.where(TOKEN)) == ("given", "environment")
    assert ring.kept == {}


@pytest.mark.parametrize("fault", [NoKeyringError("None here. Install."), InitError("Prompt dismissed..")])
def test_without_a_keyring_a_key_lasts_for_the_session_only(tmp_path, fault):
    secrets = without_keyring(tmp_path, fault=fault)
    assert secrets.set(TOKEN, KEY) == "session"
    assert secrets.get(TOKEN) == KEY
    assert without_keyring(tmp_path).get(TOKEN) is None
    assert list(tmp_path.iterdir()) == []
    assert secrets.keyring_problem()


def test_a_file_is_used_only_when_asked_for_and_only_its_owner_may_read_it(tmp_path):
    without_keyring(tmp_path).set(TOKEN, KEY, "file")
    path = tmp_path / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert without_keyring(tmp_path).where(TOKEN) == "file"
    path.chmod(0o644)
    assert without_keyring(tmp_path).get(TOKEN) == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_forgetting_empties_every_place(tmp_path):
    ring = FakeKeyring()
    secrets = Secrets(tmp_path, lambda: ring, {})
    secrets.set(TOKEN, KEY, "file")
    secrets.set(TOKEN, KEY)
    secrets.forget(TOKEN)
    assert secrets.where(TOKEN) == "nowhere"
    assert not (tmp_path / "secrets.json").exists() and ring.kept == {}


def test_asking_for_the_keyring_where_there_is_none_says_why_and_what_else(tmp_path):
    with pytest.raises(AssayError) as fault:
        without_keyring(tmp_path).set(TOKEN, KEY, "keyring")
    assert "No recommended backend" in fault.value.why and "session" in fault.value.remedy
    assert KEY not in str(fault.value)


def test_an_unknown_or_empty_key_is_refused(tmp_path):
    with pytest.raises(AssayError):
        without_keyring(tmp_path).get("nothing")
    with pytest.raises(AssayError):
        without_keyring(tmp_path).set(TOKEN, "  ")


@pytest.mark.parametrize(
    "text",
    [
        f"failed with {KEY}",
        "https://host/?token=p4ss%2Fw%2Brd%20%22quoted%22%20%C3%BC&x=1",
        "https://host/?token=p4ss%2Fw%2Brd+%22quoted%22+%C3%BC&x=1",
        json.dumps({"x": KEY}),
        json.dumps({"x": KEY}, ensure_ascii=False),
        repr({"x": KEY}),
        "cDRzcy93K3JkICJxdW90ZWQiIMO8",
    ],
)
def test_a_known_key_is_removed_in_every_spelling(text):
    clean = redactor([KEY])(text)
    assert "p4ss" not in clean and "quoted" not in clean and "cDRz" not in clean and MASK in clean


@pytest.mark.parametrize(
    "text, hidden",
    [
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ('{"authorization": "Basic dXNlcjpwYXNz"}', "dXNlcjpwYXNz"),
        ("https://user:hunter22@host/path", "hunter22"),
        ("GET /x?api_key=0123456789abcdef&y=2", "0123456789abcdef"),
        ("api-key: 'abcdef0123456789'", "abcdef0123456789"),
        ("hf_abcdefghijklmnopqrstuvwxyz", "hf_abc"),
    ],
)
def test_text_that_looks_like_a_credential_is_removed_too(text, hidden):
    clean = redactor()(text)
    assert hidden not in clean and MASK in clean


@pytest.mark.parametrize(
    "text", ["token=512", "tokens = 20480000", "password strength", "secret: something", "a://b/c@d"]
)
def test_ordinary_words_are_left_alone(text):
    assert redactor()(text) == text


def test_a_field_named_like_a_secret_loses_its_text_but_not_the_name_of_a_kept_key():
    record = {"api_key": "abc", "token": TOKEN, "max_tokens": 5, "deep": [{"password": "x y"}]}
    assert redact_record(record, redactor()) == {
        "api_key": MASK,
        "token": TOKEN,
        "max_tokens": 5,
        "deep": [{"password": MASK}],
    }


def test_the_home_folder_is_written_as_a_tilde():
    redact = redactor(home=Path("/home/ada"))
    assert redact("/home/ada/data/x.csv and /home/ada") == "~/data/x.csv and ~"


@pytest.fixture
def leaky(tmp_path, monkeypatch):
    """A store whose one run has the key typed into a wrong field, in its log, its verdict and its error."""
    monkeypatch.setenv("ASSAY_TASK_MODULES", "tests.cli.fake_tasks")
    store = Store(tmp_path / "store")
    events = [
        {"k": "log", "text": f"key {KEY}", "level": "info"},
        {"k": "warn", "what": f"bad key {KEY}", "remedy": ""},
        {"k": "metric", "name": f"loss {KEY}", "step": 0, "value": 1.0},
        {"k": "text", "name": "t", "step": 0, "text": f"https://h/?k={KEY}"},
    ]
    error = {"what": f"refused {KEY}", "where": "", "why": "", "remedy": ""}
    run = finished_run(
        store, {"name": KEY}, events=events, result=Result(verdict=f"v {KEY}"), state="failed", error=error, name=KEY
    )
    (store.folder(run) / "console.log").write_text(f"{Path.home()}/x\n{KEY}\n", encoding="utf-8")
    return store, run


def test_no_key_is_in_a_report(leaky):
    store, run = leaky
    page = render(store, run, redact=redactor([KEY]), now=datetime(2024, 1, 1))
    for part in ("p4ss", "quoted&#34;", "w+rd"):
        assert part not in page


def test_no_key_and_no_home_is_in_a_bundle(leaky, tmp_path):
    import zipfile

    store, run = leaky
    redact = redactor([KEY], Path.home())
    listed = bundle_contents(store, run, redact)
    path = save_bundle(store, run, tmp_path / "b.zip", redact)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == sorted(entry.name for entry in listed)
        for info in archive.infolist():
            text = archive.read(info).decode()
            assert "p4ss" not in text, info.filename
            assert str(Path.home()) not in text, info.filename
            assert info.file_size == next(entry.size for entry in listed if entry.name == info.filename)


def test_a_bundle_follows_no_link(leaky, tmp_path):
    store, run = leaky
    other = tmp_path / "other.txt"
    other.write_text("someone else's")
    (store.folder(run) / "crash.log").symlink_to(other)
    assert "crash.log" not in [entry.name for entry in bundle_contents(store, run)]
