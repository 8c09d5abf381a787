import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.core import AssayError
from app.data.client import HelperClient
from app.data.helper import answer_to
from tests.data import making

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client():
    client = HelperClient()
    yield client
    client.close()


def confined(code, scratch=None):
    """Run `code` in a process confined as the helper is, `scratch` being its folder for temporary files."""
    start = "from app.data import confinement; confinement.confine()\n"
    environment = os.environ | ({"TMPDIR": str(scratch)} if scratch else {})
    return subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, timeout=60, env=environment
    )


def pid_of(client):
    return client._helper._process.pid


def test_the_helper_says_what_a_file_is(client, tmp_path):
    found = client.inspect([making.npz(tmp_path / "a.npz")])
    assert found.kind == "labelled-images"
    assert found.previews[0].image_png.startswith(b"\x89PNG")


def test_one_helper_serves_many_requests(client, tmp_path):
    path = making.table(tmp_path / "t.csv")
    client.warm_up()
    first = pid_of(client)
    for _ in range(5):
        assert client.inspect([path]).kind == "table"
    assert client.inspect([path], thorough=True).options["complete"]
    assert pid_of(client) == first


def test_a_file_name_that_is_no_text_comes_through(client, tmp_path):
    name = os.fsdecode(b"\xff\x1b.csv")
    try:
        path = making.table(tmp_path / name)
    except OSError:
        pytest.skip("this file system wants text")
    found = client.inspect([path])
    assert found.title == "\\xff\\x1b.csv"
    assert Path(found.path) == path


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif", ".gif"])
def test_every_picture_format_is_decoded_inside_the_confinement(client, tmp_path, suffix):
    found = client.inspect([making.class_folders(tmp_path / "set", suffix)])
    assert found.usable
    assert not found.problems
    assert len(found.previews) == 12


def test_archives_are_unpacked_inside_the_confinement(client, tmp_path):
    path = making.zip_file(tmp_path / "t.zip", {"table.csv": making.csv_text().encode()})
    assert client.inspect([path]).usable


def test_a_helper_that_was_killed_is_started_again(client, tmp_path):
    path = making.table(tmp_path / "t.csv")
    client.inspect([path])
    os.kill(pid_of(client), signal.SIGKILL)
    client._helper._process.wait(timeout=10)
    assert client.inspect([path]).kind == "table"


FAKE = """
import json, sys, os, time
for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"], "ok": True}
    if request["do"] == "inspect":
        BEHAVIOUR
    print(json.dumps(answer), flush=True)
"""


def fake(behaviour):
    return HelperClient([sys.executable, "-c", FAKE.replace("BEHAVIOUR", behaviour)])


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("import ctypes; ctypes.string_at(0)", "The file crashed the reader.*SIGSEGV"),
        ("os._exit(3)", "The file crashed the reader.*exit code 3"),
        ("print('{', flush=True)", "The file crashed the reader.*makes no sense"),
        ("print('[' * 100000, flush=True)", "The file crashed the reader.*makes no sense"),
        ("print('[1]', flush=True)", "belongs to another question"),
        ("answer['id'] = 77", "belongs to another question"),
        ("sys.stdout.write('{'); sys.stdout.flush(); os._exit(0)", "The file crashed the reader"),
        ("answer['inspection'] = {'kind': 3}", "makes no sense"),
        ("time.sleep(60)", "took too long.*no answer after 0.5 s"),
    ],
)
def test_whatever_happens_to_the_helper_is_a_message(tmp_path, behaviour, message):
    client = fake(behaviour)
    try:
        with pytest.raises(AssayError, match=message):
            client.inspect([tmp_path], timeout=0.5 if "sleep" in behaviour else 20)
    finally:
        client.close()


def test_a_helper_that_cannot_start_is_a_message(tmp_path):
    client = HelperClient([sys.executable, "-c", "raise SystemExit('no such library')"])
    with pytest.raises(AssayError, match=r"does not start.*no such library"):
        client.inspect([tmp_path])
    client.close()


def test_closing_ends_a_request_that_is_under_way(tmp_path):
    client = fake("time.sleep(60)")
    client.warm_up()
    process = client._helper._process
    failed = []

    def ask():
        try:
            client.inspect([tmp_path], timeout=50)
        except AssayError as error:
            failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    client.close()
    asking.join(timeout=10)
    assert failed
    assert process.poll() is not None
    with pytest.raises(AssayError, match="closed"):
        client.inspect([tmp_path])


