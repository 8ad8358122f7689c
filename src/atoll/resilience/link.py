"""What one caller knows of one service that it calls: its breaker and its budget, and what an answer does to them."""

import enum
from collections.abc import Callable

from atoll.resilience.breaker import Breaker, Switch
from atoll.resilience.budget import Allowance, Budget
from atoll.resilience.retrying import Retry


class Fared(enum.Enum):
    """What the end of a call says about who was called."""

    WELL = "well"
    """It has answered; also with a problem of its contract, and with a failure that is its own bug: it can answer."""
    FAILED = "failed"
    """It cannot answer, or not in time."""
    SHED = "shed"
    """It has too much to do, and says so: that is no fault, and leaving it alone altogether would make it one."""
    UNKNOWN = "unknown"
    """Somebody behind it has failed, or nobody has waited for the answer."""


class Link:
    """One caller's view of one target. Owned by the caller."""

    __slots__ = ("breaker", "budget")

    def __init__(self, breaker: Switch, budget: Allowance) -> None:
        self.breaker = breaker
        self.budget = budget

    def ended(self, now: float, fared: Fared, *, is_probe: bool) -> None:
        """A call has ended. `is_probe` tells that the breaker was asked whether it may go out."""
        if fared is Fared.WELL:
            self.budget.earn()
        if fared in (Fared.WELL, Fared.FAILED):
            if is_probe:
                self.breaker.probed(now, is_well=fared is Fared.WELL)
            elif fared is Fared.WELL:
                self.breaker.succeeded(now)
            else:
                self.breaker.failed(now)
        elif is_probe:
            self.breaker.left()


Chance = Callable[[], float]
"""Gives random numbers from zero to one."""


def watched_link(chance: Chance) -> Link:
    """The link that calls have unless they are given another one."""
    return Link(Breaker(chance), Budget())


class Policies:
    """What wraps the calls of one caller: how they are tried again, and what is known of each target."""

    def __init__(self, retry: Retry | None = None, link: Callable[[Chance], Link] = watched_link) -> None:
        self.retry = retry or Retry()
        self.link = link
