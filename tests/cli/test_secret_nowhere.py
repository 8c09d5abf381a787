"""A key that a task prints, logs and raises is found nowhere: store, report, bundle, output, process table."""

import json
import sys
import zipfile
from pathlib import Path

import pytest

KEY = "Zq7-very+secret/key=42"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs the process table of Linux")
def test_a_misused_key_is_found_nowhere(begin, assay, environment, tmp_path):
    environment["ASSAY_IBM_QUANTUM_TOKEN"] = KEY
    gate = tmp_path / "gate"
    process = begin("run", "fake.key", "--json", "--set", f"wait_for={gate}", "--set", f"note=typed {KEY}")
    seen = []
    for line in process.stdout:
        seen.append(line)
        if json.loads(line).get("name") == "wait":
            break
    # The note that the test itself typed is on the command line of the command, and must be on no other.
    arguments = {pid: text for pid, text in _arguments().items() if KEY in text}
    assert set(arguments) <= {process.pid}
    gate.touch()
    seen += list(process.stdout)
    assert process.wait(30) == 1
    seen.append(process.stderr.read())
    run = json.loads(seen[0])["id"]

    store = Path(environment["ASSAY_STORE"])
    config = store / "runs" / run / "run.json"
    files = [path for path in store.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        if path != config and not path.name.startswith("index"):  # the config is the user's own words
            assert KEY.encode() not in path.read_bytes(), path
    log = (store / "runs" / run / "events.jsonl").read_text()
    assert "refused with" in log and KEY not in log
    assert KEY not in "".join(seen)

    page = Path(assay("runs", "report", run).stdout.strip()).read_text()
    assert KEY not in page and "Zq7" not in page
    assay("runs", "bundle", run, "--out", tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert not [name for name in archive.namelist() if b"Zq7" in archive.read(name)]
    assert assay("runs", "show", run).stdout.count(KEY) <= 1


def _arguments():
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
    assert any(sys.executable in text for text in found.values())
    return found
