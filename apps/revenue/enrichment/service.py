"""Enrichment: what the libraries know, and what others are asked by the team's rules."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from atoll import Clock, Database, Service, Transaction, every, on, private
from revenue.identity.contract import LeadResolved
from revenue.paging import is_text
from revenue.playbook.contract import PlaybookPublished
from revenue.ruling import Ruled, Ruling

from . import ledger, store
from .contract import (
    Attempt,
    CompanyFile,
    ContactPoints,
    CostLine,
    DirectoryReport,
    Enrichment,
    EnrichmentPlan,
    EnrichmentRules,
    LeadEnriched,
    Pin,
    PinRefused,
    Profile,
    ProfileCount,
    ProfileNotFound,
    ProviderStatus,
    PurchaseDue,
    Topic,
    Unpin,
)
from .settings import EnrichmentSettings
from .tables import RULES as RULES_TABLE

WARMING = ContactPoints(email="ada@example.com", phone="+1 212 555 0100", country="Germany")
"""A lead that makes use of every table."""
LATER_S = 25.0
"""How long providers are asked for that a lead could not wait for; a delivery has half a minute."""
PURCHASES_MAX = 6
"""How often that is tried: after half a minute, then later and later."""
PLAN_MAX = 100_000

RULES = Ruling(RULES_TABLE, EnrichmentRules, default=EnrichmentRules())


class EnrichmentService(Service, Enrichment, owner="revenue-operations"):
    """Says what an e-mail address, a phone number and a website give away, and asks others for what they do not."""

    db: Database
    clock: Clock
    settings: EnrichmentSettings = EnrichmentSettings()
    _made: dict[str, Any] = private(default_factory=dict)  # Any: what is loaded late, and the rules seen last

    async def start(self) -> None:
        """Load the tables, so that the first lead does not wait for them, and the directory, where it has changed."""
        await self.profile(WARMING)
        if self.settings.company_directory:
            await self._buying.load_directory(self.settings.company_directory)

    async def stop(self) -> None:
        """Let go of connections."""
        if "buying" in self._made:
            await self._buying.close()

    async def profile(self, points: ContactPoints) -> Profile:
        """All facts about contact points; nobody is asked."""
        from .profile import profile_of  # noqa: PLC0415  # the tables take 0.4 s: importing a service stays quick

        return profile_of(points)

    async def domain(self, name: str) -> Profile:
        """The facts about a domain."""
        from .profile import domain_profile  # noqa: PLC0415  # as above

        return domain_profile(name)

    async def latest(self, lead_id: str) -> Profile:
        """What is kept about a lead, with what was set by hand."""
        row = (await self.db.read(store.LATEST, {"lead_id": lead_id})).first() if is_text(lead_id) else None
        if row is None:
            raise ProfileNotFound(lead_id=lead_id)
        return _with_pins(store.profile_in(row), store.pins_in(row.pins))

    async def count(self) -> ProfileCount:
        """How many there are."""
        row = (await self.db.read(store.COUNT)).one()
        return ProfileCount(leads=row.leads, revisions=row.revisions)

    async def attempts(self, lead_id: str) -> list[Attempt]:
        """Who was asked about a lead."""
        rows = await self.db.read(store.ATTEMPTS_OF, {"lead_id": lead_id}) if is_text(lead_id) else ()
        return [store.attempt_of(row) for row in rows]

    async def costs(self, month: str | None = None, provider: str | None = None) -> list[CostLine]:
        """What was spent."""
        asked = {"month": month or "", "provider": provider or ""}
        return store.cost_lines(await self.db.read(store.COSTS, asked)) if all(map(is_text, asked.values())) else []

    async def providers(self) -> list[ProviderStatus]:
        """Whom the rules that hold can name."""
        ruled = await RULES.now(self.db.read)
        return list(self._buying.offered(ruled.rules).statuses)

    async def plan(self, rules: EnrichmentRules, leads_max: int = 10_000) -> EnrichmentPlan:
        """What rules would cost."""
        plan: EnrichmentPlan = await self._buying.plan(rules, min(max(leads_max, 1), PLAN_MAX))
        return plan

    async def import_companies(self, file: CompanyFile) -> DirectoryReport:
        """Keep the companies of a file."""
        report: DirectoryReport = await self._buying.keep_companies(file)
        return report

    async def companies(self) -> int:
        """How many companies are in the directory."""
        from .directory import COUNT  # noqa: PLC0415  # as above

        return (await self.db.read(COUNT)).scalar() or 0

    async def pin(self, lead_id: str, pin: Pin) -> Profile:
        """Set a value, and tell it to whoever has the profile."""
        from .checking import Broken, checked  # noqa: PLC0415  # as above

        if pin.topic is Topic.UNKNOWN or not is_text(pin.actor + pin.reason):
            raise PinRefused(topic=pin.topic, explanation="there is no such topic, or its actor cannot be kept")
        held = checked(pin.topic, pin.value, {})
        if isinstance(held, Broken):
            raise PinRefused(topic=pin.topic, explanation=held.why)
        pinned = store.Pinned(held.value, pin.actor, pin.reason, self.clock.now())
        return await self._changed(lead_id, lambda pins: {**pins, pin.topic: pinned})

    async def unpin(self, lead_id: str, unpin: Unpin) -> Profile:
        """Take a value out."""
        return await self._changed(
            lead_id, lambda pins: {topic: each for topic, each in pins.items() if topic is not unpin.topic}
        )

    @on(PlaybookPublished)
    async def follow(self, event: PlaybookPublished, tx: Transaction) -> None:
        """Keep the rules that were published. Leads that are here already stay as they are until they change."""
        await RULES.keep(tx, event.version, event.playbook.enrichment, self.clock.now())

    @on(LeadResolved)
    async def enrich(self, event: LeadResolved, tx: Transaction) -> None:
        """A lead is new or has changed: find out about it, and ask those who answer while it waits."""
        ruled = await self._rules_before()
        kept = store.Kept(event.lead, event.resolution, {})
        if ruled.rules.fields:
            row = (await self.db.read(store.PINS, {"lead_id": event.lead_id})).first()
            kept = store.Kept(event.lead, event.resolution, store.pins_in(row.pins) if row else {})
            profile: Profile = await self._buying.profile(kept, ruled, ruled.rules.deadline_s)
        else:
            profile = self._free(kept, ruled.version)
        now = await RULES.now(tx.execute)
        await self._keep(tx, kept, profile)
        if profile.is_awaited or (now.version != ruled.version and now.rules.fields):
            tx.publish(PurchaseDue(lead_id=event.lead_id))
        self._made["rules"] = now

    @on(PurchaseDue)
    async def purchase(self, event: PurchaseDue, tx: Transaction) -> None:
        """Ask those whom a lead could not wait for, and tell what they say afterwards."""
        row = (await self.db.read(store.WHOLE, {"lead_id": event.lead_id})).first()
        kept = None if row is None else store.kept_in(row)
        ruled = await RULES.now(self.db.read)
        if row is None or kept is None:
            return
        profile: Profile = await self._buying.profile(kept, ruled, LATER_S)
        is_last = event.attempt >= PURCHASES_MAX
        current = (await tx.execute(store.WHOLE_TO_CHANGE, {"lead_id": event.lead_id})).one()
        if current.lead_revision != row.lead_revision or current.pins != row.pins:
            tx.publish(PurchaseDue(lead_id=event.lead_id, attempt=event.attempt))  # what was bought is known by then
            return
        if profile.is_awaited and is_last:
            profile = _given_up(profile)
        if profile != store.profile_in(row):
            await self._keep(tx, kept, profile)
        if profile.is_awaited:
            pause = timedelta(seconds=30 * 2 ** (event.attempt - 1))
            tx.publish(PurchaseDue(lead_id=event.lead_id, attempt=event.attempt + 1), at=self.clock.now() + pause)

    @every(minutes=1)
    async def look_for_lost(self, tx: Transaction) -> None:
        """An attempt whose process has died counts as charged, and its end as unknown."""
        await tx.execute(ledger.LOSE, {"before": self.clock.now() - ledger.LOST_AFTER})

    async def _rules_before(self) -> Ruled[EnrichmentRules]:
        """The rules as they were last seen: whoever is asked is asked before the transaction, which sees them anew."""
        ruled: Ruled[EnrichmentRules] = self._made.get("rules") or await RULES.now(self.db.read)
        return ruled

    async def _keep(self, tx: Transaction, kept: store.Kept, profile: Profile) -> None:
        """Keep a profile, and tell it, with what was set by hand."""
        row = store.row_of(kept.lead, kept.resolution, profile, self.clock.now())
        pins = (await tx.execute(store.KEEP, row)).scalar()
        told = _with_pins(profile, store.pins_in(pins)) if pins else profile
        tx.publish(LeadEnriched(lead_id=kept.lead.id, lead=kept.lead, profile=told, resolution=kept.resolution))

    async def _changed(
        self, lead_id: str, change: Callable[[dict[Topic, store.Pinned]], dict[Topic, store.Pinned]]
    ) -> Profile:
        if not is_text(lead_id):
            raise ProfileNotFound(lead_id=lead_id)
        async with self.db.transaction() as tx:
            row = (await tx.execute(store.WHOLE_TO_CHANGE, {"lead_id": lead_id})).first()
            kept = None if row is None else store.kept_in(row)
            if row is None or kept is None:
                raise ProfileNotFound(lead_id=lead_id)
            before = store.pins_in(row.pins)
            pins = change(dict(before))
            profile = _with_pins(store.profile_in(row), pins)
            if pins != before:
                await tx.execute(store.SET_PINS, {"which": lead_id, "pins": store.pins_text(pins)})
                tx.publish(LeadEnriched(lead_id=lead_id, lead=kept.lead, profile=profile, resolution=kept.resolution))
                if (await RULES.now(tx.execute)).rules.fields and len(pins) < len(before):
                    tx.publish(PurchaseDue(lead_id=lead_id))  # nobody was asked as long as it was set
        return profile

    def _free(self, kept: store.Kept, version: int) -> Profile:
        """What costs nothing and asks nobody."""
        from .waterfall import free_profile  # noqa: PLC0415  # as above

        return free_profile(kept.lead, kept.resolution, version)

    @property
    def _buying(self) -> Any:  # Any: `Buying`, which loads the libraries
        found = self._made.get("buying")
        if found is None:
            from .buying import Buying  # noqa: PLC0415  # as above

            found = self._made["buying"] = Buying(self.db, self.clock, self.settings)
        return found


def _with_pins(profile: Profile, pins: Mapping[Topic, store.Pinned]) -> Profile:
    if not pins:
        return profile
    from .profile import overlaid  # noqa: PLC0415  # as above

    return overlaid(profile, store.pinned_facts(pins))


def _given_up(profile: Profile) -> Profile:
    return msgspec.structs.replace(profile, is_awaited=False)
