"""Scoring as a plain object, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from atoll.testing import MemoryDatabase, SettableClock, fake
from revenue.enrichment.contract import Enrichment, LeadEnriched, Profile
from revenue.identity.contract import AccountsMerged, AccountsParted, ContactsMerged, ContactsParted, Identity
from revenue.playbook.contract import PlaybookPublished, TeamRules
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
from revenue.scoring.service import ScoringService
from revenue.scoring.store import AT_ONCE
from revenue.scoring.tables import SCORES
from revenue.scoring.tests.conftest import NOON, PROFILE
from revenue.scoring.tests.told import RESOLUTION, enriched, lead, said, turned

DAY = timedelta(days=1)


async def published(scoring: ScoringService, version: int, rules: ScoringRules) -> None:
    """Tell Scoring of new rules."""
    async with scoring.db.transaction() as tx:
        event = PlaybookPublished(name="main", version=version, playbook=TeamRules(scoring=rules), published_at=NOON)
        await scoring.follow(event, tx)


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
    scoring = ScoringService(enrichment=nothing, identity=fake(Identity), clock=clock, db=db)

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


async def test_who_a_lead_is_follows_merges_and_their_undoing(scoring: ScoringService, db: MemoryDatabase) -> None:
    """What is told of a lead from then on names who it is by now, also where Enrichment tells of what it was."""
    await enriched(scoring, lead("1"), lead("2"))
    several = tuple(str(number) for number in range(1, AT_ONCE + 2))  # of most of them Scoring has not heard

    async def told_of() -> tuple[str | None, str | None]:
        await enriched(scoring, lead("1"))
        resolution = said(db)[-1].resolution
        return (None, None) if resolution is None else (resolution.contact_id, resolution.account_id)

    async with scoring.db.transaction() as tx:
        await scoring.join_contacts(ContactsMerged(kept_id="c2", merged_id="c1", lead_ids=several), tx)
        await scoring.join_accounts(AccountsMerged(kept_id="a2", merged_id="a1", lead_ids=("1",)), tx)
    merged = await told_of()
    async with scoring.db.transaction() as tx:
        await scoring.part_contacts(ContactsParted(kept_id="c2", parted_id="c1", lead_ids=("1",)), tx)
        await scoring.part_accounts(AccountsParted(kept_id="a2", parted_id="a1", lead_ids=("1",)), tx)
    parted = await told_of()
    await enriched(scoring, lead("1", revision=2))
    anew = said(db)[-1].resolution

    assert (merged, parted) == (("c2", "a2"), ("c1", "a1"))
    assert anew == RESOLUTION
