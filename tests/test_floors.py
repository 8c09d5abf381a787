"""The house: each floor imports only from floors below it, and the window stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ["core", "stats", "data", "models", "engines", "runs", "widgets", "workspaces", "shell"]
ABOVE = {"cli", "__main__"}
HEAVY = {"torch", "transformers", "diffusers", "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "cv2", "sklearn", "scipy"}
QT = {"PySide6", "pyqtgraph", "qtawesome", "shiboken6"}


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    """Dotted names that the module imports; with `top_level`, only those that run when it is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    nodes = list(_import_time(tree) if top_level else ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            package = path.relative_to(ROOT).with_suffix("").parts[: -node.level]
            found.add(".".join((*package, node.module or "")).rstrip("."))
    return found


def _import_time(node: ast.AST):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _import_time(child)


def floor_of(name: str) -> str:
    return name.split(".")[1] if name.startswith("app.") and name != "app.__version__" else ""


MODULES = sorted((ROOT / "app").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_floors_below_it(path):
    here = path.relative_to(ROOT / "app").with_suffix("").parts[0]
    if here in ABOVE or here == "__init__":
        return
    level = FLOORS.index(here)
    for name in imports(path):
        there = floor_of(name)
        if not there or there == here:
            continue
        assert there in FLOORS and FLOORS.index(there) < level, f"{here} must not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_engines_do_not_know_each_other(path):
    parts = path.relative_to(ROOT / "app").parts
    if parts[0] != "engines" or len(parts) < 3:
        return
    others = {name for name in imports(path) if name.startswith("app.engines.")}
    assert all(name.split(".")[2] == parts[1] for name in others), others


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_qt_stays_on_the_upper_floors(path):
    here = path.relative_to(ROOT / "app").with_suffix("").parts[0]
    if here in {"widgets", "workspaces", "shell"}:
        return
    assert not {name.split(".")[0] for name in imports(path)} & QT


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_engines_and_models_know_the_heavy_libraries(path):
    here = path.relative_to(ROOT / "app").with_suffix("").parts[0]
    names = {name.split(".")[0] for name in imports(path, top_level=here in {"data", "stats", "runs"})}
    if here in {"engines", "models"}:
        return
    assert not names & HEAVY, f"{path.name} imports {names & HEAVY}"


@pytest.mark.parametrize("path", sorted((ROOT / "app" / "engines").glob("*/tasks.py")), ids=str)
def test_a_tasks_module_imports_light(path):
    probe = f"import sys, app.engines as e; e.load_tasks(); print(sorted(set(sys.modules) & {HEAVY!r}))"
    answer = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_nothing_is_called_utils():
    names = {part for path in MODULES for part in path.with_suffix("").parts}
    assert not names & {"utils", "common", "helpers", "misc"}
