"""Scoring as a plain object, on both databases."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import pytest
from sqlalchemy import update

from atoll import Unavailable
from atoll.testing import MemoryDatabase, SettableClock, fake
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Enrichment, LeadEnriched, Profile
from revenue.identity.contract import Resolution
from revenue.playbook.contract import PlaybookPublished, TeamRules
from revenue.ruling import Ruled
from revenue.scoring.contract import (
    Dimension,
    Grade,
    LeadScored,
    PlanRequest,
    Rule,
    ScoreNotFound,
    ScoringRules,
    When,
)
from revenue.scoring.scored import Basis
from revenue.scoring.service import AT_ONCE, ScoringService
from revenue.scoring.tables import SCORES
from revenue.scoring.tests.conftest import NOON, PROFILE
from revenue.scoring.waiting import score_waiting

DAY = timedelta(days=1)
RESOLUTION = Resolution(contact_id="c1")


def lead(lead_id: str = "1", revision: int = 1, title: str = "CTO", source: str | None = None) -> Lead:
    """A lead who decides."""
    return Lead(
        id=lead_id,
        captured_at=NOON,
        updated_at=NOON,
        email="ada@example.com",
        title=title,
        revision=revision,
        lead_source=source,
    )


async def enriched(scoring: ScoringService, *leads: Lead, profile: Profile = PROFILE) -> None:
    """Tell Scoring that something was found out about leads."""
    for each in leads:
        async with scoring.db.transaction() as tx:
            event = LeadEnriched(lead_id=each.id, lead=each, profile=profile, resolution=RESOLUTION)
            await scoring.score_lead(event, tx)


async def published(scoring: ScoringService, version: int, rules: ScoringRules) -> None:
    """Tell Scoring of new rules."""
    async with scoring.db.transaction() as tx:
        event = PlaybookPublished(name="main", version=version, playbook=TeamRules(scoring=rules), published_at=NOON)
        await scoring.follow(event, tx)


async def turned(scoring: ScoringService) -> None:
    """Give Scoring its turn."""
    async with scoring.db.transaction() as tx:
        await scoring.score_again(tx)


def said(db: MemoryDatabase) -> list[LeadScored]:
    """What was published."""
    assert all(isinstance(event, LeadScored) for event in db.published)
    return [event for event in db.published if isinstance(event, LeadScored)]


async def test_a_lead_that_was_enriched_is_scored(scoring: ScoringService, db: MemoryDatabase) -> None:
    """What the lead says and what was found out both count; the event carries all that is known."""
    await enriched(scoring, lead(revision=3, source="Demo request"))

    score = await scoring.latest("1")
    assert (score.fit, score.engagement, score.points, score.cell, score.grade) == (45, 29, 74, "B2", Grade.B)
    assert (score.is_provisional, score.scored_at, score.lead_revision) == (False, NOON, 3)
    assert [(reason.rule, reason.points, reason.dimension) for reason in score.reasons] == [
        ("decides", 25, Dimension.FIT),
        ("asked_us", 24, Dimension.ENGAGEMENT),
        ("company_mailbox", 20, Dimension.FIT),
        ("came_again", 5, Dimension.ENGAGEMENT),
    ]
    assert said(db) == [
        LeadScored(
            lead_id="1",
            points=74,
            grade=Grade.B,
            lead=lead(revision=3, source="Demo request"),
            resolution=RESOLUTION,
            profile=PROFILE,
            score=score,
        )
    ]


async def test_a_lead_that_comes_twice_counts_once(scoring: ScoringService) -> None:
    """The same event may come again; the same touch is no other one."""
    await enriched(scoring, lead(source="Demo"), lead(source="Demo"))

    assert (await scoring.latest("1")).engagement == 24
    assert (await scoring.count()).leads == 1


async def test_touches_add_up(scoring: ScoringService) -> None:
    """Each revision is one."""
    await enriched(scoring, lead(source="Demo"), lead(source="Demo", revision=2), lead(source="Webinar", revision=3))

    score = await scoring.latest("1")

    assert {reason.rule: reason.points for reason in score.reasons if reason.dimension is Dimension.ENGAGEMENT} == {
        "asked_us": 48, "met_us": 10, "came_again": 10,
    }  # fmt: skip


async def test_an_older_revision_never_overwrites_a_newer_one(scoring: ScoringService, db: MemoryDatabase) -> None:
    """Nor is it told of."""
    await enriched(scoring, lead(revision=2), lead(revision=1, title="Student"))

    assert (await scoring.latest("1")).lead_revision == 2
    assert len(said(db)) == 1


async def test_the_latest_score_is_kept(scoring: ScoringService, clock: SettableClock) -> None:
    """The one before it goes, and the lead keeps its place in the list."""
    await enriched(scoring, lead("1"), lead("2"))
    clock.advance(DAY)

    await enriched(scoring, lead("1", revision=2, title="Student"))

    scores = [item async for item in scoring.export()]
    assert [(score.lead_id, score.lead_revision, score.fit) for score in scores] == [("1", 2, 5), ("2", 1, 45)]
    assert scores[0].scored_at == NOON + DAY


async def test_what_a_lead_would_score_is_said_and_not_kept(scoring: ScoringService, db: MemoryDatabase) -> None:
    """By the same rules."""
    score = await scoring.score(lead())

    await enriched(scoring, lead())

    assert score == await scoring.latest("1")
    assert len(said(db)) == 1


async def test_what_a_lead_would_score_is_said_without_enrichment(clock: SettableClock, db: MemoryDatabase) -> None:
    """Provisionally, and the reasons say so."""
    nothing = fake(Enrichment, profile=Profile(is_complete=False))
    scoring = ScoringService(enrichment=nothing, clock=clock, db=db)

    score = await scoring.score(lead())

    assert score.is_provisional
    assert [reason.rule for reason in score.reasons] == ["decides", "not_enriched"]
    assert (await scoring.count()).leads == 0


@pytest.mark.parametrize("lead_id", ["nobody", "\0"])
async def test_a_lead_without_a_score_is_told(scoring: ScoringService, lead_id: str) -> None:
    """As a problem that names it."""
    with pytest.raises(ScoreNotFound) as problem:
        await scoring.latest(lead_id)

    assert problem.value.lead_id == lead_id


async def test_scores_are_listed_a_page_at_a_time(scoring: ScoringService) -> None:
    """In the order in which leads were scored first."""
    await enriched(scoring, lead("2"), lead("0"), lead("1"), lead("2"))

    page = await scoring.scores(limit=2)
    rest = await scoring.scores(cursor=page.next, limit=2)

    assert [score.lead_id for score in (*page.items, *rest.items)] == ["2", "0", "1"]
    assert rest.next is None


async def test_scores_are_counted_with_the_revisions_of_their_leads(scoring: ScoringService) -> None:
    """So that whoever knows those of Capture knows who waits."""
    empty = await scoring.count()

    await enriched(scoring, lead("1"), lead("2"), lead("2", revision=2))

    count = await scoring.count()
    assert (empty.leads, empty.revisions) == (0, 0)
    assert (count.leads, count.revisions) == (2, 3)


async def test_an_export_is_not_disturbed_by_new_scores(scoring: ScoringService) -> None:
    """It shows what was there when it began."""
    await enriched(scoring, lead("0"))
    seen: list[str] = []

    async for score in scoring.export():
        seen.append(score.lead_id)
        await enriched(scoring, lead(f"{len(seen)}"))

    assert seen == ["0"]


# --- what fades ------------------------------------------------------------------------------------------------------


async def test_a_score_fades_when_it_is_read(scoring: ScoringService, clock: SettableClock) -> None:
    """Wherever it is read."""
    await enriched(scoring, lead(source="Demo"))
    clock.advance(30 * DAY)

    latest = await scoring.latest("1")

    assert (latest.fit, latest.engagement, latest.points) == (45, 12, 57)
    assert list((await scoring.scores()).items) == [latest] == [each async for each in scoring.export()]


async def test_a_grade_falls_by_itself_and_is_told_once(
    scoring: ScoringService, clock: SettableClock, db: MemoryDatabase
) -> None:
    """Nobody has to read the lead for it; a fall to another cell with the same grade is not told."""
    await enriched(scoring, lead(title="CEO", source="Demo"))
    seen: list[tuple[int, str, Grade]] = []

    for day in range(1, 200):
        clock.advance(DAY)
        count = len(db.published)
        await turned(scoring)
        await turned(scoring)
        if len(db.published) > count:
            event = said(db)[-1]
            assert event.score is not None
            assert len(db.published) == count + 1
            assert (event.lead, event.resolution, event.profile) == (
                lead(title="CEO", source="Demo"), RESOLUTION, PROFILE,
            )  # fmt: skip
            seen.append((day, event.score.cell, event.grade))

    assert seen == [(51, "B4", Grade.C)]
    assert (await scoring.latest("1")).grade is Grade.C


# --- other rules -----------------------------------------------------------------------------------------------------

ONLY = ScoringRules(
    rules=(Rule(name="any", looks_at="lead.email", when=When(present=True), points=60, sentence="Is there."),)
)


async def test_rules_that_were_published_hold_for_new_leads_and_soon_for_old_ones(
    scoring: ScoringService, db: MemoryDatabase
) -> None:
    """Each once, told where points have changed."""
    await enriched(scoring, lead("1"))
    await published(scoring, 4, ONLY)
    await published(scoring, 4, ONLY)

    await enriched(scoring, lead("2"))
    await turned(scoring)
    await turned(scoring)

    scores = {score.lead_id: score for score in (await scoring.scores()).items}
    assert {score.fit for score in scores.values()} == {60}
    assert {score.rules_version for score in scores.values()} == {4}
    assert [(event.lead_id, event.points) for event in said(db)] == [("1", 45), ("2", 60), ("1", 60)]


async def test_leads_are_scored_again_some_at_a_time(scoring: ScoringService, db: MemoryDatabase) -> None:
    """So that others can write in between."""
    count = AT_ONCE + 5
    async with scoring.db.transaction() as tx:
        for number in range(count):
            each = lead(str(number))
            await scoring.score_lead(LeadEnriched(lead_id=each.id, lead=each, profile=PROFILE), tx)
    await published(scoring, 1, ONLY)

    await turned(scoring)
    first = len(db.published) - count
    await turned(scoring)

    assert (first, len(db.published) - 2 * count) == (AT_ONCE, 0)


async def test_a_lead_of_which_nothing_is_kept_stays_as_it_is(scoring: ScoringService, db: MemoryDatabase) -> None:
    """It was scored before that was kept; new rules wait for what it does next."""
    await enriched(scoring, lead("1"))
    async with scoring.db.transaction() as tx:
        await tx.execute(update(SCORES).values(kept="", engaged="[]", touches="[]"))
    await published(scoring, 1, ONLY)

    await turned(scoring)
    await turned(scoring)

    assert (await scoring.latest("1")).fit == 45
    assert len(db.published) == 1
    assert (await scoring.plan(PlanRequest(rules=ONLY))).leads == 0


async def test_a_plan_says_who_would_change_and_keeps_nothing(scoring: ScoringService, db: MemoryDatabase) -> None:
    """Those that change most are shown."""
    await enriched(scoring, *[lead(str(number), title="CTO") for number in range(5)], lead("s", title="Student"))
    student = ScoringRules(
        rules=(
            Rule(
                name="student",
                looks_at="lead.title",
                when=When(one_of=("student",)),
                points=90,
                sentence="Studies, and will be somebody.",
            ),
            *ScoringRules().rules,
        )
    )

    plan = await scoring.plan(PlanRequest(rules=student, samples=1))
    nothing = await scoring.plan(PlanRequest(rules=ScoringRules()))
    latest = await scoring.plan(PlanRequest(rules=student, leads_max=1))

    assert (plan.leads, plan.points_change, plan.grade_change) == (6, 1, 1)
    assert {(move.before, move.after): move.leads for move in plan.moves} == {
        (Grade.C, Grade.C): 5, (Grade.D, Grade.B): 1,
    }  # fmt: skip
    assert [(each.lead_id, each.before.fit, each.after.fit) for each in plan.samples] == [("s", 5, 95)]
    assert (nothing.points_change, nothing.samples) == (0, ())
    assert (latest.leads, latest.points_change) == (1, 1)
    assert (await scoring.latest("s")).fit == 5
    assert len(db.published) == 6


# --- who waits -------------------------------------------------------------------------------------------------------


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


async def looked(scoring: ScoringService) -> None:
    """Let Scoring look for those who wait."""
    async with scoring.db.transaction() as tx:
        await scoring.score_who_waits(tx)


async def test_who_waits_too_long_gets_a_provisional_score(scoring: ScoringService, db: MemoryDatabase) -> None:
    """Once; who has not waited long waits on."""
    scoring.resolved = identity = FakeIdentity(decided(1, lead("1")), decided(2, lead("2"), seconds_ago=5))

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
    scoring.resolved = FakeIdentity(decided(1, lead("1")), decided(2, lead("2")))
    await looked(scoring)

    await enriched(scoring, lead("1"), lead("2"))
    scoring.resolved = FakeIdentity(decided(3, lead("1")))
    await looked(scoring)

    assert [(event.lead_id, event.points) for event in said(db)] == [("1", 25), ("2", 25), ("1", 45), ("2", 45)]
    assert not (await scoring.latest("1")).is_provisional


async def test_who_has_changed_waits_for_the_score_of_the_change(scoring: ScoringService) -> None:
    """An older revision's score is not enough; a newer one's is."""
    await enriched(scoring, lead("1"), lead("2", revision=5))
    scoring.resolved = FakeIdentity(
        decided(8, lead("1", revision=2, title="Student")), decided(9, lead("2", revision=4, title="Student"))
    )

    await looked(scoring)

    scores = {score.lead_id: (score.lead_revision, score.is_provisional) for score in (await scoring.scores()).items}
    assert scores == {"1": (2, True), "2": (5, False)}


async def test_the_cursor_outlives_the_instance(clock: SettableClock, db: MemoryDatabase) -> None:
    """Another one goes on where it was left."""
    identity = FakeIdentity(*[decided(number, lead(str(number))) for number in range(1, 151)])

    instances = [ScoringService(enrichment=fake(Enrichment, profile=PROFILE), clock=clock, db=db) for _ in range(3)]

    for each in instances:
        each.resolved = identity
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
    scoring.resolved = fake_silence = SilentIdentity()

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
