"""How many calls are let in: by how long they take, by the turns of the loop, and by what matters."""

import asyncio
from random import Random

import pytest

from atoll.kernel import Criticality
from atoll.resilience import AdaptiveLimit, Shedding, Turns
from atoll.testing import SimulatedLoop
from tests.simulated import simulated

NORMAL = Criticality.NORMAL


def after(windows: int, limit: AdaptiveLimit, seconds: float, in_progress: int) -> float:
    """The limit after so many windows of calls that take so long."""
    for _ in range(windows):
        for _ in range(20):
            limit.took("op", seconds, in_progress)
        limit.adapt()
    return limit.limit


def test_a_process_that_is_not_slow_has_the_highest_limit() -> None:
    """From the beginning: nobody is refused before there is a reason."""
    limit = AdaptiveLimit()

    assert after(100, limit, 0.01, 900) == 1_000


def test_when_calls_take_longer_fewer_are_let_in() -> None:
    """Down from where it is used, not from far above, so that it takes a second or two."""
    limit = AdaptiveLimit()
    after(5, limit, 0.01, 50)

    assert after(30, limit, 0.1, 200) < 100


def test_it_never_falls_below_the_least() -> None:
    """Something has to be tried, or nobody would find out that it is over."""
    limit = AdaptiveLimit()
    after(5, limit, 0.01, 50)

    assert after(300, limit, 1.0, 200) >= 20


def test_it_comes_back_when_calls_are_as_quick_as_before() -> None:
    """And is used: nobody knows what is above."""
    limit = AdaptiveLimit()
    after(5, limit, 0.01, 50)
    after(50, limit, 0.1, 200)
    low = limit.limit

    assert after(60, limit, 0.01, int(low)) > low * 2


def test_a_change_of_the_mix_is_no_queue() -> None:
    """Slow operations have their own usual time; with one for all, a hundred of them would be taken for a jam."""
    limit = AdaptiveLimit()
    for _ in range(100):
        limit.took("quick", 0.001, 10)
        limit.took("slow", 1.0, 10)
    limit.adapt()
    for _ in range(50):
        for _ in range(50):
            limit.took("slow", 1.0, 200)
        limit.adapt()

    assert limit.limit == 1_000


class Late(Turns):
    """Turns that are as long as a test says."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def refused(self, now: float) -> float:
        """Always the same share."""
        return self._share


def admitted(door: Shedding, criticality: Criticality, times: int = 1_000) -> int:
    """How many of so many are let in, each alone."""
    count = 0
    for _ in range(times):
        if door.admits(criticality, asyncio.get_running_loop().time()):
            door.ended("op", None)
            count += 1
    return count


@simulated
async def test_what_matters_least_goes_first() -> None:
    """A class little by little, and then the next one."""
    got = {
        share: [admitted(Shedding(Random(1).random, turns=Late(share)), each) for each in Criticality]
        for share in (0.2, 0.5, 0.7, 0.95)
    }

    assert got[0.2] == [1_000, 1_000, pytest.approx(500, abs=50)]
    assert got[0.5] == [1_000, pytest.approx(800, abs=50), 0]
    assert got[0.7] == [1_000, pytest.approx(400, abs=50), 0]
    assert got[0.95] == [pytest.approx(500, abs=50), 0, 0]


async def turn(turns: Turns, *spent_s: float) -> list[float]:
    """What is refused in one turn of the loop, each time after so much work."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    shares: list[float] = []
    for each_s in (0.0, *spent_s):
        loop.spend(each_s)
        shares.append(round(turns.refused(loop.time()), 3))
    await asyncio.sleep(0)
    return shares


@simulated
async def test_a_burst_is_let_through() -> None:
    """Half a second of work that comes at once, to a loop that had nothing to do."""
    assert await turn(Turns(), *[0.05] * 9) == [0.0] * 10


@simulated
async def test_turns_that_are_long_one_after_the_other_are_cut() -> None:
    """The longer one has lasted the more is refused, and after three tenths of a second everything."""
    turns = Turns()
    await turn(turns, 0.5)

    assert await turn(turns, 0.06, 0.06, 0.06, 0.06, 0.1, 0.3) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0]


@simulated
async def test_one_short_turn_is_the_end_of_it() -> None:
    """The queue is empty: the next burst is let through."""
    turns = Turns()
    await turn(turns, 0.5)
    await turn(turns, 0.01)

    assert await turn(turns, 0.3) == [0.0, 0.0]


@simulated
async def test_nothing_is_refused_when_there_is_nothing_to_do() -> None:
    """Not after an hour of single calls, and not after a loop that was held up once."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    door = Shedding(Random(1).random)
    for _ in range(3_600):
        assert door.admits(NORMAL, loop.time())
        await asyncio.sleep(0.01)
        door.ended("op", 0.01)
        await asyncio.sleep(0.99)
    loop.spend(2.0)
    assert admitted(door, NORMAL) == 1_000

    assert sum(door.shed.values()) == 0


@simulated
async def test_nobody_beyond_the_limit_is_let_in() -> None:
    """However much it matters; up to four fifths everybody is."""
    door = Shedding(Random(1).random)

    got = sum(door.admits(NORMAL, 0.0) for _ in range(5_000))
    got += sum(door.admits(Criticality.CRITICAL, 0.0) for _ in range(5_000))

    assert 800 < got <= 1_000
    for _ in range(got):
        door.ended("op", None)


@simulated
async def test_its_timer_ends_when_nobody_comes() -> None:
    """A process that is idle does nothing, and a simulated world can find a deadlock."""
    door = Shedding(Random(1).random)
    door.admits(NORMAL, 0.0)
    door.ended("op", 0.1)
    await asyncio.sleep(1)

    assert not door.is_looking
