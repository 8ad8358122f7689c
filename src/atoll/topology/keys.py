"""The API keys of an application, by its state folder: for whoever changes them beside it."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from atoll.adapters.locks import locked
from atoll.adapters.system import SystemClock, SystemDisk, SystemEntropy
from atoll.identity import ApiKeys

EDGE = "gateway"
"""Whose folder holds them."""

LOCK = "keys.lock"

WAIT_S = 10.0


@contextmanager
def api_keys(state: Path) -> Generator[ApiKeys]:
    """The API keys, which nobody else changes until the block is left; a gateway that runs sees changes in a second.

    Raises:
        TimeoutError: somebody else has held them for ten seconds.
    """
    folder = state / EDGE
    with locked(folder / LOCK, WAIT_S):
        yield ApiKeys(SystemDisk(folder), SystemClock(), SystemEntropy())
