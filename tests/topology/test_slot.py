"""A slot in virtual time: how long it waits before another process is started, and when it gives up."""

import asyncio
import dataclasses
import functools
from datetime import UTC, datetime
from itertools import count, pairwise
from typing import cast

import pytest

from atoll.adapters.processes import Child, NotStarted
from atoll.adapters.system import SystemClock
from atoll.calls import Proving
from atoll.identity import Trusted, Verifier
from atoll.processes import Did, HostedService, ProcessPlan, Step
from atoll.testing import SeededEntropy, simulate
from atoll.topology.backoff import MOST_S, Backoff
from atoll.topology.plan import Kind
from atoll.topology.slot import Slot
from atoll.topology.supervised import Supervised

PLAN = ProcessPlan("stock", (HostedService(name="stock", version="1.0", owner="me"),), 1, (), False, Kind())
NUMBERS = count(1)


class FakeChild:
    """A child that ends when it is told to."""

    pid = 1

    def __init__(self) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def send(self, number: int) -> None:
        """SIGTERM ends it."""
        if not self.ended.done():
            self.ended.set_result(0)

    def kill(self) -> None:
        """At once."""
        self.send(9)

    def memory_bytes(self, *, with_children: bool) -> int:
        """None to speak of."""
        return 0


NOBODY = Proving({}, Verifier(Trusted("shop", {}), SystemClock()), lambda _: False)
"""Proves nothing: nobody is asked anything."""


class FakeProcess(Supervised):
    """A process that is ready after a second, and lives for so long; `exit_code` where it never is ready."""

    def __init__(self, lives_s: float, exit_code: int | None, plan: ProcessPlan) -> None:
        self.fake = FakeChild()
        child = cast(Child, self.fake)
        entropy = SeededEntropy()
        super().__init__(f"stock-{next(NUMBERS)}", plan, "unix:/nowhere", child, entropy, datetime.now(UTC), NOBODY)
        self._lives_s = lives_s
        self._exit_code = exit_code
        self.begun_at = asyncio.get_running_loop().time()

    async def until_ready(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1)
        if self._exit_code is not None:
            raise NotStarted(self.name, "it ended", self._exit_code)
        loop.call_later(self._lives_s, self.fake.send, 9)


class Opened:
    """Opens fakes, and remembers them."""

    def __init__(self, *lives: tuple[float, int | None]) -> None:
        self.processes: list[FakeProcess] = []
        self._lives = lives

    def __call__(self, plan: ProcessPlan) -> Supervised:
        """The next one; the last of `lives` again and again."""
        lives_s, exit_code = self._lives[min(len(self.processes), len(self._lives) - 1)]
        process = FakeProcess(lives_s, exit_code, plan)
        self.processes.append(process)
        return process

    def waits_s(self, alive_s: float = 1.0) -> list[float]:
        """How long after the end of one the next was begun."""
        begun = [process.begun_at for process in self.processes]
        return [round(after - before - alive_s, 6) for before, after in pairwise(begun)]


def slot(opened: Opened, plan: ProcessPlan = PLAN) -> Slot:
    """A slot whose waits are the longest that chance allows."""
    return Slot(plan, opened, lambda: None, Backoff(lambda: 1.0), drain_s=1.0)


def test_the_wait_doubles_up_to_a_limit() -> None:
    """What dies at once would otherwise take all of a processor."""

    async def main() -> list[float]:
        opened = Opened((0.0, None))
        kept = slot(opened)
        await asyncio.sleep(200)
        await kept.retire()
        return opened.waits_s()

    waits = simulate(main)

    assert waits[:9] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6]
    assert set(waits[9:]) == {MOST_S}


def test_who_was_well_is_started_again_at_once() -> None:
    """Ten seconds of being ready are enough to be forgiven."""

    async def main() -> list[float]:
        opened = Opened((0.0, None), (0.0, None), (0.0, None), (11.0, None))
        kept = slot(opened)
        await asyncio.sleep(60)
        await kept.retire()
        return opened.waits_s()[:3] + [round(wait - 11, 6) for wait in opened.waits_s()[3:5]]

    assert simulate(main) == [0.1, 0.2, 0.4, 0.1, 0.1]


