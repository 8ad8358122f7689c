"""What is sent again, how often, and when a service is left alone. All of it in virtual time."""

import asyncio
import dataclasses
from collections import Counter
from random import Random

import pytest

from atoll import Context, Unavailable
from atoll.kernel import current
from atoll.problems import InternalError, Overloaded
from atoll.resilience import Chance, Link, Policies
from atoll.telemetry import MemoryRecorder
from atoll.testing import drawn, running, test_world
from tests.calls.chain import HOPS, First, Last, chain
from tests.calls.probe import Note, Probe, probe
from tests.placements import Placement, on_every_placement
from tests.plain import NeverOpen, unwatched
from tests.simulated import simulated

NOTE = Note(words=[])


def now() -> float:
    """Virtual time."""
    return asyncio.get_running_loop().time()


class Failing:
    """Says that it cannot answer, the first times."""

    def __init__(self, times: int, error: Exception | None = None) -> None:
        self.calls = Counter[int]()
        self._times = times
        self._error = error or Unavailable(service="hop_5", reason="its database takes nothing now")

    async def __call__(self, number: int) -> None:
        self.calls[number] += 1
        if number == HOPS and self.calls[HOPS] <= self._times:
            raise self._error


@on_every_placement
@simulated
async def test_a_fault_that_passes_is_not_seen(placement: Placement) -> None:
    """The second attempt succeeds; only who is next to the failure has made one, and the record tells of both."""
    failing, recorder = Failing(1), MemoryRecorder()
    async with placement.running(chain(failing), recorder=recorder) as app:
        assert await app.client(First).go() == "done"

    assert failing.calls == {1: 1, 2: 1, 3: 1, 4: 1, 5: 2}
    assert now() <= 0.05
    assert [(call.name, call.attempt, call.outcome) for call in recorder.records[:2]] == [
        ("hop_5.go", 1, "unavailable"),
        ("hop_5.go", 2, "ok"),
    ]
    assert "hop_4.go" in drawn(recorder.records)
    assert "(hop_5.go was tried 2 times)" in drawn(recorder.records)


@on_every_placement
@simulated
async def test_whoever_is_not_next_to_the_failure_passes_it_on(placement: Placement) -> None:
    """Three attempts in all. Three at each of five hops would be 243."""
    failing = Failing(1_000)
    async with placement.running(chain(failing)) as app:
        with pytest.raises(Unavailable):
            await app.client(First).go()

    assert failing.calls == {1: 1, 2: 1, 3: 1, 4: 1, 5: 3}


@on_every_placement
@simulated
async def test_what_is_not_idempotent_is_done_once(placement: Placement) -> None:
    """A handler that has begun may have charged somebody."""
    runs: list[Note] = []

    async def run(note: Note) -> Note:
        runs.append(note)
        raise Unavailable(service="probe", reason="no")

    async with placement.running(probe(run)) as app:
        with pytest.raises(Unavailable):
            await app.client(Probe).run(NOTE)

    assert len(runs) == 1


@on_every_placement
@simulated
async def test_a_failure_that_is_a_bug_is_not_tried_again(placement: Placement) -> None:
    """It would fail in the same way."""
    failing = Failing(1_000, KeyError("a bug"))
    async with placement.running(chain(failing)) as app:
        with pytest.raises(InternalError):
            await app.client(Last).go()

    assert failing.calls[HOPS] == 1


@on_every_placement
@simulated
async def test_no_attempt_begins_that_could_not_end_in_time(placement: Placement) -> None:
    """There is an answer at once, rather than a wait until the deadline."""
    failing = Failing(1_000, Overloaded(service="hop_5", reason="too much"))
    async with placement.running(chain(failing)) as app:
        current.set(Context(deadline_at=now() + 0.001))
        with pytest.raises(Unavailable):
            await app.client(Last).go()

    assert now() < 0.001


class _NoLimit:
    """The control: a budget that was taken away."""

    def earn(self) -> None:
        """It costs nothing."""

    def take(self, now: float) -> bool:
        """Everybody may."""
        return True


def without_budget(chance: Chance) -> Link:
    """A link of a caller who retries whatever fails."""
    return Link(NeverOpen(chance), _NoLimit())


