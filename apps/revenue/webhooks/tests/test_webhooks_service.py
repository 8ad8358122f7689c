"""Webhooks in a running application, and somebody outside who receives: by real HTTP, with hours that pass at once."""

import asyncio
import base64
import dataclasses
import hashlib
import hmac
import itertools
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from atoll import Problem
from atoll.testing import LoopClock, MemoryDatabase, SeededEntropy, SettableClock, fake, running, test_world
from atoll.testing.plugin import Reached
from revenue.application import revenue
from revenue.capture.contract import Capture, LeadDetails
from revenue.playbook.contract import Playbook, PlaybookPublished, Publication, TeamRules
from revenue.routing.contract import Rep, Routing, RoutingRules, Status, Team
from revenue.tests.hours import Jumping, until
from revenue.tests.outsider import BREAKS_OFF, HANGS, Asked, Outsider, Says, outsider
from revenue.webhooks.contract import (
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointNotFound,
    Equals,
    Format,
    LinkNotFound,
    WebhookDue,
    Webhooks,
    WebhooksRules,
)
from revenue.webhooks.sending import ATTEMPTS_MAX, PAUSES_S
from revenue.webhooks.service import WebhooksService, WebhooksSettings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOME = ("capture", "playbook", "webhooks", "routing")
ADA = LeadDetails(email="ada@acme.de", first_name="Ada", last_name="Lovelace", title="CTO", country="DE")
WELL = Says({})


def to(it: Outsider, *events: str, **fields: Any) -> Endpoint:  # Any: an endpoint's fields
    """An endpoint at this address."""
    given: dict[str, Any] = {"name": "n8n", "url": f"{it.url}/in", "secret": "n8n"}  # Any: as above
    return Endpoint(events=events, **(given | fields))


@asynccontextmanager
async def telling(
    *endpoints: Endpoint,
    clock: Jumping | None = None,
    services: tuple[str, ...] = SOME,
    routing: RoutingRules | None = None,
    **settings: str,
) -> AsyncGenerator[Reached]:
    """Revenue, once its webhooks go by these rules. One endpoint more tells by its name that they do."""
    known = Endpoint(name="known", events=("none",), url="https://example.com", secret="n8n", is_active=False)
    given = {
        "SECRETS": msgspec.json.encode({"n8n": SECRET}).decode(),
        "ALLOWS_LOOPBACK": "true",
        "LINKS_URL": "https://front.example",
    }
    world = dataclasses.replace(test_world(), clock=clock or LoopClock())
    environment = {f"REVENUE_WEBHOOKS_{name}": value for name, value in (given | settings).items()}
    async with running(revenue, services=services, world=world, settings=environment) as it:
        rules = TeamRules(webhooks=WebhooksRules(endpoints=(*endpoints, known)), routing=routing or RoutingRules())
        await it.client(Playbook).publish(Publication(playbook=rules))
        await until(lambda: _is_known(it))
        yield it


async def _is_known(it: Reached) -> bool:
    try:
        await it.client(Webhooks).test("known")
    except EndpointNotFound:
        return False
    return True


async def delivered(it: Reached, *, after: int, endpoint: str = "n8n") -> Delivery:
    """The only message to an endpoint, after so many attempts."""
    found: list[Delivery] = []

    async def so() -> bool:
        found[:] = (await it.client(Webhooks).deliveries(endpoint=endpoint)).items
        return bool(found) and found[0].attempts >= after

    await until(so)
    (only,) = found
    return only


