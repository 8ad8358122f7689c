"""Files as a port: a service sees its own folder and nothing else."""

from collections.abc import Callable
from typing import Protocol


class Disk(Protocol):
    """A folder that belongs to one owner; names are relative to it and never leave it.

    Promises: `write` is atomic (readers see the old content or the new, never half of it) and durable when it
    returns; with `private` nobody but the owner of the process can read the file (mode 0600).
    """

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None when there is no such file."""
        ...

    def write(self, name: str, content: bytes, *, private: bool = False) -> None:
        """Replace the content of a file, making it and its folders when they are missing."""
        ...

    def ensure(self, name: str, make: Callable[[], bytes], *, private: bool = False) -> bytes:
        """The content of a file, which is made where it is missing.

        Of several processes that do so at once one makes it, and all are given the same.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when there is none."""
        ...

    def location(self, name: str) -> str:
        """Where a person finds this file: for messages only."""
        ...
