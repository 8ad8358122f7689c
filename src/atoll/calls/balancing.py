"""Which instance of a service is called: the less busy one of two, and not one that has just failed."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

LEFT_OUT_S = 0.25
"""How long an instance is left out after its first failure; twice as long after each further one."""

LEFT_OUT_MAX_S = 30.0

LATE_MAX = 5
"""After so many calls in a row that it did not answer in time, an instance has failed."""


class Candidate:
    """One instance as its callers see it: how many calls are under way, and how it has fared. Owned by one client."""

    def __init__(self) -> None:
        self.load = 0
        self._failures = 0
        self._late = 0
        self._left_out_until = 0.0

    def is_left_out(self, now: float) -> bool:
        """Whether it has failed so recently that others are asked instead."""
        return now < self._left_out_until

    @property
    def back_at(self) -> float:
        """When it is asked again, on the loop's clock."""
        return self._left_out_until

    def answered(self) -> None:
        """It has answered: nothing is held against it."""
        self._failures = self._late = 0
        self._left_out_until = 0.0

    def failed(self, now: float) -> None:
        """It could not be reached, or the connection was lost. Calls that fail together count once."""
        if self.is_left_out(now):
            return
        self._left_out_until = now + min(LEFT_OUT_MAX_S, LEFT_OUT_S * 2.0 ** min(self._failures, 16))
        self._failures += 1

    def was_late(self, now: float) -> None:
        """It did not answer in time; it may be the one that is slow, or what it was asked for."""
        self._late += 1
        if self._late >= LATE_MAX:
            self._late = 0
            self.failed(now)


C = TypeVar("C", bound=Candidate)


def choose(candidates: Sequence[C], now: float, below: Callable[[int], int], without: Collection[C] = ()) -> C | None:
    """The candidate to call: of two random ones the one with fewer calls under way; None where there is none.

    Mitzenmacher 2001, "The power of two choices in randomized load balancing". `below(n)` is a random number below n.
    Those that failed lately, and those in `without`, are passed over as long as there are others; where all have failed
    lately, the one that is back first is tried.
    """
    if len(candidates) == 1 and not without:
        return candidates[0]
    fit = [each for each in candidates if each not in without]
    if not fit:
        return None
    well = [each for each in fit if not each.is_left_out(now)]
    if not well:
        return min(fit, key=lambda each: each.back_at)
    if len(well) == 1:
        return well[0]
    first = below(len(well))
    second = (first + 1 + below(len(well) - 1)) % len(well)
    return min(well[first], well[second], key=lambda each: each.load)