def is_genuine(asked: Asked) -> bool:
    """Whether a receiver that goes by the specification, and by nothing of ours, believes a message."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    said = b".".join([asked.headers["webhook-id"].encode(), asked.headers["webhook-timestamp"].encode(), asked.body])
    right = base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
    return f"v1,{right}" in asked.headers["webhook-signature"].split(" ")


async def test_a_message_is_signed_and_says_what_happened() -> None:
    """In the shape of Standard Webhooks, once."""
    async with outsider(WELL) as receiver, telling(to(receiver, "lead_captured")) as it:
        receipt = await it.client(Capture).accept(ADA)
        kept = await delivered(it, after=1)

    (asked,) = receiver.asked
    body = msgspec.json.decode(asked.body)
    assert (asked.method, asked.target, asked.headers["content-type"]) == ("POST", "/in", "application/json")
    assert is_genuine(asked)
    assert not is_genuine(dataclasses.replace(asked, body=asked.body + b" "))
    assert asked.headers["webhook-id"] == kept.id
    assert (body["type"], body["data"]["lead"]["email"]) == ("lead_captured", "ada@acme.de")
    assert (kept.state, kept.attempts, kept.subject) == (DeliveryState.ARRIVED, 1, receipt.lead.id)


async def test_each_endpoint_hears_what_it_has_asked_for() -> None:
    """By the kinds of events it names, and where its conditions hold."""
    async with outsider(WELL) as all_of_it, outsider(WELL) as german, outsider(WELL) as changes:
        where = (Equals(path="lead.country", values=("DE",)),)
        endpoints = (
            to(all_of_it, "*", name="all"),
            to(german, "lead_captured", name="german", where=where),
            to(changes, "lead_updated", name="changes"),
        )
        async with telling(*endpoints) as it:
            for details in (
                ADA,
                LeadDetails(email="bob@acme.fr", country="FR"),
                LeadDetails(email="ada@acme.de", phone="1"),
            ):
                await it.client(Capture).accept(details)
            await until(lambda: _heard(all_of_it, 4))  # the rules are told of as well
            await until(lambda: _heard(german, 1))
            await until(lambda: _heard(changes, 1))

    assert sorted(map(_kind, all_of_it.asked)) == [
        "lead_captured",
        "lead_captured",
        "lead_updated",
        "playbook_published",
    ]
    assert [_kind(each) for each in german.asked] == ["lead_captured"]
    assert [_kind(each) for each in changes.asked] == ["lead_updated"]


async def _heard(it: Outsider, count: int) -> bool:
    return len(it.asked) >= count


def _kind(asked: Asked) -> str:
    kind: str = msgspec.json.decode(asked.body)["type"]
    return kind


@pytest.mark.slow
async def test_a_message_is_tried_again_later_and_later() -> None:
    """Whatever goes wrong, always under one id, each attempt signed anew; never sooner than it should be."""
    clock, at = Jumping(), list[datetime]()
    wrong = [Says(status=500), HANGS, Says(status=429, headers={"retry-after": "600"}), BREAKS_OFF]

    def answer(_: Asked) -> Says:
        at.append(clock.now())
        return [*wrong, WELL][len(at) - 1]

    async with (
        outsider(answer) as receiver,
        telling(to(receiver, "lead_captured"), clock=clock, TIMEOUT_S="1") as it,
    ):
        await it.client(Capture).accept(ADA)
        for attempt, pause in enumerate(PAUSES_S[: len(wrong)], 1):
            await delivered(it, after=attempt)
            while len(at) == attempt:
                clock.added += timedelta(seconds=pause / 5)
                await asyncio.sleep(0.05)
        arrived = await delivered(it, after=len(wrong) + 1)

    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(at)]
    assert arrived.state is DeliveryState.ARRIVED
    assert {asked.headers["webhook-id"] for asked in receiver.asked} == {arrived.id}
    assert all(map(is_genuine, receiver.asked))
    assert len({asked.headers["webhook-timestamp"] for asked in receiver.asked}) == len(at)
    assert all(gap >= pause * 0.9 for gap, pause in zip(gaps, PAUSES_S, strict=False))
    assert gaps[2] >= 600


async def test_a_message_that_nobody_takes_is_dead_after_its_last_attempt() -> None:
    """The service by itself, attempt by attempt; then it is sent again from its first one on."""
    clock, db = SettableClock(), MemoryDatabase()
    settings = WebhooksSettings(secrets={"n8n": SECRET}, allows_loopback=True)
    service = WebhooksService(db=db, clock=clock, entropy=SeededEntropy(), settings=settings, routing=fake(Routing))
    async with outsider(Says(status=503)) as receiver:
        rules = TeamRules(webhooks=WebhooksRules(endpoints=(to(receiver, "lead_captured"),)))
        async with db.transaction() as tx:
            await service.follow(PlaybookPublished(name="gtm", version=1, playbook=rules, published_at=clock.now()), tx)
        await service.start()
        await service.test("n8n")
        for attempt in range(1, ATTEMPTS_MAX + 1):
            due = db.published[-1]
            assert isinstance(due, WebhookDue)
            assert due.attempt == attempt
            clock.advance(timedelta(days=1))
            async with db.transaction() as tx:
                await service.send(due, tx)
        (dead,) = (await service.deliveries()).items
        again = await service.send_again(dead.id)
        await service.stop()

    assert (dead.state, dead.attempts, dead.error) == (DeliveryState.DEAD, ATTEMPTS_MAX, "HTTP 503")
    assert {asked.headers["webhook-id"] for asked in receiver.asked} == {dead.id} == {again.id}
    assert db.published[-1] == WebhookDue(delivery_id=dead.id, attempt=1)


async def test_an_attempt_that_another_instance_has_taken_over_answers_for_no_later_one() -> None:
    """A receiver is slow, and the lease goes to another instance and comes back: what is due then is sent."""
    clock, db = SettableClock(), MemoryDatabase()
    settings = WebhooksSettings(secrets={"n8n": SECRET}, allows_loopback=True, timeout_s=1.0)
    one, other = (
        WebhooksService(db=db, clock=clock, entropy=SeededEntropy(seed), settings=settings, routing=fake(Routing))
        for seed in (1, 2)
    )

    async def sent_by(service: WebhooksService) -> Delivery:
        due = db.published[-1]
        assert isinstance(due, WebhookDue)
        async with db.transaction() as tx:
            await service.send(due, tx)
        (kept,) = (await service.deliveries()).items
        return kept

    answers = [HANGS, Says(status=410), WELL]
    async with outsider(lambda _: answers.pop(0)) as receiver:
        rules = TeamRules(webhooks=WebhooksRules(endpoints=(to(receiver, "lead_captured"),)))
        async with db.transaction() as tx:
            await one.follow(PlaybookPublished(name="gtm", version=1, playbook=rules, published_at=clock.now()), tx)
        await one.start()
        await other.start()
        await one.test("n8n")
        slow = await sent_by(one)
        dead = await sent_by(other)
        await asyncio.wait(one.attempts.values())
        await one.send_again(dead.id)
        arrived = await sent_by(one)
        await one.stop()
        await other.stop()

    assert (slow.state, dead.state) == (DeliveryState.WAITING, DeliveryState.DEAD)
    assert arrived.state is DeliveryState.ARRIVED
    assert answers == []


async def test_what_was_given_up_arrives_when_it_is_sent_again() -> None:
    """Under the id that it had."""
    async with outsider(Says(status=410)) as receiver, telling(to(receiver, "lead_captured")) as it:
        await it.client(Capture).accept(ADA)
        dead = await delivered(it, after=1)
        receiver.answer = lambda _: WELL
        await it.client(Webhooks).send_again(dead.id)
        alive = await delivered(it, after=1)

    assert (dead.state, alive.state) == (DeliveryState.DEAD, DeliveryState.ARRIVED)
    assert [asked.headers["webhook-id"] for asked in receiver.asked] == [dead.id] * 2


@pytest.mark.parametrize(
    ("says", "state"),
    [
        (Says(status=410), DeliveryState.DEAD),
        (Says(status=400), DeliveryState.WAITING),
        (Says(status=401), DeliveryState.WAITING),
    ],
)
async def test_who_is_gone_is_not_asked_again(says: Says, state: DeliveryState) -> None:
    """Other refusals may be mended at the other end, and are tried again."""
    async with outsider(says) as receiver, telling(to(receiver, "lead_captured")) as it:
        await it.client(Capture).accept(ADA)
        kept = await delivered(it, after=1)

    assert (kept.state, kept.error) == (state, f"HTTP {says.status}")


async def test_a_redirect_is_not_followed() -> None:
    """It could lead anywhere, and what is sent says who people are."""
    async with (
        outsider(WELL) as inside,
        outsider(Says(status=307, headers={"location": inside.url})) as receiver,
        telling(to(receiver, "lead_captured")) as it,
    ):
        await it.client(Capture).accept(ADA)
        kept = await delivered(it, after=1)

    assert (kept.state, kept.error) == (DeliveryState.WAITING, "HTTP 307")
    assert inside.asked == []


async def test_nothing_is_sent_to_this_machine_unless_that_is_allowed() -> None:
    """Neither by its address nor by a name of it: rules are no way in to what only this machine reaches."""
    hosts = ("http://127.0.0.1", "https://127.0.0.1", "https://localhost", "https://[::1]")
    async with outsider(WELL) as inside:
        port = inside.url.rpartition(":")[2]
        endpoints = [to(inside, "lead_captured", name=host, url=f"{host}:{port}/in") for host in hosts]
        async with telling(*endpoints, ALLOWS_LOOPBACK="false") as it:
            await it.client(Capture).accept(ADA)
            kept = [await delivered(it, after=1, endpoint=host) for host in hosts]

    assert {each.state for each in kept} == {DeliveryState.WAITING}
    assert all("nothing was sent" in each.error for each in kept)
    assert inside.asked == []


async def test_a_receiver_that_hangs_holds_nobody_up() -> None:
    """All messages to the other one arrive while not one to this has ended."""
    leads = 60
    async with outsider(HANGS) as slow, outsider(WELL) as quick:
        endpoints = (to(slow, "lead_captured", name="slow"), to(quick, "lead_captured", name="quick"))
        async with telling(*endpoints, TIMEOUT_S="60") as it:
            for number in range(leads):
                await it.client(Capture).accept(LeadDetails(email=f"{number}@acme.de"))
            await until(lambda: _heard(quick, leads))
            ended = await it.client(Webhooks).deliveries(endpoint="slow", state=DeliveryState.WAITING)

    assert len(quick.asked) == leads == len(ended.items)
    assert {each.attempts for each in ended.items} == {0}
    assert 0 < len(slow.asked) <= 8


async def test_a_receiver_that_answers_byte_by_byte_is_given_up() -> None:
    """Its time is that of the whole attempt."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nx: ")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            writer.close()

    listening = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with listening, outsider(WELL) as other:
        port = listening.sockets[0].getsockname()[1]
        endpoint = to(other, "lead_captured", url=f"http://127.0.0.1:{port}/")
        async with telling(endpoint, TIMEOUT_S="0.5") as it:
            await it.client(Capture).accept(ADA)
            kept = await delivered(it, after=1)

    assert kept.error == "no answer within 0.5 s"


