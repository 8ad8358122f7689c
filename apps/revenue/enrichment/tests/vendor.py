"""What the tests of providers share: a vendor's server on this machine, leads, and a service that follows rules."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import func, select

from atoll import Event
from atoll.testing import MemoryDatabase, SettableClock
from revenue.capture.contract import Lead
from revenue.enrichment import desk as buying_desk
from revenue.enrichment.buying import Buying
from revenue.enrichment.contract import (
    EnrichmentRules,
    FieldRule,
    LeadEnriched,
    Profile,
    ProviderRule,
    PurchaseDue,
    Topic,
)
from revenue.enrichment.ledger import Ledger
from revenue.enrichment.service import RULES, EnrichmentService
from revenue.enrichment.settings import EnrichmentSettings
from revenue.enrichment.store import Kept
from revenue.enrichment.tables import SPENDING
from revenue.identity.contract import LeadResolved, Resolution
from revenue.playbook.contract import PlaybookPublished, TeamRules
from revenue.ruling import Ruled

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT_ACME = Resolution(contact_id="c", account_id="a", account_name="Acme SE", account_domain="acme.de")


def a_lead(number: int = 1, **fields: Any) -> Lead:  # Any: a lead's fields
    """A lead with an address of its own at Acme."""
    given: dict[str, Any] = {
        "email": f"ada{number}@acme.de",
        "first_name": "Ada",
        "last_name": "Lovelace",
    }  # Any: as above
    return Lead(id=str(number), captured_at=NOON, updated_at=NOON, **(given | fields))


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """What a vendor answers: JSON, or bytes as they are."""

    body: Any = None  # Any: JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def raw(self) -> bytes:
        """As HTTP/1.1."""
        body = self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)
        lines = [f"HTTP/1.1 {self.status} X", f"content-length: {len(body)}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


HANGS = Says(status=0)
"""No answer, as long as anybody waits."""
BREAKS_OFF = Says(status=-1)
"""The connection ends without an answer."""

Answering = Callable[[Asked], "Says | Awaitable[Says]"]


@dataclass
class Vendor:
    """A server that answers as the test says, and remembers what it was asked."""

    answer: Answering
    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Asked(method, target, headers, body)
            self.asked.append(request)
            self.is_asked.set()
            says = self.answer(request)
            if not isinstance(says, Says):
                says = await says
            if says is HANGS:
                await reader.read()
            elif says is not BREAKS_OFF:
                writer.write(says.raw())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def vendor(answer: "Answering | Says") -> AsyncGenerator[Vendor]:
    """A vendor that listens on this machine."""
    it = Vendor((lambda _: answer) if isinstance(answer, Says) else answer)
    listening = await asyncio.start_server(it.talk, "127.0.0.1", 0)
    async with listening:
        it.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield it


def definition(it: Vendor, **fields: Any) -> ProviderRule:  # Any: a definition's fields
    """A definition of this vendor: it is asked for the industry of a domain."""
    given: dict[str, Any] = {  # Any: as above
        "name": "acme_data",
        "url": f"{it.url}/company?domain={{domain}}",
        "fields": {"industry": "company.industry", "city": "company.city"},
        "price_micros": 10_000,
        "rate_per_s": 1_000,
    }
    return ProviderRule(**(given | fields))


def ruled(*providers: ProviderRule, **fields: Any) -> EnrichmentRules:  # Any: the rules' fields
    """Rules by which these are asked for the industry, one after the other."""
    order = tuple(provider.name for provider in providers)
    given: dict[str, Any] = {
        "providers": providers,
        "fields": (FieldRule(field=Topic.INDUSTRY, providers=order),),
    }  # Any: as above
    return EnrichmentRules(**(given | fields))


class Desk:
    """Enrichment as a plain object that follows rules, on a clock that is set."""

    def __init__(self, db: MemoryDatabase | None = None, **settings: Any) -> None:  # Any: settings
        self.db = db or MemoryDatabase()
        self.clock = SettableClock(NOON)
        given: dict[str, Any] = {"allows_loopback": True}  # Any: settings
        self.service = EnrichmentService(
            db=self.db, clock=self.clock, settings=EnrichmentSettings(**(given | settings))
        )

    async def publish(self, rules: EnrichmentRules, version: int = 1) -> None:
        """Let these rules hold."""
        event = PlaybookPublished(
            name="main", version=version, playbook=TeamRules(enrichment=rules), published_at=self.clock.now()
        )
        async with self.db.transaction() as tx:
            await self.service.follow(event, tx)
        self.see(None)

    @property
    def buying(self) -> Buying:
        """What the service asks others with."""
        found: Buying = self.service._buying  # pyright: ignore[reportPrivateUsage]  # looked at behind the door
        return found

    def see(self, rules: Ruled[EnrichmentRules] | None) -> None:
        """Let the service have seen these rules last; or none."""
        made = self.service._made  # pyright: ignore[reportPrivateUsage]  # as above
        made.pop("rules", None)
        if rules is not None:
            made["rules"] = rules

    def forget(self) -> None:
        """Let the instance know nothing of its providers, as a new one would."""
        self.buying._desk = buying_desk.Desk(Ledger(self.db), self.clock.now)  # pyright: ignore[reportPrivateUsage]  # as above

    async def resolve(self, lead: Lead, resolution: Resolution = AT_ACME) -> LeadEnriched:
        """What is published about a lead."""
        before = len(self.db.published)
        async with self.db.transaction() as tx:
            await self.service.enrich(LeadResolved(lead_id=lead.id, lead=lead, resolution=resolution), tx)
        return next(event for event in self.db.published[before:] if isinstance(event, LeadEnriched))

    async def kept(self, lead: Lead) -> tuple[Kept, Ruled[EnrichmentRules]]:
        """A lead, and the rules that hold."""
        return Kept(lead, AT_ACME, {}), await RULES.now(self.db.read)

    async def found(self, lead: Lead) -> Profile:
        """What is found out about a lead by asking; of several at once each waits for itself."""
        return await self.buying.profile(*(await self.kept(lead)), 3.0)

    async def spent(self) -> dict[str, int]:
        """What the budgets say: by their scope, the most of any."""
        rows = await self.db.read(
            select(SPENDING.c.scope, func.max(SPENDING.c.spent_micros)).group_by(SPENDING.c.scope)
        )
        return {row[0]: row[1] for row in rows}

    async def purchase(self, event: PurchaseDue) -> list[Event]:
        """What is published when providers are asked afterwards."""
        before = len(self.db.published)
        async with self.db.transaction() as tx:
            await self.service.purchase(event, tx)
        return self.db.published[before:]

    @property
    def due(self) -> list[PurchaseDue]:
        """What is to be asked afterwards."""
        return [event for event in self.db.published if isinstance(event, PurchaseDue)]


@asynccontextmanager
async def desk(rules: EnrichmentRules | None = None, **settings: Any) -> AsyncGenerator[Desk]:  # Any: settings
    """Enrichment that follows these rules, and lets go of its connections."""
    it = Desk(**settings)
    try:
        if rules is not None:
            await it.publish(rules)
        yield it
    finally:
        await it.service.stop()


def value_of(event: LeadEnriched, topic: Topic) -> str | None:
    """The surest value."""
    fact = event.profile.best(topic)
    return fact.value if fact else None
