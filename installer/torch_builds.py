"""Which build of PyTorch is installed: the index's own by default, or the one chosen with --torch."""

from __future__ import annotations

import sys

from installer.faults import SetupError

REQUIREMENT = "torch==2.13.0"
# Without a choice pip takes the build of its usual index (on Linux that is CUDA's). A choice is a folder of PyTorch's
# own index, which is also the local part of the build's version.
INDEX = "https://download.pytorch.org/whl"
BUILDS = {"cpu": "cpu", "cuda": "cu130", "rocm": "rocm7.2"}
# GB free for the environment, its downloads and their unpacking.
SPACE = {"": 6.0, "cpu": 6.0, "cuda": 12.0, "rocm": 20.0}


def arguments(choice: str, system: str = sys.platform) -> list[str]:
    """What pip is told; `choice` is "" or a key of BUILDS. Raises SetupError where there is no such build."""
    if system == "darwin":
        if choice in ("cuda", "rocm"):
            raise SetupError(f"There is no {choice.upper()} build of PyTorch for macOS", "Leave --torch out.")
        return [REQUIREMENT]
    if choice == "rocm" and not system.startswith("linux"):
        raise SetupError("PyTorch's ROCm build is for Linux", "Use --torch cpu, or leave it out.")
    if not choice:
        return [REQUIREMENT]
    return [f"{REQUIREMENT}+{BUILDS[choice]}", "--index-url", f"{INDEX}/{BUILDS[choice]}"]
