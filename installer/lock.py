"""Write the two locks from pyproject.toml: `python -m installer.lock` (needs uv: `pip install uv`).

`requirements.lock` is what `dev.py run` installs; `requirements-test.lock` is what `dev.py test` adds to it. Both hold
every transitive pin with the hashes of its wheels for every system and every supported Python, and no index.
PyTorch and what only its CUDA build brings are left out: pip installs it by name, so that a machine's own build is taken.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BY_NAME = re.compile(r"^(torch|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)==")
EXTRAS = ("--extra", "test", "--extra", "cluster", "--extra", "tracking")
HEADER = "# {what}\n# Made by `python -m installer.lock`; never edited by hand.\n"


def main() -> int:
    """Resolve twice (with the tests' extras, then the core under the same pins), so that the locks cannot disagree."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        print("uv is not installed: pip install uv", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        everything = _resolve(uv, Path(folder) / "everything.txt", *EXTRAS)
        pins = Path(folder) / "pins.txt"
        pins.write_text("\n".join(entry.split(" \\\n", 1)[0] for entry in everything) + "\n", encoding="utf-8")
        core = _resolve(uv, Path(folder) / "core.txt", "--constraint", str(pins))
    names = {_name(entry) for entry in core}
    tests = [entry for entry in everything if _name(entry) not in names]
    _write(ROOT / "installer" / "requirements.lock", "What Assay needs to run.", core)
    _write(ROOT / "installer" / "requirements-test.lock", "What the tests need on top of requirements.lock.", tests)
    print(f"{len(core)} pins to run, {len(tests)} more to test")
    return 0


def entries(text: str) -> list[str]:
    """The requirements of a lock, each with its hashes, without comments."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[str] = []
    for line in lines:
        if line.startswith(" "):
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return found


def _resolve(uv: str, target: Path, *more: str) -> list[str]:
    command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11"]
    command += ["--only-binary", ":all:", "--no-header", "--no-annotate", *more, "pyproject.toml", "-o", str(target)]
    subprocess.run(command, cwd=ROOT, check=True)
    return [entry for entry in entries(target.read_text(encoding="utf-8")) if not BY_NAME.match(entry)]


def _name(entry: str) -> str:
    return entry.split("==", 1)[0]


def _write(path: Path, what: str, found: list[str]) -> None:
    path.write_text(HEADER.format(what=what) + "\n".join(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
