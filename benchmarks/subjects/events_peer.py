"""What a stack has to offer to be measured in events from one process to another.

A module `benchmarks.subjects.events_NAME` has both sides of a stack, `producing` and `subscribing`. The event says that
a lead was captured, 300 bytes; the effect is an upsert of the lead's score, in a transaction of its own for each event.
Events have numbers, by which both sides note when each was committed; the subscriber's rows count the events that they
have seen, so that a lost effect and a second one are found in the database.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from benchmarks.measuring.stamps import Publish

LEADS = 1000
"""How many leads there are, whose events come in turns: each event of one changes the same row."""


class Subscribed(Protocol):
    """A subscriber in use."""

    async def effects(self) -> int:
        """How many effects its database has, since it was made."""
        ...


class Peer(Protocol):
    """A module of a stack. The address says where its servers are, in its own words."""

    producing: Callable[[str], AbstractAsyncContextManager[Publish]]
    """In use, it commits the event with a given number."""

    subscribing: Callable[[str, Callable[[int], None]], AbstractAsyncContextManager[Subscribed]]
    """In use, it tells the number of each event whose effect it has committed."""


class OneProcess(Protocol):
    """A module of a stack whose sides can share a process."""

    both: Callable[[str, Callable[[int], None]], AbstractAsyncContextManager[tuple[Publish, Subscribed]]]
    """In use, it commits events and tells of effects, as the two sides of a `Peer` do."""


def lead_of(number: int) -> str:
    """The lead to which an event belongs: the key of the rows, 36 characters."""
    return str(UUID(int=number % LEADS))


def message_id(number: int) -> UUID:
    """Tells events apart; holds the number."""
    return UUID(int=number)