async def attempts(failing: float, calls: int, policies: Policies, *, everywhere: bool = False) -> tuple[int, int]:
    """How many requests reach the last of five hops when so many are made, and how many are answered."""
    chance = Random(11)
    count = Counter[int]()

    async def does(number: int) -> None:
        count[number] += 1
        if (everywhere or number == HOPS) and chance.random() < failing:
            raise Unavailable(service=f"hop_{number}", reason="by chance")

    world = dataclasses.replace(test_world(3), policies=policies)
    answered = 0
    async with running(chain(does), world=world) as app:
        first = app.client(First)
        for _ in range(calls):
            try:
                await first.go()
                answered += 1
            except Unavailable:
                pass
    return count[HOPS], answered


@simulated
async def test_with_a_tenth_of_failures_five_hops_ask_the_last_at_most_1_15_times_as_often() -> None:
    """And hardly any call is seen to fail."""
    sent, answered = await attempts(0.1, 2_000, Policies())

    assert sent <= 2_000 * 1.15
    assert answered >= 2_000 * 0.98


@simulated
async def test_failures_at_each_hop_do_not_multiply() -> None:
    """Each is met by who is next to it."""
    sent, answered = await attempts(0.1, 1_000, Policies(), everywhere=True)

    assert sent <= 1_000 * 1.15
    assert answered >= 1_000 * 0.93


@simulated
async def test_when_nearly_all_fails_the_budget_keeps_the_load_down() -> None:
    """Without it there would be three times the load, just when there is too much; the breaker is away in both."""
    sent, _ = await attempts(0.9, 1_000, Policies(link=unwatched))
    unbounded, _ = await attempts(0.9, 1_000, Policies(link=without_budget))

    assert sent <= 1_000 * 1.15
    assert unbounded >= 1_000 * 2.5


@on_every_placement
@simulated
async def test_who_keeps_failing_is_left_alone_and_comes_back(placement: Placement) -> None:
    """The answer is there at once, says why, and reaches nobody; after a while one call finds out."""
    failing = Failing(60)
    async with placement.running(chain(failing)) as app:
        last = app.client(Last)
        for _ in range(40):
            with pytest.raises(Unavailable):
                await last.go()
        asked = failing.calls[HOPS]
        with pytest.raises(Unavailable, match="left alone for"):
            await last.go()
        assert failing.calls[HOPS] == asked <= 60
        failing.calls[HOPS] = 60
        await asyncio.sleep(6)
        assert await last.go() == "done"


@on_every_placement
@simulated
async def test_a_service_behind_the_one_that_is_called_is_not_its_fault(placement: Placement) -> None:
    """The last hop is down; the fourth can still answer what needs no other, and is not left alone."""
    failing = Failing(10_000)
    async with placement.running(chain(failing)) as app:
        first = app.client(First)
        for _ in range(100):
            with pytest.raises(Unavailable):
                await first.go()

    assert failing.calls[4] == 100
    assert failing.calls[HOPS] < 60


@on_every_placement
@simulated
async def test_who_allows_no_time_does_not_shut_the_way_for_others(placement: Placement) -> None:
    """A hundred callers in too much of a hurry say nothing about the service."""

    async def slow(number: int) -> None:
        await asyncio.sleep(0.1)

    async with placement.running(chain(slow)) as app:
        last = app.client(Last)
        for _ in range(100):
            current.set(Context(deadline_at=now() + 0.001))
            with pytest.raises(Exception, match="did not answer in time"):
                await last.go()
        current.set(Context())
        assert await last.go() == "done"


@on_every_placement
@simulated
async def test_who_hangs_is_left_alone_after_a_while(placement: Placement) -> None:
    """Then nobody waits for the deadline any more."""

    async def hang(number: int) -> None:
        await asyncio.Event().wait()

    async with placement.running(chain(hang)) as app:
        last = app.client(Last)
        await asyncio.gather(*(last.go() for _ in range(30)), return_exceptions=True)
        begun_at = now()
        with pytest.raises(Unavailable, match="left alone"):
            await last.go()

    assert begun_at == pytest.approx(10.0)
    assert now() - begun_at < 1.1
