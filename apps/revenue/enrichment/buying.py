"""What one instance of the service asks others with: its providers, its connections, its pace.

Importing this loads the libraries; the service does so at its start. Nothing here has to outlive the instance.
"""

import asyncio
import hashlib

import httpx
from anyio import open_file

from atoll import Clock, Database, Row
from revenue.outside import Outside, outside_client
from revenue.ruling import Ruled

from . import directory, ledger, store
from .asking import Answer
from .contract import (
    AttemptState,
    CompanyFile,
    DirectoryRefused,
    DirectoryReport,
    EnrichmentPlan,
    EnrichmentRules,
    Profile,
)
from .desk import Desk
from .planning import Planned, Way
from .providers import Offered, offered
from .settings import EnrichmentSettings
from .waterfall import Step, Told, Waterfall

PLANNED_AT_ONCE = 200
LINES_AT_ONCE = 1_000
BATCH_S = 20.0


class Buying:
    """Asks providers for one instance."""

    def __init__(self, db: Database, clock: Clock, settings: EnrichmentSettings) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._client: httpx.AsyncClient | None = None
        self._desk = Desk(ledger.Ledger(db), clock.now)
        self._offered: tuple[EnrichmentRules, Offered] | None = None

    def offered(self, rules: EnrichmentRules) -> Offered:
        """Whom these rules can name."""
        if self._offered is None or self._offered[0] is not rules:
            self._offered = (rules, offered(rules, self._settings, self._db, self._connected))
        return self._offered[1]

    async def profile(self, kept: store.Kept, ruled: Ruled[EnrichmentRules], within_s: float) -> Profile:
        """What is found out about a lead by asking others for so long; without what was set by hand."""
        waterfall = self._waterfall(kept, ruled.rules)
        await self._desk.ask_all(waterfall, kept.lead.id, ruled.rules, ruled.version, within_s)
        return waterfall.profile(ruled.version)

    async def plan(self, rules: EnrichmentRules, leads_max: int) -> EnrichmentPlan:
        """What rules would cost for the latest leads."""
        rates = store.hit_rates(await self._db.read(store.RATES))
        planned = Planned(rules, rates)
        ways: list[Way] = []
        is_whole = True
        async for row in self._db.stream(store.LEADS, {"count": leads_max + 1}):
            kept = store.kept_in(row)
            if planned.leads + len(ways) == leads_max:
                is_whole = False
                break
            if kept is not None:
                ways.append(Way(row.lead_id, self._waterfall(kept, rules)))
            if len(ways) == PLANNED_AT_ONCE:
                await self._go(planned, ways)
                ways = []
        await self._go(planned, ways)
        return planned.plan(is_whole=is_whole)

    async def keep_companies(self, file: CompanyFile) -> DirectoryReport:
        """The companies of a piece of a file, in one transaction.

        Raises:
            DirectoryRefused: it cannot be read, or has too many rows.
        """
        columns, companies = directory.read_companies(directory.decoded(file.content).splitlines(keepends=True))
        found = list(companies)
        if len(found) > directory.ROWS_MAX:
            explanation = f"it has more than {directory.ROWS_MAX:,} rows: send it in pieces, each with the header line"
            raise DirectoryRefused(explanation=explanation)
        rows = [row for company in found if company is not None for row in directory.rows_of(company)]
        if rows:
            async with self._db.transaction(timeout_s=BATCH_S) as tx:
                await tx.execute(directory.KEEP, rows)
        kept = sum(company is not None for company in found)
        return DirectoryReport(rows=len(found), kept=kept, refused=len(found) - kept, columns=columns)

    async def load_directory(self, path: str) -> DirectoryReport | None:
        """The companies of a file on the disk, a thousand lines at a time; None where it is as it was the last time."""
        digest = hashlib.sha256()
        async with await open_file(path, "rb") as raw:
            while piece := await raw.read(1 << 20):
                digest.update(piece)
        key = f"f:{hashlib.sha256(path.encode()).hexdigest()}"
        mark = {"key": key, "fields": digest.hexdigest(), "is_first": False}
        rows = await self._db.read(directory.FIND, {"keys": [key]})
        if [row.fields for row in rows] == [mark["fields"]]:
            return None
        report = DirectoryReport(rows=0, kept=0, refused=0, columns={})
        async with await open_file(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            header = await file.readline()
            lines: list[str] = []
            quotes = 0
            async for line in file:
                lines.append(line)
                quotes += line.count('"')
                if len(lines) >= LINES_AT_ONCE and quotes % 2 == 0:
                    report = await self._added(report, header, lines)
                    lines = []
            report = await self._added(report, header, lines)
        async with self._db.transaction() as tx:
            await tx.execute(directory.KEEP, mark)
        return report

    async def _added(self, report: DirectoryReport, header: str, lines: list[str]) -> DirectoryReport:
        more = await self.keep_companies(CompanyFile(content="".join([header, *lines]).encode()))
        return DirectoryReport(
            rows=report.rows + more.rows,
            kept=report.kept + more.kept,
            refused=report.refused + more.refused,
            columns=more.columns,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    def _waterfall(self, kept: store.Kept, rules: EnrichmentRules) -> Waterfall:
        providers = self.offered(rules).providers
        return Waterfall(kept.lead, kept.resolution, rules, providers, store.pinned_facts(kept.pins))

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = outside_client(Outside(allows_loopback=self._settings.allows_loopback))
        return self._client

    async def _go(self, planned: Planned, ways: list[Way]) -> None:
        """Go the ways of some leads to their ends; what was asked before is looked up for all of them at once."""
        left = _going_on(ways)
        while left:
            digests = sorted({step.question.digest for _, step in left})
            rows = await self._db.read(ledger.QUESTIONS_OF, {"digests": digests})
            known = {row.digest: row for row in rows}
            for way, step in left:
                told = await self._told(step, known)
                if told is None:
                    planned.price(way, step)
                else:
                    way.waterfall.take(step, told)
            await asyncio.sleep(0)
            left = _going_on([way for way, _ in left])
        for way in ways:
            planned.ended(way)

    async def _told(self, step: Step, known: dict[str, Row]) -> Told | None:
        now = self._clock.now()
        if step.provider.terms.is_local:
            return Told(await step.provider.ask(step.question, "", 1.0), now)
        row = known.get(step.question.digest)
        told = None if row is None else ledger.known_in(row, step, now)
        if isinstance(told, ledger.Elsewhere):
            return Told(Answer(AttemptState.UNKNOWN), now)
        return told


def _going_on(ways: list[Way]) -> list[tuple[Way, Step]]:
    """The ways that are not at their end, each with its next step."""
    steps = [(way, way.waterfall.next()) for way in ways]
    return [(way, step) for way, step in steps if step is not None]
