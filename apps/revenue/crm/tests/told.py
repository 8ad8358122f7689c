"""What the tests of the CRM's beside share: leads with all that is known of them, and a CRM that imports files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from atoll import Event
from atoll.testing import MemoryDatabase, SettableClock
from revenue.capture.contract import Lead, LeadUpdated
from revenue.crm.contract import Crm, Export, ExportBegin, ExportDue, ExportRow, ExportState, Target
from revenue.crm.service import CrmService
from revenue.identity.contract import ContactsMerged, ContactsParted, Resolution
from revenue.playbook.contract import PlaybookPublished, TeamRules
from revenue.routing.contract import Assignment, LeadReassigned, LeadRouted, LeadStatusChanged, Owner, Status
from revenue.scoring.contract import Grade, LeadScored, Reason, Score

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def lead(number: int = 1, *, revision: int = 1, **said: Any) -> Lead:  # Any: values of a lead's fields
    """A lead that says its number in everything that it does not say otherwise."""
    details: dict[str, Any] = {  # Any: as above
        "email": f"ada{number}@example.com",
        "first_name": f"Ada {number}",
        "last_name": f"Lovelace {number}",
        "company": f"Engines {number}",
        "phone": f"+49 30 {number}",
    }
    return Lead(id=f"lead-{number}", captured_at=NOW, updated_at=NOW, revision=revision, **details | said)


def score(who: Lead, points: int = 60, grade: Grade = Grade.B, *, minutes: int = 0) -> Score:
    """Its score, with one reason."""
    return Score(
        lead_id=who.id,
        points=points,
        grade=grade,
        reasons=(Reason(rule="sample", points=points, sentence=f"Because of {who.id}."),),
        is_provisional=False,
        scored_at=NOW + timedelta(minutes=minutes),
        lead_revision=who.revision,
        fit=points,
    )


def assignment(who: Lead, owner: str = "ada", status: Status = Status.NEW, *, turn: int = 1) -> Assignment:
    """Whose it is."""
    return Assignment(
        lead_id=who.id,
        owner=owner,
        step="round_robin",
        why=("In turn.",),
        is_provisional=False,
        assigned_at=NOW,
        details=Owner(id=owner, name=owner.title(), email=f"{owner}@seller.example"),
        status=status,
        round=turn,
        lead_revision=who.revision,
    )


def resolution(who: Lead, contact: str | None = None) -> Resolution:
    """Who it is."""
    return Resolution(contact_id=contact or f"contact-of-{who.id}", account_domain="engines.example")


def scored(who: Lead, judged: Score | None = None, contact: str | None = None) -> LeadScored:
    """What Scoring says of it."""
    judged = judged or score(who)
    return LeadScored(
        lead_id=who.id,
        points=judged.points,
        grade=judged.grade,
        lead=who,
        resolution=resolution(who, contact),
        score=judged,
    )


def routed(who: Lead, given: Assignment | None = None, judged: Score | None = None) -> LeadRouted:
    """What Routing says of it."""
    return LeadRouted(
        lead_id=who.id,
        lead=who,
        assignment=given or assignment(who),
        resolution=resolution(who),
        score=judged or score(who),
    )


def updated(who: Lead) -> LeadUpdated:
    """What Capture says of it."""
    return LeadUpdated(lead_id=who.id, lead=who)


def became(
    who: Lead, status: Status, owner: str = "ada", *, turn: int = 1, reason: str | None = None
) -> LeadStatusChanged:
    """What Routing says of its status."""
    given = assignment(who, owner, status, turn=turn)
    return LeadStatusChanged(
        lead_id=who.id,
        owner=owner,
        was=Status.NEW,
        became=status,
        reason=reason or "",
        actor=owner,
        changed_at=NOW,
        assignment=given,
    )


def reassigned(who: Lead, owner: str, *, turn: int) -> LeadReassigned:
    """What Routing says of its next owner."""
    return LeadReassigned(
        lead_id=who.id,
        was="ada",
        became=owner,
        cause="by_hand",
        reason="",
        actor="",
        reassigned_at=NOW,
        assignment=assignment(who, owner, turn=turn),
    )


def published(rules: Mapping[str, Any], version: int = 1) -> PlaybookPublished:  # Any: values of rules
    """Rules of what a CRM is told."""
    return PlaybookPublished(name="gtm", version=version, playbook=TeamRules(**rules), published_at=NOW)


@dataclass
class Beside:
    """The service over a database, to which events are handed as the platform would hand them."""

    db: MemoryDatabase = field(default_factory=MemoryDatabase)
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))

    def __post_init__(self) -> None:
        """A service by itself."""
        self.service = CrmService(db=self.db, clock=self.clock)
        self._told = 0

    async def hear(self, *events: Event) -> None:
        """Have events handled, each in a transaction of its own."""
        for event in events:
            async with self.db.transaction() as tx:
                for reaction in REACTIONS[type(event)]:
                    await getattr(self.service, reaction)(event, tx)

    async def drain(self, pieces: int = 1_000) -> None:
        """Hand the service its own events, so many at most."""
        for _ in range(pieces):
            if self._told == len(self.db.published):
                return
            event = self.db.published[self._told]
            self._told += 1
            await self.hear(event)

    async def export(self, target: Target = Target.SALESFORCE, *, is_all: bool = False) -> Export:
        """An export that is ready."""
        begun = await self.service.begin(target, ExportBegin(is_all=is_all))
        await self.drain()
        ready = await self.service.export(target, begun.number)
        assert ready.state is ExportState.READY
        return ready

    async def confirm(self, export: Export, *, although_overtaken: bool = False) -> Export:
        """Have it confirmed to its end."""
        await self.service.confirm(export.target, export.number, although_overtaken)
        await self.drain()
        done = await self.service.export(export.target, export.number)
        assert done.state is ExportState.CONFIRMED
        return done

    async def rows(self, export: Export) -> list[ExportRow]:
        """All rows of an export."""
        return await rows_of(self.service, export)


REACTIONS: dict[type[Event], tuple[str, ...]] = {
    LeadUpdated: ("updated",),
    LeadScored: ("scored",),
    LeadRouted: ("routed",),
    LeadStatusChanged: ("status_changed",),
    LeadReassigned: ("reassigned",),
    PlaybookPublished: ("follow",),
    ContactsMerged: ("contacts_merged",),
    ContactsParted: ("contacts_parted",),
    ExportDue: ("go_on",),
}


async def rows_of(crm: Crm, export: Export) -> list[ExportRow]:
    """All rows of an export, a page at a time."""
    found: list[ExportRow] = []
    cursor: str | None = None
    while True:
        page = await crm.rows(export.target, export.number, cursor, 1_000)
        found += page.items
        if (cursor := page.next) is None:
            return found


@dataclass
class FakeCrm:
    """A CRM that imports rows as both of them do: by key, blank cells ignored."""

    clear: str | None = None
    records: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def take(self, rows: Iterable[ExportRow]) -> None:
        """Import a file."""
        for row in rows:
            self.read(row.key, row.cells)

    def read(self, key: str, cells: Mapping[str, str]) -> None:
        """Import one row."""
        record = self.records.setdefault(key, {})
        for name, text in cells.items():
            if text == self.clear:
                record.pop(name, None)
            elif text:
                record[name] = text
