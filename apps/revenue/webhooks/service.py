"""Webhooks: messages are written in the transaction of the event that they tell of, and sent behind it."""

import asyncio
import hashlib
import logging
import re
from contextlib import suppress
from contextvars import Context
from datetime import timedelta
from typing import Any

import httpx
import msgspec

from atoll import (
    Clock,
    Database,
    Entropy,
    Event,
    Page,
    Personal,
    Row,
    Service,
    Settings,
    Transaction,
    depends,
    on,
    private,
)
from atoll.edge import Tasks
from revenue.capture.contract import LeadCaptured, LeadUpdated
from revenue.enrichment.contract import LeadEnriched
from revenue.identity.contract import AccountsMerged, AccountsParted, ContactsMerged, ContactsParted, LeadResolved
from revenue.outside import Outside, outside_client
from revenue.paging import is_text, page_of
from revenue.playbook.contract import PlaybookPublished
from revenue.routing.contract import (
    Deed,
    LeadAccepted,
    LeadReassigned,
    LeadRouted,
    LeadStatusChanged,
    ResponseOverdue,
    Routing,
)
from revenue.scoring.contract import LeadScored
from revenue.signing import SecretRefused, key_of, signed

from . import store
from .contract import (
    AcceptLink,
    Delivery,
    DeliveryNotFound,
    DeliveryState,
    EndpointNotFound,
    LinkNotFound,
    WebhookDue,
    Webhooks,
)
from .messages import Data, concerned, name_of, slack_body, standard_body
from .posting import Post, Posted, posted
from .rules import Endpoint, Format
from .sending import Line, pause_s

TEST = "test"
LINK_DAYS = 30
ERROR_MAX = 500
HELD_S = 0.5
"""So long an attempt holds up the events behind it."""
LOOK_S = 1.0
TIMEOUT_MAX_S = 60.0


class WebhooksSettings(Settings):
    """Settings of Webhooks.

    `secrets` are those that endpoints name: JSON in `REVENUE_WEBHOOKS_SECRETS`, or a table in `atoll.toml`. `links_url`
    is where links in messages lead: the address at which people reach the front page. With `allows_loopback`, endpoints
    may be on this machine, by plain http. `timeout_s` is how long an attempt may take, all in all.
    """

    secrets: Personal[dict[str, str]] = {}  # noqa: RUF012  # msgspec copies it
    links_url: str = "http://127.0.0.1:8100"
    allows_loopback: bool = False
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.timeout_s <= TIMEOUT_MAX_S:
            raise ValueError(f"`timeout_s` is {self.timeout_s:g}: give seconds from above 0 to {TIMEOUT_MAX_S:g}")


_log = logging.getLogger("revenue.webhooks")


