"""A circuit breaker: a target that keeps failing is left alone for a while, and comes back step by step.

It opens when, of at least 20 calls within ten seconds, half have failed. It stays open for a second, which is what a
supervisor takes to start an instance again, and twice as long each time it opens again soon after, up to half a minute;
a fifth more or less, so that callers do not come back together. Then one call is let through; each that succeeds lets
one more be under way at a time; after 20 it is closed. One that fails opens it again. (Nygard, "Release It!", 2007;
defaults between those of Hystrix and Polly 8. They let a share of calls through, which refuses most calls of those who
call seldom; a number under way does not.)
"""

import enum
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec


class State(enum.StrEnum):
    """Whether calls are let through: all, none, or some to see whether it works again."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"


class Break(msgspec.Struct, frozen=True):
    """When a breaker opens, and for how long. Spans are in seconds."""

    window_s: float = 10.0
    calls_min: int = 20
    failing: float = 0.5
    open_s: float = 1.0
    open_max_s: float = 30.0
    jitter: float = 0.2
    calm_s: float = 30.0
    """One that was closed for so long begins anew with the shortest time."""


BUCKETS = 10


class Switch(Protocol):
    """Lets calls of one target through, or not.

    As long as it `is_closed` all are; else each is asked for (`admits`) and told of (`probed`, or `left`).
    """

    is_closed: bool

    def admits(self, now: float) -> bool:
        """Whether one call may go out, to see how the target fares."""
        ...

    def succeeded(self, now: float) -> None:
        """A call has ended well."""
        ...

    def failed(self, now: float) -> None:
        """A call has failed by the target's fault."""
        ...

    def probed(self, now: float, *, is_well: bool) -> None:
        """How a call has ended that was asked for."""
        ...

    def left(self) -> None:
        """A call that was asked for says nothing about the target."""
        ...

    def shut_s(self, now: float) -> float:
        """For how long no call is let through."""
        ...


class Breaker:
    """The breaker of one caller for one target. `chance` gives random numbers from zero to one."""

    __slots__ = (
        "_bad",
        "_bucket_ends_at",
        "_chance",
        "_closed_at",
        "_good",
        "_past",
        "_policy",
        "_proved",
        "_tries_at",
        "_trips",
        "_under_way",
        "is_closed",
        "state",
    )

    def __init__(self, chance: Callable[[], float], policy: Break | None = None) -> None:
        self._policy = policy or Break()
        self._chance = chance
        self.state = State.CLOSED
        self.is_closed = True
        self._good = self._bad = 0
        self._bucket_ends_at = 0.0
        self._past: deque[tuple[float, int, int]] = deque()
        self._trips = 0
        self._closed_at = self._tries_at = 0.0
        self._proved = self._under_way = 0

    def succeeded(self, now: float) -> None:
        """A call has ended well."""
        if now >= self._bucket_ends_at:
            self._next_bucket(now)
        self._good += 1

    def failed(self, now: float) -> None:
        """A call has failed by the target's fault; opens where that was one too many."""
        if now >= self._bucket_ends_at:
            self._next_bucket(now)
        self._bad += 1
        if not self.is_closed:  # it was begun before it opened
            return
        horizon = now - self._policy.window_s
        good = self._good + sum(each[1] for each in self._past if each[0] > horizon)
        bad = self._bad + sum(each[2] for each in self._past if each[0] > horizon)
        if good + bad >= self._policy.calls_min and bad >= self._policy.failing * (good + bad):
            self._open(now)

    def admits(self, now: float) -> bool:
        """Whether one call may go out; after it, `probed` or `left`."""
        if self.state is State.OPEN:
            if now < self._tries_at:
                return False
            self.state = State.TRYING
            self._proved = self._under_way = 0
        if self._under_way > self._proved:
            return False
        self._under_way += 1
        return True

    def probed(self, now: float, *, is_well: bool) -> None:
        """How a call has ended that was asked for."""
        if self.state is not State.TRYING:  # another one was quicker to decide
            return
        self.left()
        if not is_well:
            self._open(now)
            return
        self._proved += 1
        if self._proved >= self._policy.calls_min:
            self.state = State.CLOSED
            self.is_closed = True
            self._closed_at = now

    def left(self) -> None:
        """A call that was asked for says nothing about the target."""
        self._under_way = max(0, self._under_way - 1)

    def shut_s(self, now: float) -> float:
        """For how long no call is let through."""
        return max(0.0, self._tries_at - now) if self.state is State.OPEN else 0.0

    def _open(self, now: float) -> None:
        policy = self._policy
        if self.state is State.CLOSED and now - self._closed_at >= policy.calm_s:
            self._trips = 0
        open_s = min(policy.open_max_s, policy.open_s * 2.0 ** min(self._trips, 16))
        self._trips += 1
        self._tries_at = now + open_s * (1.0 + policy.jitter * (2.0 * self._chance() - 1.0))
        self.state = State.OPEN
        self.is_closed = False
        self._past.clear()
        self._good = self._bad = 0

    def _next_bucket(self, now: float) -> None:
        width_s = self._policy.window_s / BUCKETS
        if self._good or self._bad:
            self._past.append((self._bucket_ends_at, self._good, self._bad))
        while self._past and self._past[0][0] <= now - self._policy.window_s:
            self._past.popleft()
        self._good = self._bad = 0
        self._bucket_ends_at = now + width_s
