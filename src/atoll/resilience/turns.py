"""How long a turn of the event loop may be: the queue of a process that computes.

A handler that computes is never one of many in progress: what waits for it waits in sockets, where no limit of calls in
progress sees it, until the loop's next turn. So a turn's length is the queue's: what bounds the turn bounds the wait. A
burst is let through: only where turns have been long for a while is the rest of one refused (after CoDel, RFC 8289: a
queue that stands, not one that is long). Nothing has to be found by trial, and it ends with its cause.

Tried before, and worse: to refuse a share of all requests, found by the lag of a timer. When the loop is a second late,
so is the finding, and the share swings.
"""

import asyncio

import msgspec


class Turn(msgspec.Struct, frozen=True):
    """Which turns are long. Spans are in seconds.

    A turn is long from `long_s` on. Once they have been for `standing_s`, the more is refused the longer one has
    lasted, and from `full_s` on everything.
    """

    long_s: float = 0.05
    standing_s: float = 0.5
    full_s: float = 0.3


class Turns:
    """The turns of one loop, as whoever lets work in sees them."""

    __slots__ = ("_begun_at", "_is_within", "_long_since", "_policy", "was_long")

    def __init__(self, policy: Turn | None = None) -> None:
        self._policy = policy or Turn()
        self._is_within = False
        self._begun_at = 0.0
        self._long_since: float | None = None
        self.was_long = False
        """Whether the last turn in which anybody asked was long."""

    def refused(self, now: float) -> float:
        """Which share of what comes at this moment is refused, from 0 to 1. Asked for each request that comes."""
        if not self._is_within:
            self._is_within = True
            self._begun_at = now
            asyncio.get_running_loop().call_soon(self._end)
            return 0.0
        policy = self._policy
        spent_s = now - self._begun_at
        if spent_s < policy.long_s:
            return 0.0
        if self._long_since is None:
            self._long_since = self._begun_at
        if now - self._long_since < policy.standing_s:
            return 0.0
        return min(1.0, spent_s / policy.full_s)

    def _end(self) -> None:
        self._is_within = False
        self.was_long = asyncio.get_running_loop().time() - self._begun_at >= self._policy.long_s
        if not self.was_long:
            self._long_since = None