class WebhooksService(Service, Webhooks, owner="revenue-operations"):
    """Tells other tools what happens to leads, and lets an owner accept one from a message."""

    db: Database
    clock: Clock
    entropy: Entropy
    settings: WebhooksSettings
    routing: Routing = depends()
    clients: list[httpx.AsyncClient] = private(default_factory=list)
    """One while it runs, none before and after."""
    lines: dict[str, Line] = private(default_factory=dict)
    attempts: dict[str, "asyncio.Task[Posted]"] = private(default_factory=dict)
    """Those under way, by their deliveries."""
    tasks: Tasks = private(default_factory=lambda: Tasks("webhooks"))
    name: str = private(default_factory=str)
    """Of this instance, by which it knows attempts of its own again."""

    async def start(self) -> None:
        """Open the way outside."""
        self.name = str(self.entropy.uuid())
        outside = Outside(allows_loopback=self.settings.allows_loopback)
        self.clients.append(outside_client(outside, timeout_s=self.settings.timeout_s))

    async def stop(self) -> None:
        """Close it; what is on its way is sent again by whoever is there next."""
        await self.tasks.close()
        self.attempts.clear()
        for client in self.clients:
            await client.aclose()
        self.clients.clear()

    # --- what is asked -----------------------------------------------------------------------------------------------

    async def deliveries(
        self,
        endpoint: str | None = None,
        state: DeliveryState | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Delivery]:
        """A page of them."""
        wanted: dict[str, Any] = {}  # Any: values of columns
        if endpoint is not None:
            wanted["endpoint"] = endpoint if is_text(endpoint) else ""
        if state is not None:
            wanted["state"] = state
        statement = store.PAGES[endpoint is not None, state is not None]
        return await page_of(self.db, statement, store.delivery_of, cursor, limit, wanted)

    async def send_again(self, delivery_id: str) -> Delivery:
        """From its first attempt on."""
        async with self.db.transaction() as tx:
            row = (await tx.execute(store.BY_ID, {"id": delivery_id})).first() if is_text(delivery_id) else None
            if row is None:
                raise DeliveryNotFound(delivery_id=delivery_id)
            await tx.execute(store.WAITING, {"which": delivery_id})
            tx.publish(WebhookDue(delivery_id=delivery_id, attempt=1))
        return msgspec.structs.replace(store.delivery_of(row), state=DeliveryState.WAITING, attempts=0)

    async def test(self, name: str) -> Delivery:
        """A message that says so."""
        async with self.db.transaction() as tx:
            rules = (await store.RULING.now(tx.execute)).rules
            endpoint = next((each for each in rules.endpoints if each.name == name), None)
            if endpoint is None:
                raise EndpointNotFound(name=name)
            data = {"lead_id": TEST, "lead": {"first_name": "Test"}, "message": f"A test of the endpoint {name}."}
            return await self._add(tx, endpoint, TEST, data, TEST)

    async def link(self, token: str) -> AcceptLink:
        """Look, and change nothing."""
        row = (await self.db.read(store.LINK, {"digest": _digest(token)})).first()
        if row is None or row.ends_at < self.clock.now():
            raise LinkNotFound
        return AcceptLink(lead_id=row.lead_id, owner=row.owner, name=row.name, is_accepted=row.accepted_at is not None)

    async def accept(self, token: str) -> AcceptLink:
        """Have Routing accept it, then say that this link was used: a second time changes nothing there either."""
        link = await self.link(token)
        await self.routing.accept(link.lead_id, Deed(reason="by the link in a message", actor=link.owner))
        async with self.db.transaction() as tx:
            await tx.execute(store.USED, {"which": _digest(token), "at": self.clock.now()})
        return msgspec.structs.replace(link, is_accepted=True)

    # --- what happens ------------------------------------------------------------------------------------------------

    @on(PlaybookPublished)
    async def follow(self, event: PlaybookPublished, tx: Transaction) -> None:
        """Keep the rules that hold from now on, and tell of it by them."""
        await store.RULING.keep(tx, event.version, event.playbook.webhooks, self.clock.now())
        await self._told(event, event.name, tx)

    @on(LeadCaptured)
    async def captured(self, event: LeadCaptured, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(LeadUpdated)
    async def updated(self, event: LeadUpdated, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(LeadResolved)
    async def resolved(self, event: LeadResolved, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(ContactsMerged)
    async def contacts_merged(self, event: ContactsMerged, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.kept_id, tx)

    @on(ContactsParted)
    async def contacts_parted(self, event: ContactsParted, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.kept_id, tx)

    @on(AccountsMerged)
    async def accounts_merged(self, event: AccountsMerged, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.kept_id, tx)

    @on(AccountsParted)
    async def accounts_parted(self, event: AccountsParted, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.kept_id, tx)

    @on(LeadEnriched)
    async def enriched(self, event: LeadEnriched, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(LeadScored)
    async def scored(self, event: LeadScored, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(LeadRouted)
    async def routed(self, event: LeadRouted, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(LeadAccepted)
    async def accepted(self, event: LeadAccepted, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(LeadStatusChanged)
    async def status_changed(self, event: LeadStatusChanged, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(LeadReassigned)
    async def reassigned(self, event: LeadReassigned, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    @on(ResponseOverdue)
    async def overdue(self, event: ResponseOverdue, tx: Transaction) -> None:
        """Tell of it."""
        await self._told(event, event.lead_id, tx)

    async def _told(self, event: Event, subject: str, tx: Transaction) -> None:
        """Write a message for each endpoint that is to hear of an event."""
        endpoints = (await store.RULING.now(tx.execute)).rules.endpoints
        if not endpoints:
            return
        name = _SNAKE.sub("_", type(event).__name__).lower()
        data = msgspec.to_builtins(event)
        for endpoint in concerned(endpoints, name, data):
            await self._add(tx, endpoint, name, data, subject)

    async def _add(self, tx: Transaction, endpoint: Endpoint, event: str, data: Data, subject: str) -> Delivery:
        now = self.clock.now()
        if endpoint.format is Format.SLACK:
            body = slack_body(event, data, await self._accept_url(tx, data) if event == "lead_routed" else "")
        else:
            body = standard_body(event, data, now)
        delivery = Delivery(
            id=f"msg_{self.entropy.uuid()}",
            endpoint=endpoint.name,
            event=event,
            subject=subject,
            state=DeliveryState.WAITING,
            attempts=0,
            error="",
            made_at=now,
        )
        await tx.execute(store.ADD, msgspec.structs.asdict(delivery) | {"body": body.decode()})
        tx.publish(WebhookDue(delivery_id=delivery.id, attempt=1))
        return delivery

    async def _accept_url(self, tx: Transaction, data: Data) -> str:
        """A new link with which the lead's owner can accept it."""
        token = self.entropy.token()
        row = {
            "digest": _digest(token),
            "lead_id": data["lead_id"],
            "owner": data["assignment"]["owner"],
            "name": name_of(data),
            "ends_at": self.clock.now() + timedelta(days=LINK_DAYS),
            "accepted_at": None,
        }
        await tx.execute(store.ADD_LINK, row)
        return f"{self.settings.links_url.rstrip('/')}/accept/{token}"

    # --- what is sent ------------------------------------------------------------------------------------------------

    @on(WebhookDue)
    async def send(self, event: WebhookDue, tx: Transaction) -> None:
        """Send a message, and say when it is to be tried again; after the last attempt it is dead, and kept.

        An attempt that takes its time goes on beside, and is looked after from time to time: events of other endpoints
        wait behind this one. Where its process dies, another one makes the attempt again, under the same `webhook-id`.
        """
        row = (await self.db.read(store.BY_ID, {"id": event.delivery_id})).first()
        if row is None or row.state != DeliveryState.WAITING or event.attempt != row.attempts + 1:
            return  # it was sent again meanwhile, or this was told before
        now = self.clock.now()
        if event.sender != self.name and row.id in self.attempts and self.attempts[row.id].done():
            del self.attempts[row.id]  # another instance had the message meanwhile, or it was sent again
        if row.id not in self.attempts:
            post = await self._post(row.endpoint, row.id, row.body.encode())
            if isinstance(post, str):
                await self._ended(row, event.attempt, Posted(post), tx)
                return
            line = self.lines.setdefault(row.endpoint, Line())
            if (wait := line.wait_s(now.timestamp())) > 0:
                tx.publish(event, at=now + timedelta(seconds=wait))
                return
            line.in_flight += 1
            attempt = self._attempt(post, line)
            self.attempts[row.id] = self.tasks.spawn(attempt, row.id, awaited=True, variables=Context())
            with suppress(TimeoutError):
                async with asyncio.timeout(HELD_S):
                    await asyncio.shield(self.attempts[row.id])
        if self.attempts[row.id].done():
            await self._ended(row, event.attempt, await self.attempts.pop(row.id), tx)
        else:
            looked = msgspec.structs.replace(event, sender=self.name)
            tx.publish(looked, at=now + timedelta(seconds=LOOK_S))

    async def _ended(self, row: Row, attempt: int, done: Posted, tx: Transaction) -> None:
        """Keep what has come of an attempt."""
        if not done.error:
            await tx.execute(store.ARRIVED, {"which": row.id, "at": self.clock.now(), "attempt": attempt})
            return
        pause = None if done.is_over else pause_s(attempt, done.asked_s, self.entropy.bits(16) / 65_536)
        failed = {"which": row.id, "attempt": attempt, "what": done.error[:ERROR_MAX]}
        if pause is None:
            await tx.execute(store.FAILED, failed | {"now": DeliveryState.DEAD})
            _log.error("%s has not taken %s in %d attempts: %s", row.endpoint, row.id, attempt, done.error)
            return
        await tx.execute(store.FAILED, failed | {"now": DeliveryState.WAITING})
        tx.publish(WebhookDue(delivery_id=row.id, attempt=attempt + 1), at=self.clock.now() + timedelta(seconds=pause))

    async def _attempt(self, post: Post, line: Line) -> Posted:
        """What comes of a message that is sent now."""
        (client,) = self.clients
        try:
            done = await posted(client, post, self.settings.timeout_s)
        finally:
            line.in_flight -= 1
        line.ended(self.clock.now().timestamp(), is_well=not done.error)
        return done

    async def _post(self, name: str, message_id: str, body: bytes) -> Post | str:
        """What is sent, and where; or why that cannot be."""
        rules = (await store.RULING.now(self.db.read)).rules
        endpoint = next((each for each in rules.endpoints if each.name == name and each.is_active), None)
        if endpoint is None:
            return "the rules that hold do not name this endpoint any more"
        url = endpoint.url or self.settings.secrets.get(endpoint.url_secret, "")
        if not url:
            return f"there is no secret `{endpoint.url_secret}`: set REVENUE_WEBHOOKS_SECRETS"
        headers = {"Content-Type": "application/json", "User-Agent": "atoll-revenue"}
        if endpoint.format is Format.STANDARD:
            try:
                key = key_of(self.settings.secrets.get(endpoint.secret, ""))
            except SecretRefused as error:
                return f"the secret `{endpoint.secret}`: {error}; set REVENUE_WEBHOOKS_SECRETS"
            headers |= signed(message_id, int(self.clock.now().timestamp()), body, key)
        return Post(url, headers, body)


_SNAKE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
