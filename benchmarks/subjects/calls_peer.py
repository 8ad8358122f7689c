"""What a stack has to offer to be measured in calls between two processes.

A module `benchmarks.subjects.calls_NAME` has both sides of a stack, `serving` and `calling`. Before it is measured, a
client has seen that the answer is the right one, and that the server refuses a body that is none.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from benchmarks.subjects.leads import LEAD, Score, score_of

CONNECTIONS_MAX = 128
"""What every client with a pool may open: more than it needs."""

IDLE_S = 600.0
"""How long idle connections stay: longer than other stacks take their turns."""

WRONG = msgspec.json.encode({**msgspec.to_builtins(LEAD), "email": 5})
"""A lead whose email is a number."""


class Refused(Exception):
    """The server refused a body because it is no lead."""


class Caller(Protocol):
    """A client in use."""

    async def call(self) -> object:
        """One typed call: a lead in, the validated score out."""
        ...

    async def call_wrongly(self) -> None:
        """Send `WRONG` past the client's own types, and raise `Refused` when the server says what is wrong."""
        ...


class Peer(Protocol):
    """A module of a stack."""

    serving: Callable[[Path], AbstractAsyncContextManager[str]]
    calling: Callable[[str], AbstractAsyncContextManager[Caller]]


async def check(caller: Caller) -> None:
    """See that both sides do what is measured.

    Raises:
        RuntimeError: the answer is another one, or a wrong body was taken.
    """
    answer = await caller.call()
    if msgspec.convert(answer, Score, from_attributes=True) != score_of(LEAD.id):
        raise RuntimeError(f"the answer is not the right one: {answer}")
    try:
        await caller.call_wrongly()
    except Refused:
        return
    raise RuntimeError("the server took a number for an email")