def test_ten_thousand_things_at_once_are_refused_before_anything_starts(client, tmp_path):
    with pytest.raises(AssayError, match="10,000 things were dropped at once"):
        client.inspect([tmp_path] * 10_000)


def test_callers_from_several_threads_take_turns(client, tmp_path):
    paths = [making.table(tmp_path / f"{i}.csv") for i in range(6)]
    titles = {}

    def ask(path):
        titles[path.name] = client.inspect([path]).title

    threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert titles == {path.name: path.name for path in paths}


def test_the_helper_gets_no_secrets_by_its_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@proxy")
    client = fake("answer = {'id': request['id'], 'ok': False, 'error': {'what': json.dumps(dict(os.environ))}}")
    with pytest.raises(AssayError) as caught:
        client.inspect([tmp_path])
    client.close()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import os; os.kill(os.getppid(), 0)",
        "import pickle; pickle.loads(pickle.dumps(open))",
        "open(HOME + '/evil', 'w')",
        "open(HOME + '/evil', 'ab')",
        "import os; os.open(HOME + '/evil', os.O_CREAT | os.O_WRONLY)",
        "import os; os.mkdir(HOME + '/evil')",
        "import os; os.remove(HOME + '/kept')",
        "import os; os.rename(HOME + '/kept', HOME + '/evil')",
        "import os; os.symlink('/etc/passwd', HOME + '/evil')",
    ],
)
def test_a_confined_process_can_do_nothing_but_read(attempt, tmp_path):
    if "os.fork" in attempt and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    (home / "kept").write_text("stays", encoding="utf-8")
    ended = confined(attempt.replace("HOME", repr(str(home))), scratch)
    assert "the file reader tried" in ended.stderr, ended.stderr
    assert [path.name for path in home.iterdir()] == ["kept"]


def test_memory_beyond_the_limit_is_refused_to_the_process():
    if sys.platform != "linux":
        pytest.skip("the limit is set on Linux only")
    assert "MemoryError" in confined("bytearray(3_000_000_000)").stderr


def test_a_request_that_takes_too_long_ends_the_process():
    begin = time.monotonic()
    ended = confined("confinement.start_clock(0.5)\nwhile True: pass")
    assert ended.returncode != 0
    assert "Timeout" in ended.stderr
    assert time.monotonic() - begin < 30


def test_the_clock_stops_when_the_answer_is_out():
    ended = confined(
        "confinement.start_clock(0.3); confinement.stop_clock()\nimport time; time.sleep(0.6); print('alive')"
    )
    assert ended.stdout.strip() == "alive"


def test_without_the_resource_module_the_hook_remains():
    code = "import sys; sys.modules['resource'] = None\nfrom app.data import confinement; confinement.confine()\n"
    code += "confinement.start_clock(20); confinement.stop_clock()\nimport os; os.system('true')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "the file reader tried os.system" in ended.stderr


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "could not be looked at"),
        (b"[]", "could not be looked at"),
        (b'{"id": 4, "do": "explode"}', "does not know “explode”"),
        (b'{"id": 4, "do": "inspect"}', "could not be looked at"),
        (b'{"id": 4, "do": "inspect", "paths": [3]}', "could not be looked at"),
    ],
)
def test_a_bad_request_is_answered(line, what, capsys):
    answer = answer_to(line)
    assert answer["ok"] is False
    assert what in answer["error"]["what"]
    json.dumps(answer, allow_nan=False)
    capsys.readouterr()


def test_too_little_memory_is_a_message(monkeypatch):
    def greedy(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr("app.data.helper.inspect", greedy)
    assert "too much memory" in answer_to(b'{"id": 1, "do": "inspect", "paths": []}')["error"]["what"]


def test_a_fault_of_ours_keeps_its_traceback_for_the_report(monkeypatch, capsys):
    def broken(*_args, **_options):
        raise ZeroDivisionError("by \x1b[31mnought")

    monkeypatch.setattr("app.data.helper.inspect", broken)
    answer = answer_to(b'{"id": 1, "do": "inspect", "paths": []}')
    assert "\x1b" not in answer["error"]["why"]
    assert "ZeroDivisionError" in answer["traceback"]
    assert "ZeroDivisionError" in capsys.readouterr().err
