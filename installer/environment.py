"""Make the environment, or make it right again: virtual environment, locked packages, PyTorch, a check, the stamp."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from installer import system, torch_builds
from installer.faults import SetupError
from installer.pip import count_pins, run_pip, without_hashes
from installer.place import RUN_LOCK, TEST_LOCK, Place
from installer.progress import Progress
from installer.pythons import SUPPORTED, machine_problem
from installer.repair import forget_broken
from installer.stamp import Stamp, State, read_stamp, state_of, write_stamp

STEPS = 5
SELF_TEST = "import platform, PySide6.QtWidgets, numpy, torch, qiskit, cv2, pydantic; print(platform.python_version())"
INSIDE = """
import sys, sysconfig, pip
print(sys.prefix)
print(sysconfig.get_path("purelib"))
print(*sys.version_info[:2])
"""


def ensure(place: Place, *, for_tests: bool, torch: str | None, check_system: bool = True) -> None:
    """An environment that can be trusted. Nothing is done, and no process started, where there is one already."""
    if state_of(place, for_tests=for_tests, torch=torch) != "ready":
        if problem := machine_problem():
            raise SetupError(problem)
        _make_room(place)
        with only_one(place) as held:
            if state_of(place, for_tests=for_tests, torch=torch) != "ready":
                _set_up(place, for_tests=for_tests, torch=torch, check_system=check_system, held=held)
    elif check_system:
        _look_at_system_again(place, for_tests)


def free_space(
    place: Place, state: State, torch: str, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage
) -> str:
    """Raises SetupError when the disk cannot hold the environment; returns a warning, or nothing."""
    needed = torch_builds.SPACE[torch] if state in ("absent", "half-made") else 2.0
    free = usage(place.root)[2] / 1e9
    if state == "half-made":
        # What an interrupted set-up has already written need not be written again.
        free += sum(path.lstat().st_size for path in place.venv.rglob("*") if path.is_file()) / 1e9
    if free < needed:
        raise SetupError(
            f"Not enough disk space: Assay needs about {needed:.0f} GB beside {place.root}, {free:.1f} GB are free",
            "Free some space and start again.",
        )
    if not torch and sys.platform.startswith("linux") and state == "absent" and free < torch_builds.SPACE["cuda"]:
        return f"{free:.1f} GB are free; should PyTorch's CUDA build not fit, use --torch cpu"
    return ""


@contextlib.contextmanager
def only_one(place: Place) -> Iterator[int]:
    """Hold the set-up of this place, and wait for another one that does. The system lets go when its holders end.

    pip inherits the returned descriptor, so a pip that outlives a killed set-up is waited for as well.
    """
    descriptor = os.open(place.busy, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Another set-up works here; waiting for it to end.", flush=True)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _set_up(place: Place, *, for_tests: bool, torch: str | None, check_system: bool, held: int) -> None:
    state = state_of(place, for_tests=for_tests, torch=torch)
    before = read_stamp(place)
    build = torch if torch is not None else before.torch if before is not None else ""
    names = (RUN_LOCK, TEST_LOCK) if for_tests else (RUN_LOCK,)
    locks = [place.lock(name) for name in names]
    hashes = place.lock_hashes(for_tests)
    torch_arguments = torch_builds.arguments(build)
    progress = Progress(STEPS)
    if warning := free_space(place, state, build):
        progress.note(warning)
    place.stamp.unlink(missing_ok=True)
    shutil.rmtree(place.scratch, ignore_errors=True)

    progress.step("System libraries")
    complete = system.provide(progress, for_tests, place.log) if check_system else True
    progress.done("not looked at" if not check_system else "all there" if complete else "enough to start")

    progress.step(f"Environment in {place.venv}")
    progress.done(_python_inside(progress, place, state))

    progress.step(f"Packages, checked against their hashes (log: {place.log})")
    files = [argument for lock in locks for argument in ("-r", str(lock))]
    install = ["install", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    run_pip(progress, place, [*install, *files], count_pins(*locks), keep_open=[held])
    progress.done()

    progress.step(f"PyTorch ({build or 'the build of the package index'})")
    pins = place.venv / "assay-pins.txt"
    pins.write_text("".join(without_hashes(lock.read_text(encoding="utf-8")) for lock in locks), encoding="utf-8")
    run_pip(progress, place, ["install", "--constraint", str(pins), *torch_arguments], keep_open=[held])
    progress.done()

    progress.step("Check")
    python = _self_test(progress, place)
    shutil.rmtree(place.scratch, ignore_errors=True)
    executable = os.path.realpath(place.python)
    write_stamp(place, Stamp(python, executable, build, hashes, complete and check_system))
    progress.done()
    progress.finish("Assay is set up")


def _look_at_system_again(place: Place, for_tests: bool) -> None:
    """Where something lacked at set-up: was it installed since, and is what Assay cannot start without still there?"""
    stamp = read_stamp(place)
    if stamp is None or stamp.system:
        return
    needs = system.missing(for_tests)
    if any(need.required for need in needs):
        progress = Progress(1)
        progress.step("System libraries")
        system.provide(progress, for_tests, place.log)
        needs = system.missing(for_tests)
    if not needs:
        write_stamp(place, replace(stamp, system=True))


def _make_room(place: Place) -> None:
    """The folder for environment, log and lock. Anything that is not ours under that name is left alone."""
    is_ours = place.busy.exists() or (place.venv / "pyvenv.cfg").exists()
    if place.venv.is_dir() and not place.venv.is_symlink():
        strange = not is_ours and any(place.venv.iterdir())
    else:
        strange = place.venv.is_symlink() or place.venv.exists()
    if strange:
        raise SetupError(f"{place.venv} is there and is not an environment of Python", "Move it away and start again.")
    try:
        place.venv.mkdir(exist_ok=True)
    except OSError as error:
        raise SetupError(f"{place.venv} cannot be made: {error.strerror}", "Check who owns this folder.") from error


def _python_inside(progress: Progress, place: Place, state: State) -> str:
    """Make the virtual environment unless a working one is there; what was done, in words."""
    if state == "outdated":
        return "kept; its packages are brought up to date"
    site_packages = _site_packages(place)
    if site_packages is not None:
        progress.detail("looking for packages that are not whole")
        broken = forget_broken(site_packages)
        told = f"not whole, so installed anew: {', '.join(broken)}" if broken else "what is there is whole"
        return f"an interrupted set-up goes on; {told}"
    kept = {place.log.name, place.busy.name}
    left = [path for path in place.venv.iterdir() if path.name not in kept]
    for path in left:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    base = getattr(sys, "_base_executable", sys.executable)
    outcome = progress.follow([base, "-I", "-m", "venv", str(place.venv)], place.log, lambda line: None)
    if outcome.code != 0:
        said = "\n".join(f"    {line}" for line in outcome.tail)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            f"The environment could not be made:\n{said}",
            f"On Debian and Ubuntu it needs: {'' if os.geteuid() == 0 else 'sudo '}apt-get install -y {version}-venv"
            if sys.platform.startswith("linux")
            else "",
        )
    return "made anew, since its Python did not work" if left else "made"


def _site_packages(place: Place) -> Path | None:
    """Where the environment keeps its packages, when its Python and pip answer and belong to it."""
    if not os.access(place.python, os.X_OK):
        return None
    command = [str(place.python), "-I", "-c", INSIDE]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.splitlines()
    if answer.returncode != 0 or len(lines) != 3 or not os.path.samefile(lines[0], place.venv):
        return None
    if tuple(map(int, lines[2].split())) not in SUPPORTED:
        return None
    return Path(lines[1])


def _self_test(progress: Progress, place: Place) -> str:
    """The large libraries load: the last thing before the stamp says so. Returns the version of Python inside."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [str(place.python), "-I", "-c", SELF_TEST]
    outcome = progress.follow(command, place.log, lambda line: None, environment=environment)
    if outcome.code != 0:
        said = "\n".join(f"    {line}" for line in outcome.tail)
        raise SetupError(f"What was installed does not load:\n{said}", f"Everything that was said: {place.log}")
    return outcome.tail[-1]
