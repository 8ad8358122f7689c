"""Load shed at the door: what matters least goes first, before anybody has spent time on it.

Each request has a rank from 0 to 1 by its criticality, and by chance within it, so that a class goes little by little.
From the top of the ranks is refused what a long turn of the loop has no time for; and of the last fifth below the limit
of calls in progress a part that grows with its cube (Netflix 2024: nearly nothing at first, nearly all at the end).
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Protocol, Self

from atoll.kernel import Criticality
from atoll.resilience.gradient import AdaptiveLimit
from atoll.resilience.turns import Turns

WINDOW_S = 0.1
"""How often the limit adapts."""

FREE = 0.8
"""Up to this part of the limit everybody is let in."""

RANKS = {
    Criticality.CRITICAL: (0.0, 0.1),
    Criticality.NORMAL: (0.1, 0.6),
    Criticality.BACKGROUND: (0.6, 1.0),
}
"""From which rank to which a class reaches."""


class Doorkeeper(Protocol):
    """Lets requests in, or not. Whoever was let in is told of when it ends."""

    def admits(self, criticality: Criticality, now: float, *, is_patient: bool = False) -> bool:
        """Whether one more may begin at this moment of the loop's clock.

        Who `is_patient` asks again where it was refused, as often as it takes: it goes behind all others.
        """
        ...

    def ended(self, operation: Hashable, seconds: float | None) -> None:
        """One that was let in has ended; None where its time says nothing."""
        ...


class Shedding:
    """The door of one process. Owns a timer of its loop while there is something to do.

    `chance` gives random numbers from zero to one.
    """

    __slots__ = (
        "_chance",
        "_has_news",
        "_limit",
        "_turns",
        "in_progress",
        "is_looking",
        "shed",
    )

    def __init__(
        self,
        chance: Callable[[], float],
        limit: AdaptiveLimit | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._chance = chance
        self._limit = limit or AdaptiveLimit()
        self._turns = turns or Turns()
        self.in_progress = 0
        self.shed = dict.fromkeys(Criticality, 0)
        """How many were refused so far."""
        self.is_looking = self._has_news = False

    @classmethod
    def drawing(cls, bits: Callable[[int], int]) -> Self:
        """One that draws from `bits` of an `Entropy` when there is something to refuse.

        A generator of its own would take chance from whoever draws next, in worlds with a seed.
        """
        return cls(lambda: bits(32) / 2**32)

    @property
    def limit(self) -> float:
        """How many calls may be in progress."""
        return self._limit.limit

    def admits(self, criticality: Criticality, now: float, *, is_patient: bool = False) -> bool:
        """Whether one more may begin; if so, `ended` is called when it has."""
        self._has_news = True
        if not self.is_looking:
            self._look()
        in_progress = self.in_progress
        refused = self._turns.refused(now)
        if is_patient and self._turns.was_long:  # who comes first in each turn would never see that it gets long
            refused = 1.0
        if (refused or in_progress > FREE * self._limit.limit) and not self._is_low(criticality, refused):
            self.shed[criticality] += 1
            return False
        self.in_progress = in_progress + 1
        return True

    def ended(self, operation: Hashable, seconds: float | None) -> None:
        """One that was let in has ended."""
        if seconds is not None:
            self._limit.took(operation, seconds, self.in_progress)
        self.in_progress -= 1

    def _is_low(self, criticality: Criticality, refused: float) -> bool:
        """Whether its rank is below what has to go."""
        use = (self.in_progress / self._limit.limit - FREE) / (1.0 - FREE)
        kept = 1.0 - max(refused, max(0.0, use) ** 3)
        lowest, highest = RANKS[criticality]
        return lowest + (highest - lowest) * self._chance() < kept

    def _look(self) -> None:
        """Look again at the end of the window, as long as anybody comes."""
        self.is_looking = True
        self._has_news = False
        asyncio.get_running_loop().call_later(WINDOW_S, self._end_window)

    def _end_window(self) -> None:
        self._limit.adapt()
        self.is_looking = False
        if self._has_news:
            self._look()
