"""Traces as text, and the comparison of two runs of one world."""

import asyncio
import dataclasses
from typing import Any, Protocol

from atoll import Application, Entropy, Service, blocking, contract, get, private
from atoll.telemetry import MemoryRecorder, Span
from atoll.testing import drawn, running, simulate, test_world


@contract(version="1.0")
class Dice(Protocol):
    """Throws."""

    @get("/throws")
    async def throw(self) -> int:
        """Some eyes, after a while."""
        ...


@contract(version="1.0")
class Game(Protocol):
    """Is played."""

    @get("/rounds")
    async def play(self, players: int) -> list[int]:
        """The throws of all players, who play at once."""
        ...


class _DiceService(Service, Dice, owner="tests"):
    entropy: Entropy

    @blocking
    def throw(self) -> int:
        return 1 + self.entropy.bits(16) % 6


class _GameService(Service, Game, owner="tests"):
    dice: Dice
    entropy: Entropy
    scores: list[int] = private(default_factory=list[int])

    async def play(self, players: int) -> list[int]:
        await asyncio.gather(*(self._turn() for _ in range(players)))
        return self.scores

    async def _turn(self) -> None:
        await asyncio.sleep(self.entropy.random().random())
        self.scores.append(await self.dice.throw())


GAME = Application("game", services=[_GameService, _DiceService])


def played(seed: int) -> tuple[list[int], str]:
    """The scores and the traces of one game."""
    recorder = MemoryRecorder()

    async def work() -> list[int]:
        async with running(GAME, world=test_world(seed), recorder=recorder) as app:
            return await app.client(Game).play(10)

    return simulate(work, seed), drawn(recorder.records)


def test_a_seed_repeats_a_whole_application() -> None:
    """Times, threads, chance, identifiers: the ports are real."""
    assert played(7) == played(7)


def test_another_seed_is_another_world() -> None:
    """The control."""
    (scores, trace), (other_scores, other_trace) = played(7), played(8)

    assert scores != other_scores
    assert trace != other_trace


def test_a_drawing_shows_who_called_whom() -> None:
    """One line a call, below its cause."""
    _, trace = played(7)

    first, *others = trace.splitlines()
    assert "-> game.play [" in first
    assert len(others) == 10
    assert all(line.startswith("  ") and " game -> dice.throw [" in line for line in others)


CALL = Span("a.b", "", 1, 2, 0, 0.0, 1.0, "ok")


def test_every_difference_is_seen() -> None:
    """In any field of any record."""
    changes: dict[str, object] = {
        "name": "a.c",
        "caller": "x",
        "trace_id": 3,
        "span_id": 3,
        "started_at": 0.5,
        "duration_s": 0.5,
        "outcome": "unavailable",
    }

    drawings = {drawn([CALL]), *(drawn([_changed(CALL, name, value)]) for name, value in changes.items())}

    assert len(drawings) == 1 + len(changes)


def test_a_cause_is_drawn_above_its_effects_whatever_the_order_of_the_records() -> None:
    """A call is recorded when it ends, so that its cause comes after it."""
    effect = Span("c.d", "a", 1, 3, 2, 0.5, 0.1, "ok")

    assert drawn([CALL, effect]) == drawn([effect, CALL])
    assert drawn([effect, CALL]).splitlines()[1].startswith("  0.5")


def _changed(call: Span, name: str, value: object) -> Span:
    fields: dict[str, Any] = {field: getattr(call, field) for field in call.__struct_fields__}  # Any: of each type
    fields[name] = value
    return Span(**fields)


def test_worlds_for_tests_share_nothing() -> None:
    """Two runs must not meet."""
    first, second = test_world(), test_world()

    first.disk("a").write("x", b"1")

    assert first.disk("a").read("x") == b"1"
    assert first.disk("b").read("x") is None
    assert second.disk("a").read("x") is None
    assert {field.name for field in dataclasses.fields(first)} >= {"clock", "entropy", "disk", "network"}
