"""The locks pin everything with its hashes, name no index, and agree with pyproject.toml and with what is installed."""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from installer.lock import BY_NAME, entries
from installer.pip import without_hashes
from installer.place import RUN_LOCK, TEST_LOCK, Place
from installer.torch_builds import REQUIREMENT

PLACE = Place(Path(__file__).resolve().parents[2])
TEXTS = {name: PLACE.lock(name).read_text(encoding="utf-8") for name in (RUN_LOCK, TEST_LOCK)}
PIN = re.compile(r"([a-z0-9.-]+)==([^ ;\\]+)(?: ; [^\\]+)?")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name: str) -> list[tuple[str, str]]:
    found = [PIN.match(entry) for entry in entries(TEXTS[name])]
    assert all(found), "an entry is not an exact pin"
    return [(plain(match[1]), match[2]) for match in found if match]


@pytest.mark.parametrize("name", [RUN_LOCK, TEST_LOCK])
def test_every_pin_has_hashes(name: str) -> None:
    for entry in entries(TEXTS[name]):
        head, *hashes = [line.rstrip(" \\").strip() for line in entry.splitlines()]
        assert hashes, head
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), head


@pytest.mark.parametrize("name", [RUN_LOCK, TEST_LOCK])
def test_no_lock_names_an_index_or_a_file(name: str) -> None:
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links|--trusted-host| @ ", TEXTS[name])


@pytest.mark.parametrize("name", [RUN_LOCK, TEST_LOCK])
def test_torch_and_what_its_cuda_build_brings_are_left_to_pip(name: str) -> None:
    assert not [entry for entry in entries(TEXTS[name]) if BY_NAME.match(entry)]


def test_the_locks_share_no_package() -> None:
    assert not {name for name, _ in pins(RUN_LOCK)} & {name for name, _ in pins(TEST_LOCK)}


def test_qt_is_held_at_the_version_that_does_not_crash() -> None:
    found = {name: version for name, version in pins(RUN_LOCK) if name.startswith(("pyside6", "shiboken6"))}
    assert found == dict.fromkeys(["pyside6", "pyside6-addons", "pyside6-essentials", "shiboken6"], "6.11.3")


def test_what_pyproject_asks_for_is_what_is_locked() -> None:
    project = tomllib.loads((PLACE.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    core = project["dependencies"]
    assert REQUIREMENT in core
    locked = {f"{name}=={version}" for name, version in pins(RUN_LOCK)}
    more = {f"{name}=={version}" for name, version in pins(TEST_LOCK)}
    asked = {plain(line.split("==")[0]) + "==" + line.split("==")[1] for line in core} - {REQUIREMENT}
    wanted = {
        plain(line.split("==")[0]) + "==" + line.split("==")[1]
        for extra in ("test", "cluster", "tracking")
        for line in extras[extra]
    }
    assert asked <= locked
    assert wanted <= locked | more


def test_the_supported_pythons_are_the_same_everywhere() -> None:
    from installer.pythons import SUPPORTED

    project = tomllib.loads((PLACE.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (low, high) = project["requires-python"].split(",")
    assert low == f">={SUPPORTED[0][0]}.{SUPPORTED[0][1]}"
    assert high == f"<{SUPPORTED[-1][0]}.{SUPPORTED[-1][1] + 1}"


@pytest.mark.skipif(not (Path(sys.prefix) / "assay-stamp.json").exists(), reason="not in an environment of dev.py")
def test_this_environment_has_the_locked_versions() -> None:
    installed = {plain(found.name): found.version for found in metadata.distributions()}
    wrong = [
        f"{name} {installed[name]}, locked {sorted(versions)}"
        for name, versions in _versions().items()
        if name in installed and installed[name] not in versions
    ]
    assert not wrong


def test_constraints_are_the_pins_without_hashes() -> None:
    text = "a==1 ; sys_platform == 'linux' \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nb==2 \\\n    --hash=sha256:22\n"
    assert without_hashes(f"# made\n{text}") == "a==1 ; sys_platform == 'linux'\nb==2\n"


def _versions() -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for name, version in pins(RUN_LOCK) + pins(TEST_LOCK):
        versions.setdefault(name, set()).add(version)
    return versions
