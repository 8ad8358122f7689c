"""A SQLite file belongs to the processes of one machine: its log is memory that they share, and no network carries it.

Two things tell of a second machine: the file lies in a file system that others mount, too; or somebody has it open who
has written another machine's name beside it. Names are those that the kernel gives itself at each boot, so that
containers of one host, which share its memory, are one machine.
"""

import contextlib
import fcntl
import os
from collections.abc import Generator, Iterable
from pathlib import Path

from atoll.data import DatabaseUnavailable

SHARED = frozenset(
    "afs beegfs ceph cifs fuse.glusterfs fuse.s3fs fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 smb3 smbfs".split()
)
"""File systems that several machines see."""

MOUNTS = Path("/proc/self/mountinfo")
BOOT = Path("/proc/sys/kernel/random/boot_id")

WAY_OUT = "several machines need PostgreSQL: set [database] url in atoll.toml"


def held_by_this_machine(path: Path) -> int:
    """A lock that everybody shares who has the database open: whoever restores it wants it alone.

    Raises:
        DatabaseUnavailable: it is being restored, or belongs to another machine.
    """
    kind = file_system_of(path.parent.resolve(), _read(MOUNTS).splitlines())
    if kind in SHARED:
        raise DatabaseUnavailable(f"{path} lies in a file system of the network ({kind}): {WAY_OUT}")
    with _alone(path) as name:
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, name, path)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def file_system_of(folder: Path, mounts: Iterable[str]) -> str:
    """The kind of file system that a folder lies in, as Linux lists them (proc(5), mountinfo); empty where unknown.

    >>> file_system_of(Path("/data/x"), ["1 0 0:1 / / rw - ext4 /dev/a rw", "2 1 0:2 / /data rw - nfs4 h:/e rw"])
    'nfs4'
    """
    found, depth = "", -1
    for line in mounts:
        before, _, behind = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not behind:
            continue
        at = Path(fields[4].encode().decode("unicode_escape"))
        if (at == folder or at in folder.parents) and len(at.parts) >= depth:
            found, depth = behind.split()[0], len(at.parts)
    return found


@contextlib.contextmanager
def _alone(path: Path) -> Generator[int]:
    """The file in which the machine's name stands, for one process at a time: for microseconds."""
    name = os.open(path.with_name(f"{path.name}-machine"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(name, fcntl.LOCK_EX)
        yield name
    finally:
        os.close(name)


def _lock(descriptor: int, name: int, path: Path) -> None:
    """Take the lock that everybody shares; where another machine's name stands, first see that nobody has it."""
    here, written = _read(BOOT).strip().encode(), os.pread(name, 100, 0).strip()
    if written not in (b"", here) and not _is_locked(descriptor, fcntl.LOCK_EX):
        raise DatabaseUnavailable(f"another machine has {path} open, or restores it: {WAY_OUT}")
    if written != here:
        os.ftruncate(name, 0)
        os.pwrite(name, here + b"\n", 0)
    if not _is_locked(descriptor, fcntl.LOCK_SH):
        raise DatabaseUnavailable(f"{path} is being restored: try again when that has ended")


def _is_locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # no Linux: nobody says
        return ""
