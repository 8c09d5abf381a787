"""A Python or machine that cannot run Assay is told so, and a fitting Python is used where there is one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from installer import pythons

DEV = Path(__file__).resolve().parents[2] / "installer" / "dev.py"


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 13, 9)])
def test_supported_pythons_are_accepted(version: tuple[int, ...]) -> None:
    assert pythons.python_problem(version, "CPython", True) == ""


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (3, 14, 0), (4, 0, 0)])
def test_another_version_is_told_which_ones_fit(version: tuple[int, ...]) -> None:
    problem = pythons.python_problem(version, "CPython", True)
    assert ".".join(map(str, version)) in problem
    assert "3.11, 3.12 or 3.13" in problem


def test_pypy_and_32_bit_pythons_are_refused() -> None:
    assert "PyPy" in pythons.python_problem((3, 11, 4), "PyPy", True)
    assert "64-bit" in pythons.python_problem((3, 11, 4), "CPython", False)


@pytest.mark.parametrize(
    ("system", "machine", "libc", "said"),
    [
        ("linux", "x86_64", ("glibc", "2.36"), ""),
        ("linux", "x86_64", ("glibc", "2.31"), "2.34"),
        ("linux", "aarch64", ("glibc", "2.36"), "2.39"),
        ("linux", "x86_64", ("", ""), "C library"),
        ("linux", "riscv64", ("glibc", "2.41"), "riscv64"),
        ("darwin", "x86_64", ("", ""), "Apple silicon"),
        ("darwin", "arm64", ("", ""), ""),
        ("win32", "AMD64", ("", ""), ""),
    ],
)
def test_a_machine_without_wheels_is_told_why(system: str, machine: str, libc: tuple[str, str], said: str) -> None:
    problem = pythons.machine_problem(system, machine, libc)
    assert said in problem
    assert bool(problem) == bool(said)


def test_a_stand_in_that_does_not_answer_is_passed_over(tmp_path: Path) -> None:
    stand_in = tmp_path / "python3.11"
    stand_in.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    stand_in.chmod(0o755)
    assert pythons.fitting_python({"python3.11": str(stand_in)}.get) is None


def test_a_python_that_answers_is_found() -> None:
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert pythons.fitting_python({name: sys.executable}.get) == sys.executable


def test_an_old_python_ends_with_a_sentence_when_no_other_is_there(tmp_path: Path) -> None:
    pretend = (
        "import sys, runpy; sys.version_info = (3, 9, 18, 'final', 0); "
        f"sys.argv = [{str(DEV)!r}, 'run']; runpy.run_path({str(DEV)!r}, run_name='__main__')"
    )
    environment = {**os.environ, "PATH": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-c", pretend], capture_output=True, text=True, env=environment, timeout=30
    )
    assert answer.returncode == 1
    assert "3.9.18" in answer.stderr and "3.11, 3.12 or 3.13" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("name", ["dev.py", "pythons.py", "__init__.py"])
def test_the_first_files_are_readable_by_python_3_8(name: str) -> None:
    import ast

    ast.parse((DEV.parent / name).read_text(encoding="utf-8"), feature_version=(3, 8))
