"""The folder of one run: the sockets of its processes, and the file that says where they listen.

It lies in the state folder, or, where that is too deep for the path of a Unix socket, among the machine's temporary
files. Nobody but its owner can look into it.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from atoll.kernel import AtollError

PATH_BYTES_MAX = 90
"""How long the path of a Unix socket may be, with something to spare: systems differ between 104 and 108."""

NUMBER_DIGITS = 6


class FolderTaken(AtollError):
    """A folder that is needed belongs to somebody else."""

    code = "folder_taken"

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder} belongs to somebody else: remove it, or name a shorter --state folder"


class RunFolder:
    """Owns its folder and everything in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pointed: dict[str, Path] = {}

    @classmethod
    def make(cls, state: Path, names: list[str]) -> "RunFolder":
        """A new folder, for sockets of these names; those of runs that have ended are removed.

        The caller holds the state folder's lock, so that whatever is there belongs to nobody any more.

        Raises:
            FolderTaken: somebody else has it.
        """
        state = state.absolute()
        runs = state / "run"
        shutil.rmtree(runs, ignore_errors=True)
        longest = max((len(os.fsencode(name)) for name in [*names, "supervisor"]), default=0)
        path = runs / str(os.getpid())
        digest = hashlib.sha256(os.fsencode(state)).hexdigest()[:16]
        other = Path(tempfile.gettempdir()) / f"atoll-{digest}"
        _remove_own(other)
        if len(os.fsencode(path)) + longest + len("/-.sock") + NUMBER_DIGITS > PATH_BYTES_MAX:
            path = other
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
        except FileExistsError:
            raise FolderTaken(str(path)) from None
        return cls(path)

    def socket(self, name: str) -> str:
        """The path of a socket in it."""
        return str(self.path / f"{name}.sock")

    def write(self, name: str, content: bytes) -> None:
        """Replace a file, which its owner alone can read: whoever does finds the old content or the new."""
        target = self.path / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}")
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)
        temporary.replace(target)

    def point(self, name: str, target: str | None) -> None:
        """Let the link `name` lead to a socket; to nothing where there is none."""
        link = self.path / f"{name}.sock"
        if target is None:
            link.unlink(missing_ok=True)
            self._pointed.pop(name, None)
        elif self._pointed.get(name) != Path(target):
            temporary = self.path / f".{name}.link"
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(target)
            temporary.replace(link)
            self._pointed[name] = Path(target)

    def remove(self) -> None:
        """Remove it with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):  # others may be there, or none at all
            if self.path.parent.name == "run":
                self.path.parent.rmdir()


def is_there(address: str) -> bool:
    """Whether there is a Unix socket at an address; whoever leaves takes his away."""
    return address.startswith("unix:") and Path(address.removeprefix("unix:")).exists()


def _remove_own(folder: Path) -> None:
    with contextlib.suppress(OSError):
        if folder.lstat().st_uid == os.getuid() and not folder.is_symlink():
            shutil.rmtree(folder)


class ChangingFile:
    """A file that somebody else writes again and again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> bytes | None:
        """Its content, where it has changed since it was last asked; None where it has not.

        Raises:
            OSError: it cannot be read.
        """
        status = self._path.stat()
        state = (status.st_ino, status.st_mtime_ns, status.st_size)
        if state == self._seen:
            return None
        content = self._path.read_bytes()
        self._seen = state
        return content