def test_who_is_never_ready_is_given_up_at_first_start() -> None:
    """Whoever waits for the application is told, after some attempts."""

    async def main() -> int:
        opened = Opened((0.0, 1))
        kept = slot(opened)
        with pytest.raises(NotStarted):
            await kept.first
        attempts = len(opened.processes)
        await kept.retire()
        return attempts

    assert simulate(main) == 5


def test_mistakes_are_not_tried_again() -> None:
    """The same settings will be refused the same way; whoever has mended them asks."""

    async def main() -> tuple[int, str, int]:
        opened = Opened((0.0, 2), (100.0, None))
        kept = slot(opened)
        with pytest.raises(NotStarted):
            await kept.first
        await asyncio.sleep(100)
        before, state = len(opened.processes), kept.statuses()[0].state
        await kept.replace(lambda _: None)
        after = len(opened.processes)
        await kept.retire()
        return before, state, after

    assert simulate(main) == (1, "failed", 2)


def test_the_new_one_takes_over_before_the_old_one_leaves() -> None:
    """There is always somebody who answers."""

    async def main() -> list[tuple[str, str]]:
        opened, steps = Opened((100.0, None)), list[Step]()
        kept = slot(opened)
        await kept.first
        await kept.replace(steps.append)
        await kept.retire()
        names = {process.name: name for process, name in zip(opened.processes, ("old", "new"), strict=True)}
        return [(names[step.process], step.did) for step in steps]

    assert simulate(main) == [
        ("new", Did.STARTED),
        ("new", Did.READY),
        ("old", Did.DRAINING),
        ("old", Did.ENDED),
    ]


def test_calls_are_led_to_the_new_one_before_the_old_one_drains() -> None:
    """Whoever connects from then on meets nobody who is about to leave."""

    async def main() -> list[str]:
        opened, seen = Opened((100.0, None)), list[str]()

        def changed() -> None:
            if kept is not None and kept.current is not None:
                seen.append(f"{opened.processes.index(cast(FakeProcess, kept.current))} is called")

        kept: Slot | None = None
        kept = Slot(PLAN, opened, changed, Backoff(lambda: 1.0), drain_s=1.0)
        await kept.first
        seen.clear()
        await kept.replace(lambda step: seen.append(step.did))
        await kept.retire()
        return seen[:4]

    assert simulate(main) == [Did.STARTED, "1 is called", Did.READY, Did.DRAINING]


def test_who_owns_a_port_leaves_first() -> None:
    """Two cannot listen at one address."""

    async def main() -> list[str]:
        opened, steps = Opened((100.0, None)), list[Step]()
        kept = slot(opened, ProcessPlan("gateway", PLAN.services, 1, (), True, Kind()))
        await kept.first
        await kept.replace(steps.append)
        await kept.retire()
        return [step.did for step in steps]

    assert simulate(main) == [Did.DRAINING, Did.ENDED, Did.STARTED, Did.READY]


def test_the_old_one_stays_where_the_new_one_fails() -> None:
    """A mistake in new code costs nothing that works."""

    async def main() -> tuple[bool, int]:
        opened = Opened((1000.0, None), (0.0, 1))
        kept = slot(opened)
        await kept.first
        with pytest.raises(NotStarted):
            await kept.replace(lambda _: None)
        await asyncio.sleep(100)
        is_the_old_one = kept.current is opened.processes[0]
        await kept.retire()
        return is_the_old_one, len(opened.processes)

    assert simulate(main) == (True, 2)


def test_what_nobody_expects_is_a_failure_like_any_other() -> None:
    """Whoever waits for the application is told; and a slot goes on where the trouble has passed."""

    async def main() -> tuple[str, bool, bool]:
        opened, is_full = Opened((100.0, None)), True

        def troubled(plan: ProcessPlan) -> Supervised:
            if is_full:
                raise OSError(24, "Too many open files")
            return opened(plan)

        kept = Slot(PLAN, troubled, lambda: None, Backoff(lambda: 1.0), drain_s=1.0)
        with pytest.raises(NotStarted) as caught:
            await kept.begun(lambda _: None)
        is_full = False
        await kept.replace(lambda _: None)
        is_full, first = True, kept.current
        with pytest.raises(NotStarted):
            await kept.replace(lambda _: None)
        stays = kept.current is first
        is_full = False
        await kept.replace(lambda _: None)
        is_another = kept.current is opened.processes[1]
        await kept.retire()
        return caught.value.reason, stays, is_another

    assert simulate(main) == ("OSError: [Errno 24] Too many open files", True, True)


