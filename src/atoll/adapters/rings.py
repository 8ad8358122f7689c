"""Rings: records of one process in a file that is mapped into memory, for whoever collects them.

What was written is the kernel's: it is there whatever becomes of the process, SIGKILL included, and writing it is a
copy in memory. One writes, and one reads in another process or in the same; neither waits for the other. A reader who
is too slow loses the oldest records, and knows how many bytes.

The file is a head and a number of blocks. A record is its length (32 bits, little endian) and its bytes, and lies in
one block; a length of zero ends the block. `written` in the head counts all bytes since the ring was made, the rests of
blocks included, and is set after the record was copied, by one store of the machine: who reads, or kills, in the
middle finds the count before or after it. The writer holds a lock on the file as long as it lives.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path

HEAD = 4096
"""Bytes of the head: a page."""
BLOCK = 64 * 1024
RECORD_MAX = BLOCK - 8
"""So many bytes a record may have; what is longer is not taken."""
BLOCKS = 128
"""Blocks of a ring unless it is made with another number: 8 MiB, about 60,000 calls."""

_MAGIC = b"atoll-r1"
_LENGTH = struct.Struct("<I")
_SHORT = 1024
_PACKED = tuple(_LENGTH.pack(max(0, size - 4)) for size in range(_SHORT))
"""The lengths of short records, as they are written."""
_WRITTEN_AT, _BLOCKS_AT, _NAME_AT = 8, 16, 24
_NAME_MAX = 200


def _count(ring: mmap.mmap) -> memoryview:
    """The count of a ring, as an item that is read and set in one go: `struct` makes it zero before it sets it."""
    return memoryview(ring)[_WRITTEN_AT:_BLOCKS_AT].cast("Q")


class RingWriter:
    """Writes one ring, and owns its file. Not safe for threads: each has to be the only one that writes.

    Where the file cannot be made, since the disk is full, say, the ring is in memory alone: `why_not` says so.
    """

    def __init__(self, path: Path, name: str, blocks: int = BLOCKS) -> None:
        self._size = blocks * BLOCK
        self.why_not = ""
        self.lost = 0
        """Records that were too long."""
        self._file = -1
        try:
            self._map = self._made(path, self._size)
        except OSError as error:
            self.why_not = f"{path}: {error.strerror}"
            self._map = mmap.mmap(-1, HEAD + self._size)
        self._written = 0
        self._count = _count(self._map)
        self._at = HEAD
        self._room = BLOCK
        encoded = name.encode()[:_NAME_MAX]
        _LENGTH.pack_into(self._map, _BLOCKS_AT, blocks)
        self._map[_NAME_AT : _NAME_AT + 1 + len(encoded)] = bytes([len(encoded)]) + encoded
        self._map[: len(_MAGIC)] = _MAGIC

    def _made(self, path: Path, size: int) -> mmap.mmap:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(self._file, 0, HEAD + size)  # a page that has no place on the disk would end the process
            return mmap.mmap(self._file, HEAD + size)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1
            raise

    def write(self, record: bytes) -> None:
        """Take one record."""
        size = len(record) + 4
        room = self._room
        if room < size:
            if size > RECORD_MAX + 4:
                self.lost += 1
                return
            room = self._next_block()
        start = self._at
        self._at = end = start + size
        self._room = room - size
        self._map[start:end] = _PACKED[size] + record if size < _SHORT else _LENGTH.pack(size - 4) + record
        self._written += size
        self._count[0] = self._written

    def _next_block(self) -> int:
        """Go to the next block, the first one after the last; how much room it has."""
        if self._room >= 4:
            _LENGTH.pack_into(self._map, self._at, 0)
        self._written += self._room
        self._at = HEAD + self._written % self._size
        return BLOCK

    def close(self) -> None:
        """Let go of the file: whoever collects takes what is left in it, and the file."""
        self._count.release()
        self._map.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class NotARing(Exception):  # says what the file is not
    """A file is no ring, or is not one yet."""


class RingReader:
    """Reads one ring, from `position` on. Owns its view of the file.

    Raises:
        NotARing: the file is none, or is not whole yet.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, position: int = 0) -> None:
        self.path = path
        self.position = position
        """Up to where it was read; a place that `read` has been at, also of an earlier reader."""
        self.missed_bytes = 0
        """Bytes that were overwritten before they were read."""
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = os.fstat(self._file).st_size
            if size < HEAD + BLOCK:
                raise NotARing(str(path))
            self._map = mmap.mmap(self._file, size)
        except BaseException:
            os.close(self._file)
            raise
        self._count = _count(self._map)
        self._size: int = _LENGTH.unpack_from(self._map, _BLOCKS_AT)[0] * BLOCK
        if self._map[: len(_MAGIC)] != _MAGIC or HEAD + self._size != size:
            self.close()
            raise NotARing(str(path))
        self.name = self._map[_NAME_AT + 1 : _NAME_AT + 1 + self._map[_NAME_AT]].decode(errors="replace")

    def read(self, bytes_max: int = 4 * 1024 * 1024) -> Iterator[tuple[int, bytes]]:
        """What was written since, up to now and up to so many bytes: each record with the position behind it.

        `position` moves on with each record that was taken.
        """
        written = self._written
        self._catch_up(written)
        ends_at = min(written, self.position + bytes_max)
        while (begin := self.position) < ends_at:
            at = begin % self._size
            room = BLOCK - at % BLOCK
            block = self._map[HEAD + at : HEAD + at + min(room, written - begin)]
            if self._is_overwritten(begin):
                self._catch_up(self._written)
                continue
            yield from self._records(block, begin)
            if len(block) == room or self.position < begin + len(block):  # the rest of it is no record
                self.position = begin + room

    def _records(self, block: bytes, begin: int) -> Iterator[tuple[int, bytes]]:
        """The records of a block, from a position in it on, up to where it was written or ends."""
        end, size = 0, len(block)
        while end + 4 <= size:
            start = end + 4
            end = start + _LENGTH.unpack_from(block, end)[0]
            if end == start or end > size:
                return
            self.position = position = begin + end
            yield position, block[start:end]

    @property
    def is_left(self) -> bool:
        """Whether its writer is gone, so that nothing more will come."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return True

    @property
    def is_at_end(self) -> bool:
        """Whether everything that was written so far was read."""
        written = self._written
        return self.position >= written

    def close(self) -> None:
        """Let go of the file."""
        if hasattr(self, "_map"):
            self._count.release()
            self._map.close()
        os.close(self._file)

    @property
    def _written(self) -> int:
        count: int = self._count[0]
        return count

    def _is_overwritten(self, position: int) -> bool:
        """Whether the block of a position may have been begun anew meanwhile."""
        written = self._written
        return written + BLOCK > position - position % BLOCK + self._size

    def _catch_up(self, written: int) -> None:
        """Pass over what was overwritten: to the oldest block that is whole."""
        if written + BLOCK <= self.position - self.position % BLOCK + self._size:
            return
        oldest = (written // BLOCK + 2) * BLOCK - self._size
        if oldest > self.position:
            self.missed_bytes += oldest - self.position
            self.position = oldest
