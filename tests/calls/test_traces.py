"""One trace through all that follows from one cause, and keys for effects that must not happen twice."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from atoll import Application, Context, Service, Value, context, contract, get, post
from atoll.edge import Trace
from atoll.kernel import current
from atoll.telemetry import MemoryRecorder, Span
from atoll.testing import drawn
from tests.placements import PLACEMENTS, Placement, Topology, on_every_placement, on_every_topology
from tests.simulated import simulated


class Charge(Value):
    """Something that must not happen twice."""

    cents: int


class Order(Value):
    """Several charges."""

    cents: tuple[int, ...]


@contract(version="1.0")
class Leaf(Protocol):
    """The last of three."""

    @post("/charges")
    async def charge(self, charge: Charge) -> str:
        """The key under which it would be charged."""
        ...

    @post("/refunds")
    async def refund(self, charge: Charge) -> str:
        """The key under which it would be refunded."""
        ...

    @post("/accounts/{account_id}/charges")
    async def charge_account(self, account_id: str, charge: Charge, currency: str = "EUR") -> str:
        """The key, of a call with all kinds of arguments."""
        ...

    @get("/whose")
    async def whose(self) -> str:
        """Whose work it is."""
        ...

    @get("/items")
    def items(self) -> AsyncIterator[int]:
        """Two."""
        ...


@contract(version="1.0")
class Branch(Protocol):
    """The one between."""

    @post("/orders")
    async def order(self, order: Order) -> list[str]:
        """The key of each charge."""
        ...

    @post("/others")
    async def others(self, cents: int) -> list[str]:
        """The keys of calls that differ in one thing each."""
        ...


@contract(version="1.0")
class Root(Protocol):
    """The first."""

    @post("/orders")
    async def order(self, order: Order) -> list[str]:
        """The key of each charge."""
        ...


class _LeafService(Service, Leaf, owner="tests"):
    """Tells its key."""

    async def charge(self, charge: Charge) -> str:
        return context().idempotency_key or "none"

    async def refund(self, charge: Charge) -> str:
        return context().idempotency_key or "none"

    async def charge_account(self, account_id: str, charge: Charge, currency: str = "EUR") -> str:
        return context().idempotency_key or "none"

    async def whose(self) -> str:
        return context().service

    async def items(self) -> AsyncIterator[int]:
        yield 1
        yield 2


class _BranchService(Service, Branch, owner="tests"):
    """Calls the leaf."""

    leaf: Leaf

    async def order(self, order: Order) -> list[str]:
        keys = [await self.leaf.charge(Charge(cents=each)) for each in order.cents]
        assert [item async for item in self.leaf.items()] == [1, 2]
        return keys

    async def others(self, cents: int) -> list[str]:
        charge = Charge(cents=cents)
        return [
            await self.leaf.charge(charge),
            await self.leaf.refund(charge),
            await self.leaf.charge_account("a", charge),
            await self.leaf.charge_account("b", charge),
            await self.leaf.charge_account("a", charge, currency="USD"),
        ]


class _RootService(Service, Root, owner="tests"):
    """Calls the branch."""

    branch: Branch

    async def order(self, order: Order) -> list[str]:
        return await self.branch.order(order)


CHAIN = Application("chain", services=[_RootService, _BranchService, _LeafService])


@on_every_placement
@simulated
async def test_a_chain_of_calls_is_one_trace(placement: Placement) -> None:
    """Each call a span of its own, caused by the one above it."""
    recorder = MemoryRecorder()

    async with placement.running(CHAIN, recorder=recorder) as app:
        await app.client(Root).order(Order(cents=(1,)))

    by_operation = {record.name: record for record in recorder.records}
    root, branch = by_operation["root.order"], by_operation["branch.order"]
    leaf, items = by_operation["leaf.charge"], by_operation["leaf.items"]
    assert len({record.trace_id for record in recorder.records}) == 1
    assert len({record.span_id for record in recorder.records}) == 4
    assert root.parent_id not in {record.span_id for record in recorder.records}
    assert branch.parent_id == root.span_id
    assert (leaf.parent_id, items.parent_id) == (branch.span_id, branch.span_id)
    assert (root.caller, branch.caller, leaf.caller) == ("", "root", "branch")
    assert {record.outcome for record in recorder.records} == {"ok"}


@on_every_placement
@simulated
async def test_a_handler_knows_whose_work_it_does(placement: Placement) -> None:
    """What it logs, and parts of it that are recorded, are its service's; also where users and tenants are known."""
    async with placement.running(CHAIN) as app:
        usual = await app.client(Leaf).whose()
        current.set(Context(user="ada", tenant="acme"))
        unusual = await app.client(Leaf).whose()

    assert (usual, unusual) == ("leaf", "leaf")


