"""Small disks of a test's own, where the machine lets it mount some."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEBIBYTE = 1024 * 1024


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Generator[Path]:
    """A disk of so many mebibytes, in memory, mounted at a folder until the block is left.

    The test is skipped where nothing may be mounted.
    """
    mounted(["-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs"], folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mounted(what: list[str], folder: Path) -> None:
    """Mount something at a folder, or skip the test."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk of its own: run the tests as root, in a container")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *what, str(folder)], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip() or done.returncode}")


def fill(folder: Path, leave_bytes: int = 0) -> Path:
    """Take all room of a disk but for some; the file that takes it."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        while (free := free_bytes(folder) - leave_bytes) > 0:
            file.write(bytes(min(free, MEBIBYTE)))
    return ballast


def free_bytes(folder: Path) -> int:
    """How much room is left."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
