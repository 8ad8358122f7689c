"""Alarms: one timer of the loop for all deadlines of the same millisecond.

A call sets an alarm and clears it again, thousands of times a second. To tell the loop of each costs more than the rest
of a co-located call does; here it is an entry in a table. An alarm rings at its moment or within a millisecond after.
"""

import asyncio
import math
from typing import Protocol
from weakref import WeakKeyDictionary

TICKS_PER_S = 1_000


class Sleeper(Protocol):
    """Somebody who is to be woken."""

    def ring(self) -> None:
        """The moment has come."""
        ...


class Alarms:
    """The alarms of one loop. Owns its timers: one for each millisecond that somebody waits for.

    It holds the loop no longer than the loop holds it.
    """

    def __init__(self) -> None:
        self._ticks: dict[
            int, dict[Sleeper, None]
        ] = {}  # in the order in which they were set, so that a seed repeats it

    def set(self, loop: asyncio.AbstractEventLoop, at: float, sleeper: Sleeper) -> int:
        """Wake somebody at a moment of the loop's clock; what is given clears the alarm.

        A timer stays until its moment, whether or not somebody still sleeps: set none that is far away.
        """
        tick = math.ceil(at * TICKS_PER_S)
        sleepers = self._ticks.get(tick)
        if sleepers is None:
            sleepers = self._ticks[tick] = {}
            loop.call_at(tick / TICKS_PER_S, self._ring, tick)
        sleepers[sleeper] = None
        return tick

    def clear(self, tick: int, sleeper: Sleeper) -> None:
        """Let somebody sleep."""
        sleepers = self._ticks.get(tick)
        if sleepers is not None:
            sleepers.pop(sleeper, None)

    def _ring(self, tick: int) -> None:
        for sleeper in self._ticks.pop(tick):
            sleeper.ring()


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Alarms] = WeakKeyDictionary()


def alarms_of(loop: asyncio.AbstractEventLoop) -> Alarms:
    """The alarms of a loop, made when they are first asked for."""
    alarms = _by_loop.get(loop)
    if alarms is None:
        alarms = _by_loop[loop] = Alarms()
    return alarms
