import json
import pickle
import socket
import zipfile

import pytest
import torch
from safetensors.torch import load_file

from app.core import AssayError
from app.data.recognise import recognise
from app.models import pickles, sandbox
from app.models.diffusion import load_diffusion
from app.models.pickles import convert, convert_folder
from app.models.safetensors_files import file_hash
from tests.models import making

WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2, dtype=torch.bfloat16)}


def saved(path, value=None, **options):
    torch.save(WEIGHTS if value is None else value, path, **options)
    return path


def refusal(source, target, **options):
    with pytest.raises(AssayError) as caught:
        convert(source, target, **({"agreed": True} | options))
    assert not target.exists()
    return str(caught.value)


def hostile(body):
    """The converter with a loader that runs code, as one with a hole would: `body` is that code."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    code = f"import torch\ndef load(*a, **k):\n    import os, socket, subprocess, sys\n{lines}\n"
    return ("-c", f"{code}torch.load = load\nfrom app.models import conversion\nconversion.main()\n")


def first_is_fast(first, *others):
    """Cases that each start a converter: the first one in the fast set, the others in the whole suite."""
    return [first, *(pytest.param(other, marks=pytest.mark.slow) for other in others)]


@pytest.mark.parametrize("options", first_is_fast({}, {"_use_new_zipfile_serialization": False}))
def test_an_agreed_pickle_becomes_safetensors(tmp_path, options):
    source = saved(tmp_path / "model.bin", **options)
    before = file_hash(source)
    assert convert(source, tmp_path / "out" / "model.safetensors", agreed=True, sha256=before) == before
    found = load_file(tmp_path / "out" / "model.safetensors")
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)
    assert file_hash(source) == before


def test_weights_under_a_wrapper_and_tied_weights_are_found(tmp_path):
    tied = torch.ones(3)
    source = saved(tmp_path / "model.ckpt", {"epoch": 3, "state_dict": {"x": tied, "y": tied}})
    convert(source, tmp_path / "model.safetensors", agreed=True)
    assert sorted(load_file(tmp_path / "model.safetensors")) == ["x", "y"]


def test_without_agreement_nothing_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(pickles, "run_apart", None)
    words = refusal(saved(tmp_path / "m.bin"), tmp_path / "m.safetensors", agreed=False)
    assert "can run code when opened" in words


def test_agreement_is_for_one_content(tmp_path, monkeypatch):
    monkeypatch.setattr(pickles, "run_apart", None)
    source = saved(tmp_path / "m.bin")
    agreed_to = file_hash(source)
    saved(source, {"other": torch.zeros(1)})
    assert "not the file that you agreed to convert" in refusal(source, tmp_path / "m.safetensors", sha256=agreed_to)


@pytest.mark.parametrize("protocol", first_is_fast(2, 0, 5))
def test_a_pickle_with_a_payload_is_refused_and_the_payload_never_runs(tmp_path, protocol):
    canary = tmp_path / "canary"
    source = making.pickled(tmp_path / "model.bin", {"a": making.Canary(canary)}, protocol)
    refusal(source, tmp_path / "m.safetensors")
    assert not canary.exists()


def test_a_payload_inside_torch_weights_is_refused_by_name(tmp_path):
    canary = tmp_path / "canary"
    source = saved(tmp_path / "model.pt", {"a": making.Canary(canary)})
    words = refusal(source, tmp_path / "m.safetensors")
    assert "weights-only loader refused" in words and "“io.open”, which is no part of weights" in words
    assert "not loaded in any other way" in words and "weights_only" not in words
    assert not canary.exists()


def test_a_payload_in_a_zip_with_a_bad_checksum_is_refused(tmp_path):
    canary = tmp_path / "canary"
    source = saved(tmp_path / "model.pt", {"a": making.Canary(canary)})
    with zipfile.ZipFile(source) as archive:
        place = next(entry for entry in archive.infolist() if entry.filename.endswith("data.pkl"))
    data = bytearray(source.read_bytes())
    # The checksum in the directory at the end, which scanners believe.
    spot = data.rindex(place.CRC.to_bytes(4, "little"))
    data[spot] ^= 0xFF
    source.write_bytes(data)
    assert recognise(source) == "torch"
    refusal(source, tmp_path / "m.safetensors")
    assert not canary.exists()


def test_the_loader_is_asked_once_and_only_for_weights(tmp_path):
    body = "print(sorted(k.items()), file=sys.stderr)\nos.write(2, b'asked ')\nraise pickle_error('no')"
    body = body.replace("pickle_error", "RuntimeError")
    outcome = run(tmp_path, hostile(body))
    assert outcome.errors.count("asked") == 1
    assert "('weights_only', True)" in outcome.errors
    assert json.loads(outcome.output) == {"refused": "RuntimeError: no"}


def run(tmp_path, program):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with saved(tmp_path / "model.bin").open("rb") as handle:
        return sandbox.run_apart(program, handle, scratch, 120)


def test_code_that_runs_anyway_finds_no_secret_in_its_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_SECRET", "canary")
    outcome = run(tmp_path, hostile("raise RuntimeError(str(sorted(os.environ)) + os.getcwd())"))
    assert "PYTHONPATH" in outcome.output and "SECRET" not in outcome.output
    assert str(tmp_path / "scratch") in outcome.output


@pytest.mark.parametrize(
    "body",
    first_is_fast(
        "open('CANARY', 'w')",
        "os.mkdir('CANARY')",
        "os.system('touch CANARY')",
        "subprocess.run(['touch', 'CANARY'])",
        "os.fork()",
        "import pickle\npickle.loads(DATA)",
    ),
)
def test_code_that_runs_anyway_leaves_no_trace_outside_its_folder(tmp_path, body):
    canary = tmp_path / "canary"
    data = pickle.dumps(making.Canary(canary))
    outcome = run(tmp_path, hostile(body.replace("CANARY", str(canary)).replace("DATA", repr(data))))
    assert "ForbiddenError" in json.loads(outcome.output)["refused"]
    assert not canary.exists()


def test_code_that_runs_anyway_reaches_no_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        body = f"socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2)"
        outcome = run(tmp_path, hostile(body))
        assert "refused" in json.loads(outcome.output)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_network_is_gone_even_without_the_guard_where_the_system_allows_it(tmp_path):
    if not sandbox._without_network():
        pytest.skip("this system makes no network namespaces")
    code = "import socket; print([name for _, name in socket.if_nameindex()])"
    assert run(tmp_path, ("-c", code)).output.strip() == "['lo']"


def test_memory_is_limited(tmp_path):
    outcome = run(tmp_path, hostile("bytearray(8_000_000_000)"))
    assert "MemoryError" in outcome.output


def test_a_converter_that_never_ends_is_ended(tmp_path):
    source = saved(tmp_path / "m.bin")
    program = ("-c", "import threading; threading.Event().wait()")
    assert "took longer than 0.5 s" in refusal(source, tmp_path / "m.safetensors", program=program, seconds=0.5)


@pytest.mark.parametrize(
    "code",
    [
        "open('converted.safetensors', 'wb').write(b'\\x80\\x02}q\\x00.')",
        "open('converted.safetensors', 'wb').write(b'')",
        "import os; os.symlink('/etc/hostname', 'converted.safetensors')",
        "import os; os.mkfifo('converted.safetensors')",
        "print('{\"tensors\": 5}')",
        "print('[' * 100000)",
        "raise SystemExit(3)",
        "import os; os.abort()",
    ],
)
def test_a_result_that_is_no_safetensors_is_not_accepted(tmp_path, code):
    refusal(saved(tmp_path / "m.bin"), tmp_path / "m.safetensors", program=("-c", code))


@pytest.mark.parametrize("value", first_is_fast({"a": 1}, [1, 2], {1: torch.ones(1)}, torch.ones(2)))
def test_a_pickle_that_is_no_set_of_weights_says_what_it_is(tmp_path, value):
    assert "it holds" in refusal(saved(tmp_path / "m.bin", value), tmp_path / "m.safetensors")


def test_a_module_named_like_a_library_beside_the_file_is_not_imported(tmp_path):
    (tmp_path / "torch.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    convert(saved(tmp_path / "m.bin"), tmp_path / "m.safetensors", agreed=True)
    assert not (tmp_path / "canary").exists()


def pickled_pipeline(folder):
    making.pipeline(folder)
    values = making.tensors(folder)
    making.weights(folder).unlink()
    torch.save(values, folder / "unet" / "diffusion_pytorch_model.bin")
    return folder, values


def test_a_pickled_model_is_refused_and_after_agreement_loads_as_the_converted_copy(tmp_path):
    folder, values = pickled_pipeline(tmp_path / "model")
    with pytest.raises(AssayError, match="This folder holds pickled weights, which can run code when opened"):
        load_diffusion(folder)
    hashes = convert_folder(folder, tmp_path / "copy", agreed=True)
    assert list(hashes) == ["unet/diffusion_pytorch_model.bin"]
    model = load_diffusion(tmp_path / "copy")
    assert torch.equal(model.unet.state_dict()["conv_in.weight"], values["conv_in.weight"])
    assert not list((tmp_path / "copy").rglob("*.bin"))


def test_a_folder_whose_conversion_fails_leaves_nothing(tmp_path):
    folder, _ = pickled_pipeline(tmp_path / "model")
    torch.save({"a": making.Canary(tmp_path / "canary")}, folder / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(AssayError, match="weights-only loader refused"):
        convert_folder(folder, tmp_path / "copy", agreed=True)
    assert not (tmp_path / "copy").exists() and not (tmp_path / "canary").exists()
