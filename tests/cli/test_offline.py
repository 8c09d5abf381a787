"""No command reaches out: every attempt of any process it starts is recorded, and there is none."""

import textwrap

import pytest

RECORDER = """
    import os, sys

    def record(event, arguments):
        if event == "socket.connect":
            address = arguments[1]
            away = isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1"))
        else:
            own = (None, "localhost", "127.0.0.1", "::1", b"localhost")
            away = event == "socket.getaddrinfo" and arguments[0] not in own
        if away:
            with open(os.environ["ATTEMPTS"], "a") as file:
                file.write(f"{event} {arguments}\\n")

    sys.addaudithook(record)
"""


@pytest.mark.slow
def test_no_command_and_no_child_of_one_tries_to_connect(assay, environment, tmp_path):
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(textwrap.dedent(RECORDER))
    attempts = tmp_path / "attempts"
    (tmp_path / "table.csv").write_text("a,b,label\n" + "1,2,x\n3,4,y\n" * 10)
    environment |= {"ATTEMPTS": str(attempts), "PYTHONPATH": f"{hook}:{environment['PYTHONPATH']}"}
    for words in (
        ("tasks",),
        ("run", "fake.curve", "--set", "steps=3"),
        ("sweep", "fake.curve", "--seeds", "0-1", "--set", "steps=2"),
        ("runs", "report", "last"),
        ("runs", "bundle", "last"),
        ("runs", "export", "last", "--tensorboard", "tb", "--mlflow", "ml", "--csv", "csv"),
        ("inspect", "table.csv"),
        ("settings", "keys"),
        ("measure", "fake.curve"),
    ):
        answer = assay(*words)
        assert answer.returncode in (0, 1), answer.stderr
    assert not attempts.exists(), attempts.read_text()
