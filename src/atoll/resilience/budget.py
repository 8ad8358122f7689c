"""A budget of retries: they stay a small part of what is asked, however much fails.

A token bucket for each caller and target. A success earns a tenth of a token, a retry costs a whole one, so that in the
long run the target is asked at most 1.1 times as often as without retries. When everything fails, N attempts a call
would be N times the load, at the worst moment. (Brooker, "Fixing retries with token buckets and circuit breakers",
2022; Finagle's retry budgets, 2016; gRFC A6.)
"""

from typing import Protocol


class Allowance(Protocol):
    """Says whether one more retry can be afforded."""

    def earn(self) -> None:
        """A call has succeeded."""
        ...

    def take(self, now: float) -> bool:
        """Whether there may be a retry at this moment of the loop's clock; one that may is paid for."""
        ...


EARNED = 0.1
"""What a success is worth."""

TOKENS_MAX = 100.0

TOKENS_AT_FIRST = 10.0
"""So that a caller that has just started is no worse off."""

RESERVE_S = 1.0
"""Once in so many seconds a retry is free, so that those who call seldom have theirs."""


class Budget:
    """The budget of one caller for one target. A success costs an addition: what it has earned is reckoned later."""

    __slots__ = ("_free_at", "_successes", "_tokens")

    def __init__(self) -> None:
        self._tokens = TOKENS_AT_FIRST
        self._successes = 0
        self._free_at = 0.0

    @property
    def tokens(self) -> float:
        """What is left."""
        return min(TOKENS_MAX, self._tokens + EARNED * self._successes)

    def earn(self) -> None:
        """A call has succeeded."""
        self._successes += 1

    def take(self, now: float) -> bool:
        """Whether there may be a retry now; one that may is paid for."""
        self._tokens, self._successes = self.tokens, 0
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return True
        if now >= self._free_at:
            self._free_at = now + RESERVE_S
            return True
        return False
