"""The gate before the connection of all writers: one at a time, in order, whoever gives up meanwhile."""

import asyncio

import pytest

from atoll.adapters.sqlite_gate import Gate
from atoll.data import DatabaseBusy
from tests.patience import PATIENCE_S


async def test_those_who_wait_go_in_one_after_the_other_in_order() -> None:
    """Whoever came first writes first, and nobody beside another one."""
    gate = Gate()
    inside: list[int] = []
    seen: list[list[int]] = []

    async def go_in(number: int, *, pauses: bool) -> None:
        await gate.enter(asyncio.get_running_loop().time() + 10)
        inside.append(number)
        seen.append([*inside])
        if pauses:
            await asyncio.sleep(0)
        inside.remove(number)
        gate.leave()

    async with asyncio.TaskGroup() as tasks:
        for number in range(6):
            tasks.create_task(go_in(number, pauses=number % 3 == 0))

    assert seen == [[number] for number in range(6)]


async def test_all_who_wait_go_through_in_one_round_of_the_loop() -> None:
    """What is handed over from one to the next takes a round for each, and a timer."""
    gate = Gate()
    loop = asyncio.get_running_loop()
    rounds = 0
    done: list[int] = []

    def count() -> None:
        nonlocal rounds
        rounds += 1
        loop.call_soon(count)

    async def go_in() -> None:
        await gate.enter(loop.time() + 10)
        done.append(rounds)
        gate.leave()

    await gate.enter(loop.time() + 10)
    waiting = [asyncio.ensure_future(go_in()) for _ in range(50)]
    await asyncio.sleep(0)
    count()
    gate.leave()
    await asyncio.gather(*waiting)

    assert done[0] == done[-1]


async def test_whoever_gives_up_holds_up_nobody() -> None:
    """A caller that is cancelled while it waits, or just as it is woken, leaves the gate to the next one."""
    gate = Gate()
    loop = asyncio.get_running_loop()
    await gate.enter(loop.time() + 10)
    first, second, third = (asyncio.ensure_future(gate.enter(loop.time() + 10)) for _ in range(3))
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.sleep(0)
    gate.leave()
    second.cancel()
    await asyncio.wait([third], timeout=PATIENCE_S)

    assert third.done()
    assert first.cancelled()
    assert second.cancelled()


async def test_a_gate_that_stays_taken_is_told_in_time() -> None:
    """A transaction has its time also while it waits for others."""
    gate = Gate()
    loop = asyncio.get_running_loop()
    await gate.enter(loop.time() + 10)

    with pytest.raises(DatabaseBusy):
        await gate.enter(loop.time())

    gate.leave()
    await gate.enter(loop.time() + 10)