async def test_a_message_that_is_sent_again_while_it_waits_goes_one_way() -> None:
    """The attempt that was due before is none any more, so that it is not sent twice as often from then on."""
    clock = Jumping()
    async with outsider(Says(status=500)) as receiver, telling(to(receiver, "lead_captured"), clock=clock) as it:
        await it.client(Capture).accept(ADA)
        waiting = await delivered(it, after=1)
        for _ in range(2):
            await it.client(Webhooks).send_again(waiting.id)
        await until(lambda: _heard(receiver, 2))
        await delivered(it, after=1)
        receiver.answer = lambda _: WELL
        clock.added += timedelta(seconds=10)
        await until(lambda: _heard(receiver, 3))
        arrived = await delivered(it, after=2)
        await it.client(Webhooks).test("n8n")
        await until(lambda: _heard(receiver, 4))

    kinds = [_kind(asked) for asked in receiver.asked]
    assert kinds == ["lead_captured"] * 3 + ["test"]
    assert {asked.headers["webhook-id"] for asked in receiver.asked[:3]} == {waiting.id}
    assert (arrived.state, arrived.attempts) == (DeliveryState.ARRIVED, 2)


@pytest.mark.parametrize("status", [200, 500, 0])
async def test_secrets_are_told_nobody(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the log nor in what is asked of a delivery: the address of an incoming webhook is one, too."""
    caplog.set_level(logging.DEBUG)
    says = BREAKS_OFF if not status else Says(status=status)
    async with outsider(says) as receiver:
        address = f"{receiver.url}/services/T0/hidden"
        secrets = msgspec.json.encode({"n8n": SECRET, "slack": address}).decode()
        endpoint = Endpoint(name="n8n", events=("lead_captured",), url_secret="slack", secret="n8n")
        async with telling(endpoint, SECRETS=secrets) as it:
            await it.client(Capture).accept(ADA)
            kept = await delivered(it, after=1)

    assert [asked.target for asked in receiver.asked] == ["/services/T0/hidden"]
    told = caplog.text + repr(kept)
    assert "hidden" not in told
    assert SECRET.removeprefix("whsec_") not in told


@pytest.mark.parametrize(("secrets", "word"), [("{}", "it is empty"), ('{"n8n": "plain text"}', "no base64")])
async def test_a_secret_that_is_none_is_said_so(secrets: str, word: str) -> None:
    """And nothing is sent that nobody could prove."""
    async with outsider(WELL) as receiver, telling(to(receiver, "lead_captured"), SECRETS=secrets) as it:
        await it.client(Capture).accept(ADA)
        kept = await delivered(it, after=1)

    assert word in kept.error
    assert "plain" not in kept.error
    assert receiver.asked == []


@pytest.mark.slow
async def test_a_new_owner_is_told_why_and_accepts_by_the_link() -> None:
    """In Slack. Looking at the link changes nothing, accepting twice is as good as once; a month later it has ended."""
    clock = Jumping()
    rules = RoutingRules(
        reps=(Rep(id="ann", name="Ann", handle="U024BE7LH"),),
        teams=(Team(name="all", reps=("ann",)),),
        round_robin="all",
    )
    everything = tuple(str(each).split(".")[1] for each in revenue.services)
    async with outsider(WELL) as receiver:
        slack = Endpoint(name="n8n", events=("lead_routed",), url=receiver.url, format=Format.SLACK)
        async with telling(slack, clock=clock, services=everything, routing=rules) as it:
            receipt = await it.client(Capture).accept(ADA)
            await until(lambda: _heard(receiver, 1))
            message = msgspec.json.decode(receiver.asked[0].body)
            url: str = message["blocks"][-1]["elements"][0]["url"]
            token = url.removeprefix("https://front.example/accept/")
            webhooks, lead_id = it.client(Webhooks), receipt.lead.id
            seen = await webhooks.link(token)
            before = (await it.client(Routing).assignment(lead_id)).status
            first, again = await webhooks.accept(token), await webhooks.accept(token)
            after = (await it.client(Routing).assignment(lead_id)).status
            with pytest.raises(LinkNotFound):
                await webhooks.accept(f"{token}x")
            clock.added += timedelta(days=31)
            with pytest.raises(Problem) as ended:
                await webhooks.link(token)

    text = "\n".join(block["text"]["text"] for block in message["blocks"][:-1])
    assert "Ada Lovelace, CTO" in text
    assert "<@U024BE7LH>" in text
    assert "Grade *" in text
    assert "• +" in text
    assert "webhook-signature" not in receiver.asked[0].headers
    assert (seen.lead_id, seen.owner, seen.name, seen.is_accepted) == (lead_id, "ann", "Ada Lovelace", False)
    assert (before, after) == (Status.NEW, Status.ACCEPTED)
    assert first == again
    assert first.is_accepted
    assert isinstance(ended.value, LinkNotFound)
