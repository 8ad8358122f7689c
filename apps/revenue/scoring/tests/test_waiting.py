"""Leads that wait too long for what is found out about them: scored by what they say, and corrected later."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from atoll import Unavailable
from atoll.testing import MemoryDatabase, SettableClock
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile
from revenue.identity.contract import Resolution
from revenue.ruling import Ruled
from revenue.scoring.contract import (
    ScoringRules,
)
from revenue.scoring.scored import Basis
from revenue.scoring.service import ScoringService
from revenue.scoring.tests.conftest import NOON, scoring_on
from revenue.scoring.tests.told import RESOLUTION, enriched, lead, said
from revenue.scoring.waiting import score_waiting


class Decision(msgspec.Struct, frozen=True):
    """An item of Identity's list."""

    number: int
    lead: Lead
    resolution: Resolution
    resolved_at: datetime


class Listed(msgspec.Struct, frozen=True):
    """A page of it."""

    items: Sequence[Decision]


class FakeIdentity:
    """Identity's list, and what it was asked for."""

    def __init__(self, *decisions: Decision) -> None:
        self.decisions = list(decisions)
        self.asked: list[str | None] = []

    async def resolutions(self, before: datetime | None = None, cursor: str | None = None, limit: int = 100) -> Listed:
        """Those that are older, behind the cursor."""
        self.asked.append(cursor)
        after = int(cursor or 0)
        found = [each for each in self.decisions if each.number > after and (not before or each.resolved_at <= before)]
        return Listed(found[:limit])


def decided(number: int, said: Lead, seconds_ago: int = 60) -> Decision:
    """It was decided some seconds ago who a lead is."""
    return Decision(number, said, RESOLUTION, NOON - timedelta(seconds=seconds_ago))


def tell(scoring: ScoringService, identity: Any) -> None:  # Any: the one operation that Scoring asks for
    """Have Scoring ask this Identity."""
    scoring.identity = identity


async def looked(scoring: ScoringService) -> None:
    """Let Scoring look for those who wait."""
    async with scoring.db.transaction() as tx:
        await scoring.score_who_waits(tx)


async def test_who_waits_too_long_gets_a_provisional_score(scoring: ScoringService, db: MemoryDatabase) -> None:
    """Once; who has not waited long waits on."""
    identity = FakeIdentity(decided(1, lead("1")), decided(2, lead("2"), seconds_ago=5))
    tell(scoring, identity)

    await looked(scoring)
    await looked(scoring)

    events = said(db)
    assert [(event.lead_id, event.resolution, event.profile) for event in events] == [
        ("1", RESOLUTION, Profile(is_complete=False))
    ]
    assert events[0].score is not None
    assert events[0].score.is_provisional
    assert identity.asked == [None, "1"]


async def test_a_provisional_score_is_corrected_when_enrichment_is_back(
    scoring: ScoringService, db: MemoryDatabase
) -> None:
    """And is not given again to who has one that is better."""
    tell(scoring, FakeIdentity(decided(1, lead("1")), decided(2, lead("2"))))
    await looked(scoring)

    await enriched(scoring, lead("1"), lead("2"))
    tell(scoring, FakeIdentity(decided(3, lead("1"))))
    await looked(scoring)

    assert [(event.lead_id, event.points) for event in said(db)] == [("1", 25), ("2", 25), ("1", 45), ("2", 45)]
    assert not (await scoring.latest("1")).is_provisional


async def test_who_has_changed_waits_for_the_score_of_the_change(scoring: ScoringService) -> None:
    """An older revision's score is not enough; a newer one's is."""
    await enriched(scoring, lead("1"), lead("2", revision=5))
    tell(
        scoring,
        FakeIdentity(
            decided(8, lead("1", revision=2, title="Student")), decided(9, lead("2", revision=4, title="Student"))
        ),
    )

    await looked(scoring)

    scores = {score.lead_id: (score.lead_revision, score.is_provisional) for score in (await scoring.scores()).items}
    assert scores == {"1": (2, True), "2": (5, False)}


async def test_the_cursor_outlives_the_instance(clock: SettableClock, db: MemoryDatabase) -> None:
    """Another one goes on where it was left."""
    identity = FakeIdentity(*[decided(number, lead(str(number))) for number in range(1, 151)])

    instances = [scoring_on(db, clock) for _ in range(3)]

    for each in instances:
        tell(each, identity)
        await looked(each)

    assert identity.asked == [None, "100", "150"]
    assert (await instances[0].count()).leads == 150


async def test_of_two_at_once_the_newer_revision_stays(scoring: ScoringService, db: MemoryDatabase) -> None:
    """Whoever comes first: on several instances a provisional score and an enriched one may meet."""
    if db.dialect == "sqlite":
        pytest.skip("one transaction writes at a time")

    async def provisional(number: int) -> None:
        waited = [decided(number + 1, lead(str(number), revision=2))]
        async with db.transaction() as tx:
            await score_waiting(tx, waited, Basis(Ruled(0, ScoringRules()), None), NOON)

    for number in range(30):
        both = [enriched(scoring, lead(str(number), revision=1)), provisional(number)]
        await asyncio.gather(*(both if number % 2 else reversed(both)))

    assert {score.lead_revision for score in (await scoring.scores()).items} == {2}
    told = [(event.lead_id, event.score.lead_revision) for event in said(db) if event.score is not None]
    assert len(set(told)) == len(told)


async def test_an_identity_that_does_not_answer_is_asked_again(scoring: ScoringService) -> None:
    """Nothing is lost by it, and the cursor stays."""
    fake_silence = SilentIdentity()
    tell(scoring, fake_silence)

    await looked(scoring)
    await looked(scoring)

    assert fake_silence.asked == 2
    assert (await scoring.count()).leads == 0


class SilentIdentity:
    """Is down."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolutions(self, before: datetime | None = None, cursor: str | None = None, limit: int = 100) -> Listed:
        """Never answers."""
        self.asked += 1
        raise Unavailable(service="identity", reason="in this test")


async def test_nobody_is_asked_of_an_identity_that_is_not_there(scoring: ScoringService) -> None:
    """Those who wait go on waiting."""
    await looked(scoring)

    assert (await scoring.count()).leads == 0
