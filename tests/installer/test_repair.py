"""What an interrupted set-up left is told whole or not by each package's own record."""

import base64
import hashlib
from pathlib import Path

import pytest

from installer.repair import forget_broken


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """Two packages as pip leaves them."""
    for name in ("alpha", "beta"):
        files = {f"{name}/__init__.py": b"value = 1\n", f"{name}-1.0.dist-info/INSTALLER": b"pip\n"}
        rows = []
        for path, content in files.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_bytes(content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.append(f"{path},sha256={digest},{len(content)}")
        rows += [f"{name}/__pycache__/__init__.cpython-311.pyc,sha256=other,9", f"{name}-1.0.dist-info/RECORD,,"]
        (tmp_path / f"{name}-1.0.dist-info" / "RECORD").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def test_whole_packages_are_kept(site_packages: Path) -> None:
    assert forget_broken(site_packages) == []


def test_a_package_with_a_missing_file_is_forgotten(site_packages: Path) -> None:
    (site_packages / "alpha" / "__init__.py").unlink()
    assert forget_broken(site_packages) == ["alpha-1.0"]
    assert [path.name for path in site_packages.glob("*.dist-info")] == ["beta-1.0.dist-info"]


@pytest.mark.parametrize("content", [b"", b"value = 2\n", b"value = 1\n\n"])
def test_a_package_with_other_content_is_forgotten(site_packages: Path, content: bytes) -> None:
    (site_packages / "beta" / "__init__.py").write_bytes(content)
    assert forget_broken(site_packages) == ["beta-1.0"]


@pytest.mark.parametrize("name", ["RECORD", "INSTALLER"])
def test_a_package_whose_record_was_not_finished_is_forgotten(site_packages: Path, name: str) -> None:
    (site_packages / "alpha-1.0.dist-info" / name).unlink()
    assert forget_broken(site_packages) == ["alpha-1.0"]


def test_what_pip_was_removing_is_removed(site_packages: Path) -> None:
    (site_packages / "~lpha").mkdir()
    forget_broken(site_packages)
    assert not (site_packages / "~lpha").exists()
