"""More load than a service can bear: as much is answered as at its best, and afterwards all is as before."""

import asyncio
from random import Random

import pytest

from atoll import Application
from atoll.calls import Caller, client
from atoll.calls.door import Door
from atoll.kernel import Criticality
from atoll.problems import Overloaded
from atoll.resilience import Shedding
from atoll.testing import SeededEntropy, running
from tests.campaigns.storm import GREEDY, afterwards, unguarded
from tests.mill import CAPACITY, Load, Mill, MillService, Open, overloaded
from tests.plain import PLAIN
from tests.simulated import simulated


@simulated
async def test_a_load_that_can_be_borne_is_borne() -> None:
    """The control of all others: nothing is refused at 0.8 times the capacity, though the load is uneven."""
    load = await overloaded(0.8)

    assert load.ended == {}
    assert sum(load.good.values()) == sum(load.made.values())


@pytest.mark.parametrize("times", [3.0, 5.0])
@simulated
async def test_at_more_than_it_can_bear_it_does_as_much_as_at_its_best(times: float) -> None:
    """From two seconds after its beginning: many are refused, rather than all late."""
    load = await overloaded(times)

    assert load.goodput(7, 15) >= 0.85 * CAPACITY
    assert load.ended[Overloaded.code] > 1_000


@simulated
async def test_three_seconds_later_all_is_as_before() -> None:
    """What was refused leaves nothing behind."""
    load = await overloaded(3.0)

    assert sum(load.good[second] for second in range(18, 24)) == sum(load.made[second] for second in range(18, 24))


@simulated
async def test_without_a_door_nearly_all_that_is_done_is_too_late() -> None:
    """The control: everybody is let in, and each waits for all the others."""
    load = await overloaded(3.0, doorkeeper=Open())

    assert load.goodput(7, 15) < 0.5 * CAPACITY


@simulated
async def test_a_queue_behind_the_handlers_is_kept_short_too() -> None:
    """The loop is never late there: the limit of calls in progress finds out by their times."""
    load = await overloaded(3.0, operation="wait")

    assert load.goodput(9, 15) >= 0.85 * CAPACITY
    assert sum(load.good[second] for second in range(18, 24)) == sum(load.made[second] for second in range(18, 24))


@simulated
async def test_what_matters_most_is_answered_whatever_comes_in_the_background() -> None:
    """Twelve times the capacity in the background, a half that matters: of that nothing is lost."""
    entropy = SeededEntropy(1)
    async with running(Application("mill", services=[MillService])) as app:
        door = Door(app.answering, Shedding(Random(1).random), entropy.bits)
        mill = client(Mill, Caller("", door, entropy, policies=PLAIN))
        critical, background = Load(mill, "grind", 1), Load(mill, "grind", 2)
        await asyncio.gather(
            critical.run(0.5 * CAPACITY, 8, criticality=Criticality.CRITICAL),
            background.run(12 * CAPACITY, 8, criticality=Criticality.BACKGROUND),
        )

    assert critical.goodput(3, 8) >= 0.95 * sum(critical.made[second] for second in range(3, 8)) / 5
    assert background.ended[Overloaded.code] > 0.8 * sum(background.made.values())


@pytest.mark.parametrize("seed", range(3))
@simulated
async def test_a_storm_of_retries_ends_with_its_cause(seed: int) -> None:
    """Every caller tries three times, without a budget: the load that is removed does not live on in retries."""
    load = await overloaded(3.0, operation="look", policies=GREEDY, seed=seed)

    assert sum(load.good[second] for second in range(18, 24)) >= 0.95 * sum(
        load.made[second] for second in range(18, 24)
    )


@pytest.mark.slow
def test_without_safeguards_a_storm_goes_on_without_its_cause() -> None:
    """The control: those who are not answered ask again, and what nobody waits for any more is done all the same."""
    assert afterwards(unguarded, 0) < 0.05
