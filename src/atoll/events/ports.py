"""The port between who publishes and who subscribes: a log, read from a position on."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

PARTITIONS = 32
"""Into how many partitions the keys of a log are spread: so many deliveries of a subscription go on at once, at most.

The number is part of what is stored, and never changes.
"""


class Wanted(msgspec.Struct, frozen=True):
    """What a subscription asks a log for: messages of some types in some partitions, behind the position `after`.

    At most `limit` messages; where there are none, the log waits `wait_s` seconds for some. `done` says up to where
    everything in these partitions has taken effect, durably: the log need not keep it for this subscription.
    """

    subscription: str
    types: tuple[str, ...]
    partitions: tuple[int, ...]
    after: int
    done: int
    limit: int = 500
    wait_s: float = 0.0


class Message(msgspec.Struct, frozen=True, gc=False):
    """One event in its envelope (CloudEvents 1.0, as JSON), with its place in the log."""

    position: int
    partition: int
    event: msgspec.Raw


class Batch(msgspec.Struct, frozen=True):
    """A part of a log: everything that was wanted between `after` and `until`.

    `incarnation` names the log: restoring a database from a backup makes a new one, which shares with the one before
    what was there at the moment of the backup; `forks` says of each earlier one up to which position. `oldest` is the
    first position that is still kept, `head` the last that there is.
    """

    incarnation: str
    after: int
    until: int
    oldest: int
    head: int
    messages: tuple[Message, ...] = ()
    forks: tuple[tuple[str, int], ...] = ()


class Log(Protocol):
    """The events of one publisher, in the order in which they were committed.

    Promises: messages with one key come in the order of their sequence; what is given out is durable, and stays at its
    position as long as the incarnation lasts; nothing is left out between `after` and `until`, so that a batch which
    does not begin where the reader is can be told. The same part may be given out any number of times.
    """

    async def fetch(self, wanted: Wanted) -> Batch:
        """What comes behind a position.

        Raises:
            Unavailable: the log cannot be reached, or is closing.
        """
        ...


def forked_at(batch: Batch, incarnation: str, position: int) -> int:
    """Where a reader of an earlier incarnation goes on in this one; 0 where nobody knows that incarnation any more."""
    known = dict(batch.forks)
    return min(position, known[incarnation]) if incarnation in known else 0


def covered(partitions: Sequence[int]) -> frozenset[int]:
    """The partitions among those that there are."""
    return frozenset(each for each in partitions if 0 <= each < PARTITIONS)
