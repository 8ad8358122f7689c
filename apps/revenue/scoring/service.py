"""Scoring, with its scores, rules, examples and models in a database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from atoll import (
    Clock,
    Database,
    DeadlineExceeded,
    Page,
    Service,
    Transaction,
    Unavailable,
    blocking,
    depends,
    every,
    on,
    private,
)
from revenue.capture.contract import Lead
from revenue.enrichment.contract import ContactPoints, Enrichment, LeadEnriched
from revenue.identity.contract import AccountsMerged, AccountsParted, ContactsMerged, ContactsParted, Identity
from revenue.paging import is_text, page_of
from revenue.playbook.contract import PlaybookPublished
from revenue.ruling import Ruled, Ruling

from . import store, versions
from .contract import (
    Comparison,
    ComparisonReport,
    ExamplePiece,
    ExamplesNotFound,
    ExamplesRejected,
    ExampleTable,
    LeadOutcomes,
    LearningNotInstalled,
    ModelReport,
    ModelSummary,
    Plan,
    PlanRequest,
    Promoted,
    Promotion,
    Score,
    ScoreCount,
    ScoreNotFound,
    Scoring,
    ScoringRules,
    Training,
)
from .examples import Sample, outcomes_row, piece_row
from .judge import values_of
from .offline import OfflineEnrichment
from .planning import Planning
from .prediction import Artefact, Predictor
from .scored import Basis, Kept, judged, score_at
from .store import AT_ONCE, Ask
from .tables import RULES_TABLE
from .touches import read, touch_of
from .waiting import PAGE_LEADS, cursor_of, score_waiting

RULES = Ruling(RULES_TABLE, ScoringRules, default=ScoringRules())

LOOKED_AT = 200
"""So many of the latest leads tell which columns of a model leads have."""
PLANNED_AT_ONCE = 50
"""Leads that a plan looks at before others take their turn."""


class ScoringService(Service, Scoring, owner="revenue-operations"):
    """Gives a lead points by rules and by what outcomes have taught, and a reason for every point."""

    enrichment: Enrichment = depends(fallback=OfflineEnrichment)
    identity: Identity = depends(timeout_s=2.0)
    clock: Clock
    db: Database
    known: dict[int, Predictor] = private(default_factory=dict)
    """Models that were read before; a version never changes."""

    # --- scores ------------------------------------------------------------------------------------------------------

    async def score(self, lead: Lead) -> Score:
        """Ask Enrichment, then count."""
        profile = await self.enrichment.profile(ContactPoints.of(lead))
        basis, now = await self._basis(self.db.read), self.clock.now()
        return score_at(judged(Kept(lead, profile), (touch_of(lead),), basis, now), basis.rules, now)

    async def plan(self, request: PlanRequest) -> Plan:
        """Score every lead that is kept as it would be, some at a time."""
        basis, now = await self._basis(self.db.read), self.clock.now()
        planned = Basis(Ruled(basis.ruled.version, request.rules), await versions.in_use(self.db.read, self.known))
        planning, count = Planning(request.samples), 0
        async for row in self.db.stream(store.EVERYTHING, {"count": max(request.leads_max, 0)}):
            if row.kept:
                before = score_at(store.judgement_of(row), basis.rules, now)
                judgement = judged(store.kept_of(row), read(row.touches), planned, now)
                planning.add(before, score_at(judgement, planned.rules, now))
            count += 1
            if count % PLANNED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return planning.plan()

    async def latest(self, lead_id: str) -> Score:
        """The latest score of a lead, faded until now."""
        row = (await self.db.read(store.LATEST, {"lead_id": lead_id})).first() if is_text(lead_id) else None
        if row is None:
            raise ScoreNotFound(lead_id=lead_id)
        rules = (await RULES.now(self.db.read)).rules
        return score_at(store.judgement_of(row), rules, self.clock.now())

    async def scores(self, cursor: str | None = None, limit: int = 100) -> Page[Score]:
        """The latest scores of all leads, in the order in which they were scored first."""
        rules, now = (await RULES.now(self.db.read)).rules, self.clock.now()
        return await page_of(
            self.db, store.PAGE, lambda row: score_at(store.judgement_of(row), rules, now), cursor, limit
        )

    async def count(self) -> ScoreCount:
        """How many there are."""
        row = (await self.db.read(store.COUNT)).one()
        return ScoreCount(leads=row.leads, revisions=row.revisions)

    async def export(self) -> AsyncIterator[Score]:
        """A picture of now: leads that are scored meanwhile neither disturb nor join it."""
        rules, now = (await RULES.now(self.db.read)).rules, self.clock.now()
        async for row in self.db.stream(store.ALL):
            yield score_at(store.judgement_of(row), rules, now)

    # --- what happens by itself --------------------------------------------------------------------------------------

    @on(LeadEnriched)
    async def score_lead(self, event: LeadEnriched, tx: Transaction) -> None:
        """Count, and keep the score as the lead's latest."""
        kept = Kept(event.lead, event.profile, event.resolution)
        await store.keep_score(tx, kept, await self._basis(tx.execute), self.clock.now())

    @on(PlaybookPublished)
    async def follow(self, event: PlaybookPublished, tx: Transaction) -> None:
        """The team has new rules: keep them. Leads are scored again by them, some hundred a second."""
        await RULES.keep(tx, event.version, event.playbook.scoring, self.clock.now())

    @on(ContactsMerged)
    async def join_contacts(self, event: ContactsMerged, tx: Transaction) -> None:
        """Leads of one contact are the other's."""
        await store.repoint(tx, event.lead_ids, contact_id=event.kept_id)

    @on(ContactsParted)
    async def part_contacts(self, event: ContactsParted, tx: Transaction) -> None:
        """Or their own one's again."""
        await store.repoint(tx, event.lead_ids, contact_id=event.parted_id)

    @on(AccountsMerged)
    async def join_accounts(self, event: AccountsMerged, tx: Transaction) -> None:
        """Leads of one account are the other's."""
        await store.repoint(tx, event.lead_ids, account_id=event.kept_id)

    @on(AccountsParted)
    async def part_accounts(self, event: AccountsParted, tx: Transaction) -> None:
        """Or their own one's again."""
        await store.repoint(tx, event.lead_ids, account_id=event.parted_id)

    @every(seconds=1)
    async def score_again(self, tx: Transaction) -> None:
        """Score leads again whose engagement has faded, or that were scored by other rules or another model."""
        await store.rescore(tx, await self._basis(tx.execute), self.clock.now(), AT_ONCE)

    @every(seconds=5)
    async def score_who_waits(self, tx: Transaction) -> None:
        """Score leads provisionally that were resolved a while ago and are not enriched."""
        now, patience_s = self.clock.now(), (await RULES.now(self.db.read)).rules.patience_s
        cursor = await cursor_of(self.db.read)
        try:
            page = await self.identity.resolutions(now - timedelta(seconds=patience_s), cursor, PAGE_LEADS)
        except (Unavailable, DeadlineExceeded):
            return  # they wait until it is back
        if page.items:
            await score_waiting(tx, page.items, await self._basis(tx.execute), now)

    # --- models ------------------------------------------------------------------------------------------------------

    async def add_examples(self, piece: ExamplePiece) -> ExampleTable:
        """Keep a piece."""
        row = await self._read(piece)
        async with self.db.transaction() as tx:
            await tx.execute(versions.PIECE, row)
            return await versions.table_of(tx.execute, piece.table)

    async def add_outcomes(self, outcomes: LeadOutcomes) -> ExampleTable:
        """Keep a piece of what is known of these leads."""
        ids = [each.lead_id for each in outcomes.outcomes if is_text(each.lead_id)]
        known: list[tuple[str, Kept]] = []
        for begin in range(0, len(ids), AT_ONCE):
            rows = await self.db.read(store.KEPT_OF, {"lead_ids": ids[begin : begin + AT_ONCE]})
            known += [(row.lead_id, store.kept_of(row)) for row in rows if row.kept]
        row = outcomes_row(outcomes, known)
        async with self.db.transaction() as tx:
            await tx.execute(versions.PIECE, row)
            return await versions.table_of(tx.execute, outcomes.table)

    async def examples(self, table: str) -> ExampleTable:
        """How large a table is."""
        if not is_text(table):
            raise ExamplesNotFound(table=table)
        return await versions.table_of(self.db.read, table)

    async def drop_examples(self, table: str) -> None:
        """Forget a table."""
        if is_text(table):
            async with self.db.transaction() as tx:
                await tx.execute(versions.DROP, {"which": table})

    async def train(self, training: Training) -> ModelReport:
        """Read the examples, learn in a thread, and keep what was learnt; what was learnt before is answered."""
        digest = await self._digest(training)
        row = (await self.db.read(versions.BY_DIGEST, {"which": digest})).first()
        if row is not None:
            return versions.told(row, await versions.promoted_version(self.db))
        artefact, report = await self._learn(await self._sample(training.table), training)
        async with self.db.transaction() as tx:
            return await versions.add_model(tx, digest, artefact, report)

    async def models(self, cursor: str | None = None, limit: int = 100) -> Page[ModelSummary]:
        """All versions."""
        used = await versions.promoted_version(self.db)
        return await page_of(
            self.db, versions.PAGE, lambda row: versions.summary_of(versions.told(row, used)), cursor, limit
        )

    async def model(self, version: int) -> ModelReport:
        """One version."""
        return await versions.report_of(self.db, version)

    async def compare(self, comparison: Comparison) -> ComparisonReport:
        """Ask each version about the same rows, in a thread."""
        several = [
            (await versions.report_of(self.db, version), await self._predictor(version))
            for version in dict.fromkeys(comparison.versions)
        ]
        if not several:
            raise ExamplesRejected(table=comparison.table, explanation="no version is named that could be compared")
        return await self._compare(await self._sample(comparison.table), comparison, several)

    async def promote(self, version: int, promotion: Promotion) -> Promoted:
        """Use a version, and look whether leads have what it goes by."""
        async with self.db.transaction() as tx:
            promoted = await versions.promote(tx, version, promotion, self.clock.now())
        columns = tuple(each.column for each in (await self._predictor(version)).artefact.features)
        rows = await self.db.read(store.EVERYTHING, {"count": LOOKED_AT})
        latest = [store.kept_of(row) for row in rows if row.kept]
        said = [values_of(each.lead, each.profile) for each in latest]
        unknown = tuple(column for column in columns if said and not any(value(column) for value in said))
        return msgspec.structs.replace(promoted, columns=columns, unknown=unknown)

    async def roll_back(self) -> Promoted:
        """Use the version before."""
        async with self.db.transaction() as tx:
            return await versions.roll_back(tx, self.clock.now())

    # --- parts -------------------------------------------------------------------------------------------------------

    async def _basis(self, ask: Ask) -> Basis:
        """The rules that hold and, where they give it a weight, the model in use."""
        ruled = await RULES.now(ask)
        return Basis(ruled, await versions.in_use(ask, self.known) if ruled.rules.model_weight else None)

    async def _predictor(self, version: int) -> Predictor:
        return await versions.predictor(self.db.read, version, self.known)

    async def _digest(self, training: Training) -> str:
        rows = await self.db.read(versions.DIGESTS, {"which": training.table}) if is_text(training.table) else ()
        if not rows:
            raise ExamplesNotFound(table=training.table)
        said = [msgspec.json.encode(training), *(f"{row.piece}:{row.digest}".encode() for row in rows)]
        return blake2b(b"\n".join(said), digest_size=32).hexdigest()

    async def _sample(self, table: str) -> Sample:
        """The rows of a table, read in a thread, while the next piece waits in the database."""
        sample = Sample()
        if is_text(table):
            async for row in self.db.stream(versions.PIECES, {"which": table}):
                await self._add(sample, row.columns, row.content)
        if not sample.columns:
            raise ExamplesNotFound(table=table)
        return sample

    @blocking
    def _read(self, piece: ExamplePiece) -> dict[str, Any]:  # Any: values of all columns
        return piece_row(piece)

    @blocking
    def _add(self, sample: Sample, header: str, content: str) -> None:
        sample.add(header, content)

    @blocking
    def _learn(self, sample: Sample, training: Training) -> tuple[Artefact, ModelReport]:
        try:
            from .learning import learnt  # noqa: PLC0415  # scikit-learn is an extra, and takes a second to load
        except ImportError:
            raise LearningNotInstalled from None
        found = learnt(sample.examples(training), training, self.clock.now())
        return found.artefact, found.report

    @blocking
    def _compare(
        self, sample: Sample, comparison: Comparison, several: list[tuple[ModelReport, Predictor]]
    ) -> ComparisonReport:
        try:
            from .learning import compared  # noqa: PLC0415  # as above
        except ImportError:
            raise LearningNotInstalled from None
        training = Training(name="", table=comparison.table, outcome=comparison.outcome)
        return compared(sample.examples(training), comparison, several)
