"""Disks of a test's own, where the machine lets it mount some: small ones, and ones whose power can be cut."""

import os
import shutil
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


class LosingDisk:
    """A disk that forgets what was not synced when its power is cut: a file system in a file.

    What programs write stays in memory until it is synced (`commit=300`, and the kernel writes nothing back by itself
    within half a minute); a copy of the file is what a disk would hold at that moment. Mounting it replays its journal.
    """

    def __init__(self, folder: Path, mebibytes: int = 64) -> None:
        self._folder = folder
        self._image = folder / "image-0"
        with self._image.open("wb") as file:
            file.truncate(mebibytes * MEBIBYTE)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self._cuts = 0
        self.path = folder / "disk-0"
        """Where it is mounted: elsewhere after each cut."""
        self._mounted: list[Path] = []
        self._mount()

    def cut_power(self) -> None:
        """Go on with what the disk would hold now. Whoever writes has to be dead."""
        self._cuts += 1
        before, self._image = self._image, self._folder / f"image-{self._cuts}"
        shutil.copyfile(before, self._image)
        self.unmount()
        before.unlink()
        self.path = self._folder / f"disk-{self._cuts}"
        self._mount()

    def unmount(self) -> None:
        """Let go of it."""
        while self._mounted:
            subprocess.run(["umount", "--lazy", str(self._mounted.pop())], check=True)

    def _mount(self) -> None:
        mounted(["-o", "loop,commit=300", str(self._image)], self.path)
        self._mounted.append(self.path)


@contextmanager
def losing_disk(folder: Path, mebibytes: int = 64) -> Generator[LosingDisk]:
    """Such a disk until the block is left. The test is skipped where none can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk of its own: run the tests as root, in a container")
    disk = LosingDisk(folder, mebibytes)
    try:
        yield disk
    finally:
        disk.unmount()


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"{command[0]} does not work here: {error}")


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
