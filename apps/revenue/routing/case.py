"""One lead and its owner, as it is kept."""

from datetime import UTC, datetime

import msgspec

from revenue.capture.contract import Lead
from revenue.scoring.contract import Grade, LeadScored

from .book import Book
from .contract import Assignment, Owner, ResponseClock, Stage, Status
from .facts import Facts, facts_of

OPEN = frozenset((Status.NEW, Status.ACCEPTED, Status.WORKING))
"""Statuses of leads that take some of their owner's capacity."""
NO_SHARES = "{}"
PROVISIONAL = "Enrichment had not answered: this is provisional until it has, or the lead is accepted."
KNOWN = (
    "lead_revision", "scored", "contact_id", "account_id", "account_said", "grade", "is_provisional",
)  # fmt: skip
"""What a case knows of its lead, rather than of its owner."""
ENCODER = msgspec.json.Encoder()


class Case(msgspec.Struct, frozen=True):
    """A row of `assignments`: the columns are called as its fields. A lead that is new has the number 0."""

    lead_id: str
    lead_revision: int
    scored: str
    contact_id: str | None
    account_id: str | None
    account_said: str | None
    grade: str
    owner: str
    is_rep: bool
    team: str | None
    step: str
    matched: str | None
    why: str
    is_provisional: bool
    routed_at: datetime
    assigned_at: datetime
    rules_version: int
    round: int
    shares: str
    passed: str
    waits_in: str | None
    status: str
    status_reason: str | None
    status_at: datetime
    stage: str | None
    respond_by: datetime | None
    escalate_at: datetime | None
    reassign_at: datetime | None
    stopped_at: datetime | None
    number: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it takes some of its owner's capacity."""
        return self.status in OPEN

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has accepted it, or spoken to it."""
        return self.status == Status.NEW and self.stopped_at is None


def told(case: Case) -> LeadScored:
    """The event that told of a case's lead."""
    return msgspec.json.decode(case.scored, type=LeadScored)


def facts_in(event: LeadScored) -> Facts:
    """What an event tells of a lead that its way depends on."""
    return facts_of(lead_in(event), event.resolution, event.profile, event.grade)


def lead_in(event: LeadScored) -> Lead:
    """The lead of an event; of one that is from before leads travelled along, as much as it says."""
    if event.lead is not None:
        return event.lead
    at = event.score.scored_at if event.score is not None else datetime.fromtimestamp(0, UTC)
    revision = event.score.lead_revision if event.score is not None else 1
    return Lead(id=event.lead_id, captured_at=at, updated_at=at, revision=revision)


def fresh_case(event: LeadScored, facts: Facts, contact: str | None, account: str | None, now: datetime) -> Case:
    """A case of a lead that has no owner yet."""
    return Case(
        lead_id=event.lead_id,
        lead_revision=lead_in(event).revision,
        scored=text_of(event),
        contact_id=contact,
        account_id=account,
        account_said=event.resolution.account_id if event.resolution is not None else None,
        grade=event.grade,
        owner="",
        is_rep=False,
        team=None,
        step="",
        matched=None,
        why="[]",
        is_provisional=not facts.is_enriched or (event.score is not None and event.score.is_provisional),
        routed_at=now,
        assigned_at=now,
        rules_version=0,
        round=0,
        shares=NO_SHARES,
        passed="[]",
        waits_in=None,
        status=Status.NEW,
        status_reason=None,
        status_at=now,
        stage=None,
        respond_by=None,
        escalate_at=None,
        reassign_at=None,
        stopped_at=None,
    )


def brought_up_to_date(was: Case, fresh: Case) -> Case:
    """A case with what is known of its lead by now."""
    case = msgspec.structs.replace(was, **{name: getattr(fresh, name) for name in KNOWN})
    if was.account_said is not None and was.lead_revision == fresh.lead_revision:
        case = msgspec.structs.replace(case, account_said=was.account_said)  # the event may know of merges since then
    if was.is_provisional and not case.is_provisional:
        words = msgspec.json.decode(case.why, type=tuple[str, ...])
        case = msgspec.structs.replace(case, why=text_of([word for word in words if word != PROVISIONAL]))
    return case


def text_of(value: object) -> str:
    """A value as JSON."""
    return ENCODER.encode(value).decode()


def assignment_of(case: Case, book: Book) -> Assignment:
    """A case as it is told of."""
    rep = book.reps.get(case.owner) if case.is_rep else None
    details = None
    if rep is not None:
        manager = book.manager_of(rep.id, case.team)
        details = Owner(id=rep.id, name=rep.name, email=rep.email, handle=rep.handle, manager=manager)
    return Assignment(
        lead_id=case.lead_id,
        owner=case.owner,
        step=case.step,
        why=msgspec.json.decode(case.why, type=tuple[str, ...]),
        is_provisional=case.is_provisional,
        assigned_at=case.assigned_at,
        rules_version=case.rules_version,
        details=details,
        team=case.team,
        matched=case.matched,
        is_waiting=case.waits_in is not None,
        round=case.round,
        status=Status(case.status),
        status_reason=case.status_reason,
        status_at=case.status_at,
        clock=_clock(case),
        grade=Grade(case.grade),
        lead_revision=case.lead_revision,
    )


def _clock(case: Case) -> ResponseClock | None:
    if case.respond_by is None:
        return None
    return ResponseClock(
        respond_by=case.respond_by,
        escalate_at=case.escalate_at,
        reassign_at=case.reassign_at,
        stage=Stage(case.stage or Stage.RUNNING),
        stopped_at=case.stopped_at,
    )
