"""One line about this computer: what runs will find here."""

import os
import platform
import shutil
from pathlib import Path

import psutil

from app.data.text import size_in_words


class SystemCheck:
    """The line, made when it is called: in a worker thread."""

    def __init__(self, root: Path, offline: bool) -> None:
        self._root, self._offline = root, offline

    def __call__(self) -> str:
        return system_words(self._root, self._offline)


def system_words(root: Path, offline: bool) -> str:
    """Processor, memory, disk, accelerator and network, in words; loads no library to find out."""
    memory = psutil.virtual_memory()
    place = next((folder for folder in (root, *root.parents) if folder.exists()), Path("/"))
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    parts = [
        f"{cores} processor core{'s' * (cores != 1)}",
        f"{size_in_words(memory.total)} of memory, {size_in_words(memory.available)} free",
        f"{size_in_words(shutil.disk_usage(place).free)} of disk free",
        _accelerator(),
        "offline: nothing leaves this machine" if offline else "online: runs may reach the hosts they name",
    ]
    return " · ".join(parts)


def _accelerator() -> str:
    """What the driver says is there; whether a run can use it is proved by the run."""
    if Path("/proc/driver/nvidia/gpus").is_dir() or shutil.which("nvidia-smi"):
        return "NVIDIA GPU found"
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "Apple GPU found"
    return "no GPU found, runs use the processor"
