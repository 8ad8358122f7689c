"""A process that has too much to do: calls go on, and deliveries wait until it has time for them."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Hashable
from pathlib import Path
from random import Random
from typing import Protocol

import pytest

from atoll import Application, Database, Event, Service, Transaction, World, contract, on, post
from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemEntropy
from atoll.calls import Caller, client
from atoll.hosting import Directory, Peers, serving
from atoll.kernel import Criticality
from atoll.resilience import Doorkeeper, Shedding
from atoll.testing import SimulatedLoop, running, test_world
from atoll.testing.network import over_http
from tests.mill import CAPACITY, COST_S, Load, Mill, MillService, Open
from tests.patience import PATIENCE_S
from tests.plain import PLAIN
from tests.simulated import simulated

SACKS = 2_000
"""Ten seconds of work, where there is nothing else to do."""

FIELDS = 50

GROUND: list[tuple[float, int]] = []
"""When each sack was ground, in the simulated world that runs."""


class Harvested(Event, key="field"):
    """There is something to grind."""

    field: int
    sack: int


@contract(version="1.0", publishes=(Harvested,))
class Farm(Protocol):
    """Harvests."""

    @post("/harvests")
    async def harvest(self, sacks: int) -> None:
        """So many sacks at once, from many fields."""
        ...


class FarmService(Service, Farm, owner="tests"):
    """Harvests."""

    db: Database

    async def harvest(self, sacks: int) -> None:
        async with self.db.transaction() as tx:
            for sack in range(sacks):
                tx.publish(Harvested(field=sack % FIELDS, sack=sack))


class StoreService(Service, owner="tests"):
    """Grinds what was harvested, which takes as much of the loop as a call."""

    db: Database

    @on(Harvested)
    async def grind(self, event: Harvested, tx: Transaction) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(loop, SimulatedLoop):
            loop.spend(COST_S)
        GROUND.append((loop.time(), event.sack))


FARM = Application("farm", services=[MillService, FarmService, StoreService], edges=())


async def harvested(times: float, deliveries: Doorkeeper | None = None) -> Load:
    """Twenty seconds of calls, so many times what can be borne, and as many of none, with a backlog of deliveries.

    Deliveries pass the doorkeeper of the calls, unless they have another one.
    """
    GROUND.clear()
    world, door = test_world(), Shedding(Random(1).random)
    network = over_http(world.entropy, door)
    world = dataclasses.replace(world, network=network, policies=PLAIN, doorkeeper=deliveries or door)
    async with running(FARM, world=world) as app:
        await app.client(Farm).harvest(SACKS)
        load = Load(app.client(Mill), "grind")
        await load.run(times * CAPACITY, 20)
        await asyncio.sleep(20)
    assert door.in_progress == 0
    return load


def ground(first: int, last: int) -> float:
    """How many sacks a second were ground from one second to another."""
    return sum(first <= at < last for at, _ in GROUND) / (last - first)


def made(load: Load, first: int, last: int) -> float:
    """How many calls a second were made."""
    return sum(load.made[second] for second in range(first, last)) / (last - first)


@simulated
async def test_calls_that_can_be_borne_are_borne_whatever_is_to_be_delivered() -> None:
    """At 0.8 times the capacity; deliveries have what is left of it, rather than their half."""
    load = await harvested(0.8)

    assert load.goodput(3, 20) >= 0.95 * made(load, 3, 20)
    assert ground(3, 20) >= 0.8 * 0.2 * CAPACITY


@simulated
async def test_when_calls_are_too_many_deliveries_wait() -> None:
    """As many calls are answered as at its best; afterwards each sack is ground once, those of a field in order."""
    load = await harvested(3.0)

    assert load.goodput(3, 20) >= 0.85 * CAPACITY
    assert ground(3, 20) <= 0.05 * CAPACITY
    assert sorted(sack for _, sack in GROUND) == list(range(SACKS))
    for field in range(FIELDS):
        assert [sack for _, sack in GROUND if sack % FIELDS == field] == list(range(field, SACKS, FIELDS))


@pytest.mark.parametrize("times", [0.8, 3.0])
@simulated
async def test_deliveries_that_pass_no_door_take_the_time_of_calls(times: float) -> None:
    """The control: of those that could have been answered, a third is not."""
    load = await harvested(times, Open())

    assert load.goodput(3, 20) < 0.67 * min(CAPACITY, made(load, 3, 20))


@simulated
async def test_a_process_that_has_nothing_else_to_do_delivers_as_quickly_as_it_can() -> None:
    """They make its turns long themselves, and go on all the same."""
    await harvested(0.01)

    assert ground(0, 9) >= 0.95 * CAPACITY


class Noting:
    """Lets everybody in, and remembers whom. Fulfils `Doorkeeper`."""

    def __init__(self) -> None:
        self.begun = Counter[Criticality]()
        self.ended_of: list[Hashable] = []

    def admits(self, criticality: Criticality, now: float, *, is_patient: bool = False) -> bool:
        """All are let in; those who can wait are deliveries."""
        assert is_patient == (criticality is Criticality.BACKGROUND)
        self.begun[criticality] += 1
        return True

    def ended(self, operation: Hashable, seconds: float | None) -> None:
        """Remember what."""
        assert seconds is not None
        self.ended_of.append(operation)


async def test_one_doorkeeper_lets_in_calls_and_deliveries(tmp_path: Path) -> None:
    """Of a process that serves: or neither would know of the other."""
    GROUND.clear()
    noting, address = Noting(), f"unix:{tmp_path}/farm.sock"
    world = dataclasses.replace(World.real(tmp_path), doorkeeper=noting)
    carrier = HttpClient(Directory(Peers({"farm": (address,)})), SystemEntropy())
    async with serving(FARM, world=world, directory=Directory(Peers()), listen=[address]):
        await client(Farm, Caller("", carrier, SystemEntropy())).harvest(3)
        async with asyncio.timeout(PATIENCE_S):
            while len(noting.ended_of) < 4:  # noqa: ASYNC110  # whoever delivers tells nobody else
                await asyncio.sleep(0.01)
        await carrier.close()

    assert noting.begun == {Criticality.NORMAL: 1, Criticality.BACKGROUND: 3}
    assert noting.ended_of.count((("store", "farm"), "farm.harvested.v1")) == 3
