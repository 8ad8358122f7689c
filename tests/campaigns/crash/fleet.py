"""The processes of an application as the campaign sees them: which live, which have died, and where they listen."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from atoll.hosting import Directory

SERVICES = ("till", "ledger", "archive")


@dataclass(frozen=True)
class Death:
    """When a process has died, of which service, and at which point where it was at one."""

    at: float
    service: str
    point: str = ""
    code: int = -signal.SIGKILL

    @property
    def is_violent(self) -> bool:
        """Whether it was killed, rather than that it ended by itself."""
        return self.code == -signal.SIGKILL


class Fleet(Protocol):
    """All processes of an application."""

    deaths: list[Death]
    """Those so far; whoever kills what is no process of the fleet adds to them."""
    armed: dict[int, str]
    """The points at which processes are to die that have not yet."""

    @property
    def directory(self) -> Directory:
        """Where its services listen."""
        ...

    def pids(self, services: Sequence[str]) -> list[int]:
        """The living processes of some services."""
        ...

    def kill(self, pid: int) -> None:
        """Kill one of them."""
        ...

    async def listening(self) -> None:
        """Wait until all of them listen."""
        ...


async def is_listening(path: str) -> bool:
    """Whether somebody takes calls at a socket."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
