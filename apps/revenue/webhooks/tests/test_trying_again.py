"""Receivers that refuse, hang, break off or are gone: a message is tried again, and comes to an end."""

import asyncio
import itertools
from datetime import datetime, timedelta

import pytest

from atoll.testing import MemoryDatabase, SeededEntropy, SettableClock, fake
from revenue.capture.contract import Capture, LeadDetails
from revenue.playbook.contract import PlaybookPublished, TeamRules
from revenue.routing.contract import Routing
from revenue.tests.hours import Jumping, until
from revenue.tests.outsider import BREAKS_OFF, HANGS, Asked, Says, outsider
from revenue.webhooks.contract import (
    Delivery,
    DeliveryState,
    WebhookDue,
    Webhooks,
    WebhooksRules,
)
from revenue.webhooks.sending import ATTEMPTS_MAX, PAUSES_S
from revenue.webhooks.service import WebhooksService, WebhooksSettings
from revenue.webhooks.tests.telling import ADA, SECRET, WELL, delivered, heard, is_genuine, kind_of, telling, to


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


async def test_a_receiver_that_hangs_holds_nobody_up() -> None:
    """All messages to the other one arrive while not one to this has ended."""
    leads = 60
    async with outsider(HANGS) as slow, outsider(WELL) as quick:
        endpoints = (to(slow, "lead_captured", name="slow"), to(quick, "lead_captured", name="quick"))
        async with telling(*endpoints, TIMEOUT_S="60") as it:
            for number in range(leads):
                await it.client(Capture).accept(LeadDetails(email=f"{number}@acme.de"))
            await until(lambda: heard(quick, leads))
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
        await until(lambda: heard(receiver, 2))
        await delivered(it, after=1)
        receiver.answer = lambda _: WELL
        clock.added += timedelta(seconds=10)
        await until(lambda: heard(receiver, 3))
        arrived = await delivered(it, after=2)
        await it.client(Webhooks).test("n8n")
        await until(lambda: heard(receiver, 4))

    kinds = [kind_of(asked) for asked in receiver.asked]
    assert kinds == ["lead_captured"] * 3 + ["test"]
    assert {asked.headers["webhook-id"] for asked in receiver.asked[:3]} == {waiting.id}
    assert (arrived.state, arrived.attempts) == (DeliveryState.ARRIVED, 2)
