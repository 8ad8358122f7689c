"""The keys of an application, by its state folder: for whoever changes or uses them beside it."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from atoll.adapters.locks import locked
from atoll.adapters.system import SystemClock, SystemDisk, SystemEntropy
from atoll.identity import OPERATOR, ApiKeys, own_credentials
from atoll.topology.joining import Operator, opened_authority
from atoll.topology.supervising import NotSupervised, supervision

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


def operator_token(operator: Operator, service: str) -> str:
    """A token with which the operator of an application calls one of its services.

    Raises:
        OSError, AuthorityUnreadable: the keys cannot be read.
    """
    clock, entropy = SystemClock(), SystemEntropy()
    with opened_authority(operator.application, operator.state, clock, entropy) as authority:
        return own_credentials(authority, OPERATOR, clock, entropy).token(service)


async def rotated(application: str, state: Path) -> str:
    """Let the authority sign with a new key; its id. Where a supervisor runs, it does that, and tells its processes.

    Raises:
        OSError, AuthorityUnreadable: the keys cannot be read or written.
    """
    try:
        async with supervision(state) as supervisor:
            return await supervisor.rotate()
    except NotSupervised:
        with opened_authority(application, state, SystemClock(), SystemEntropy()) as authority:
            return authority.rotate()
