"""Whoever waits for owners is told how far they are, and is not kept waiting for ever."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from atoll.testing import simulate
from revenue.capture.contract import LeadCount
from revenue.cli.waiting import until_routed, until_some
from revenue.routing.contract import AssignmentCount
from revenue.scoring.contract import ScoreCount


class Counts:
    """Leads of so many revisions each, of which some more are scored and routed each time that somebody asks."""

    def __init__(self, counted: Iterator[tuple[int, int]], leads: int = 3, revisions: int = 4) -> None:
        self._captured = LeadCount(leads=leads, revisions=revisions)
        self._counted = counted

    async def now(self) -> tuple[LeadCount, ScoreCount, AssignmentCount]:
        """The next count, as many routed as scored; it raises at the end, so that nobody asks too often."""
        leads, revisions = next(self._counted)
        scored, routed = ScoreCount(leads=leads, revisions=revisions), AssignmentCount(leads=leads, revisions=revisions)
        return self._captured, scored, routed


class Unrouted(Counts):
    """All are scored, and none has an owner."""

    async def now(self) -> tuple[LeadCount, ScoreCount, AssignmentCount]:
        """Nobody takes them."""
        captured, scored, _ = await super().now()
        return captured, scored, AssignmentCount(leads=0, revisions=0)


def for_ever(count: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The same count, as often as anybody asks."""
    while True:
        yield count


def waited(counts: Counts) -> tuple[int, list[tuple[int, int]]]:
    """How many wait in the end, and what was told meanwhile; in virtual time."""
    told: list[tuple[int, int]] = []
    watcher: Callable[[int, int], None] = lambda done, total: told.append((done, total))  # noqa: E731 - its type is said
    return simulate(lambda: until_routed(counts.now, watcher, patience_s=10.0)), told


def test_it_ends_when_each_revision_of_each_lead_is_scored_and_routed() -> None:
    """All leads have a score before that, one of them an old one."""
    waiting, told = waited(Counts(iter([(0, 0), (2, 2), (3, 3), (3, 4)])))

    assert waiting == 0
    assert told == [(0, 8), (4, 8), (6, 8), (8, 8)]


def test_where_there_is_nobody_nobody_is_waited_for() -> None:
    """A file without a single lead."""
    assert waited(Counts(iter([(0, 0)]), leads=0, revisions=0)) == (0, [(0, 0)])


@pytest.mark.parametrize("count", [(0, 0), (2, 2), (3, 3)])
def test_it_ends_when_nothing_happens_any_more(count: tuple[int, int]) -> None:
    """And says how many wait."""
    waiting, told = waited(Counts(for_ever(count)))

    assert waiting == 4 - count[1]
    assert 90 < len(told) < 110


def test_leads_with_a_score_and_no_owner_wait() -> None:
    """Routing is away: all of them are told as waiting."""
    waiting, _ = waited(Unrouted(for_ever((3, 4))))

    assert waiting == 3


def test_patience_begins_anew_with_each_score() -> None:
    """However slow it is, it is waited for as long as it goes on."""
    slow = [(0, 0)] * 90 + [(1, 1)] * 90 + [(2, 2)] * 90 + [(3, 4)]

    assert waited(Counts(iter(slow)))[0] == 0


@pytest.mark.parametrize(("looks", "is_found"), [(3, True), (10_000, False)])
def test_what_is_looked_for_is_waited_for_a_while(looks: int, is_found: bool) -> None:
    """Something that is there at the third look, and something that never comes."""
    looked = 0

    async def found() -> Sequence[object]:
        nonlocal looked
        looked += 1
        return [looked] if looked == looks else []

    assert simulate(lambda: until_some(found, patience_s=10.0)) is is_found