def test_trouble_while_one_starts_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and another one is started."""

    async def troubled(_: FakeProcess) -> None:
        raise RuntimeError("who would have thought")

    async def main() -> tuple[list[bool], int]:
        opened = Opened((100.0, None))
        kept = slot(opened)
        with monkeypatch.context() as patch:
            patch.setattr(FakeProcess, "until_ready", troubled)
            await asyncio.sleep(0.05)
            ended = [process.child.ended.done() for process in opened.processes]
        await kept.replace(lambda _: None)
        held = len(kept.processes)
        await kept.retire()
        return ended, held

    assert simulate(main) == ([True], 1)


def test_whoever_asks_while_one_ends_is_told_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """He may have mended why the older one was not ready."""

    async def slowly(process: FakeProcess) -> None:
        await asyncio.sleep(1)
        process.child.kill()

    monkeypatch.setattr(FakeProcess, "close", slowly)

    async def main(after_s: float) -> bool:
        opened = Opened((0.0, 1), (100.0, None))
        kept = slot(opened)
        await asyncio.sleep(after_s)
        await kept.replace(lambda _: None)
        is_the_next = kept.current is opened.processes[1]
        await kept.retire()
        return is_the_next

    assert [simulate(functools.partial(main, after_s)) for after_s in (0.5, 1.0, 1.5)] == [True] * 3


def test_asking_ends_the_wait() -> None:
    """Whoever has mended what was wrong does not wait for half a minute."""

    async def main() -> float:
        opened = Opened((0.0, None), (0.0, None), (0.0, None), (0.0, None), (0.0, None), (0.0, None), (100.0, None))
        kept = slot(opened)
        await asyncio.sleep(10.0)
        asked_at = asyncio.get_running_loop().time()
        await kept.replace(lambda _: None)
        took_s = asyncio.get_running_loop().time() - asked_at
        await kept.retire()
        return took_s

    assert simulate(main) == 1.0


def test_a_slot_can_be_retired_at_any_moment() -> None:
    """While it waits, while it starts, while it replaces: nothing is left, and whoever asked is answered."""

    async def main(after_s: float) -> list[bool]:
        opened = Opened((0.5, None), (0.0, 1), (3.0, None))
        kept = slot(opened)
        await asyncio.sleep(after_s)
        asking = asyncio.get_running_loop().create_task(kept.replace(lambda _: None))
        await asyncio.sleep(after_s / 7)
        await kept.retire()
        await asyncio.wait([asking])
        asking.exception()
        return [process.child.ended.done() for process in opened.processes]

    for tenths in range(80):
        assert all(simulate(functools.partial(main, tenths / 10)))


class Deaf(Supervised):
    """A command that runs, and never listens."""

    def __init__(self) -> None:
        plan = dataclasses.replace(PLAN, kind=Kind(command=("node", "stock.js")))
        child, entropy = cast(Child, FakeChild()), SeededEntropy()
        super().__init__("stock-7", plan, "http://127.0.0.1:7", child, entropy, datetime.now(UTC), NOBODY)

    async def _takes_calls(self) -> bool:
        return False


def test_what_is_waited_for_is_said_long_before_it_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """Once, with the port: a program that listens elsewhere would have its start stand still without a word."""

    async def main() -> tuple[list[str], str]:
        waiting = asyncio.create_task(Deaf().until_ready())
        await asyncio.sleep(30)
        said = [record.getMessage() for record in caplog.records]
        with pytest.raises(NotStarted) as failed:
            await waiting
        return said, failed.value.reason

    said, reason = simulate(main)

    lacking = "nothing listens on 127.0.0.1:7, the port in its PORT"
    assert said == [f"stock-7 is not ready yet: {lacking}; it is given 90 s"]
    assert reason == f"it was not ready within 90 s: {lacking}"
    assert len(caplog.records) == 1