@on_every_placement
@simulated
async def test_two_calls_from_outside_are_two_traces(placement: Placement) -> None:
    """They have no common cause."""
    recorder = MemoryRecorder()

    async with placement.running(CHAIN, recorder=recorder) as app:
        await app.client(Leaf).charge(Charge(cents=1))
        await app.client(Leaf).charge(Charge(cents=1))

    assert len({record.trace_id for record in recorder.records}) == 2


@on_every_placement
@simulated
async def test_a_trace_that_began_elsewhere_goes_on(placement: Placement) -> None:
    """The one in the caller's context, sampled or not."""
    recorder = MemoryRecorder()
    outside = Trace(trace_id=7, span_id=8, sampled=False)

    async with placement.running(CHAIN, recorder=recorder) as app:
        current.set(Context(trace=outside))
        await app.client(Leaf).charge(Charge(cents=1))

    (record,) = recorder.records
    assert (record.trace_id, record.parent_id) == (7, 8)


def test_one_seed_gives_one_trace_on_every_placement() -> None:
    """Identifiers, times and outcomes: a placement is not to be told from its traces."""
    drawings = {drawn(traced(placement, seed=3)) for placement in PLACEMENTS}

    assert len(drawings) == 1


def test_another_seed_gives_other_identifiers() -> None:
    """The control."""
    first, second = (drawn(traced(PLACEMENTS[0], seed)) for seed in (3, 4))

    assert first != second


def traced(placement: Placement, seed: int) -> tuple[Span, ...]:
    """What a run of the chain records."""
    recorder = MemoryRecorder()

    @simulated
    async def run() -> None:
        async with placement.running(CHAIN, recorder=recorder, seed=seed) as app:
            await app.client(Root).order(Order(cents=(1, 2)))

    run()
    return recorder.records


@on_every_topology
@simulated
async def test_a_call_without_a_key_gets_none(placement: Topology) -> None:
    """Nobody asked for once."""
    async with placement.running(CHAIN) as app:
        assert await app.client(Root).order(Order(cents=(1,))) == ["none"]


@on_every_topology
@simulated
async def test_a_key_is_derived_for_each_call_and_never_forwarded(placement: Topology) -> None:
    """Under the incoming key, another service may do something else."""
    async with placement.running(CHAIN) as app:
        current.set(Context(idempotency_key="incoming"))
        keys = await app.client(Root).order(Order(cents=(1, 2)))

    assert len({*keys, "incoming", "none"}) == 4
    assert all(len(key) >= 32 for key in keys)


@on_every_topology
@simulated
async def test_the_same_call_gets_the_same_key_again(placement: Topology) -> None:
    """However often the work is repeated: that is what the key is for."""
    async with placement.running(CHAIN) as app:
        current.set(Context(idempotency_key="incoming"))
        first = await app.client(Root).order(Order(cents=(1, 2)))
        again = await app.client(Root).order(Order(cents=(1, 2)))

    assert first == again


@on_every_topology
@simulated
async def test_another_incoming_key_gives_other_keys(placement: Topology) -> None:
    """It is another cause."""
    keys: list[str] = []

    async with placement.running(CHAIN) as app:
        for incoming in ("one", "two"):
            current.set(Context(idempotency_key=incoming))
            keys += await app.client(Root).order(Order(cents=(1,)))

    assert len(set(keys)) == 2


@on_every_topology
@simulated
async def test_calls_that_differ_in_anything_get_different_keys(placement: Topology) -> None:
    """In the operation, the body, the path or the query."""
    async with placement.running(CHAIN) as app:
        current.set(Context(idempotency_key="incoming"))
        keys = await app.client(Branch).others(1)
        keys += await app.client(Branch).others(2)

    assert len(set(keys)) == 10


@on_every_placement
@simulated
async def test_every_call_is_recorded_once_with_how_long_it_took(placement: Placement) -> None:
    """A stream from its call to its end."""
    recorder = MemoryRecorder()

    async with placement.running(CHAIN, recorder=recorder) as app:
        stream = app.client(Leaf).items()
        assert [item async for item in stream] == [1, 2]

    (record,) = recorder.records
    assert (record.name, record.outcome) == ("leaf.items", "ok")
    assert record.duration_s == pytest.approx(0.0)
