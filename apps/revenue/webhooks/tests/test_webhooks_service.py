"""Webhooks in a running application, and somebody outside who receives: by real HTTP, with hours that pass at once."""

import dataclasses
import logging
from datetime import timedelta

import msgspec
import pytest

from atoll import Problem
from revenue.application import revenue
from revenue.capture.contract import Capture, LeadDetails
from revenue.routing.contract import Rep, Routing, RoutingRules, Status, Team
from revenue.tests.hours import Jumping, until
from revenue.tests.outsider import BREAKS_OFF, Says, outsider
from revenue.webhooks.contract import (
    DeliveryState,
    Endpoint,
    Equals,
    Format,
    LinkNotFound,
    Webhooks,
)
from revenue.webhooks.tests.telling import ADA, SECRET, WELL, delivered, heard, is_genuine, kind_of, telling, to


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
            await until(lambda: heard(all_of_it, 4))  # the rules are told of as well
            await until(lambda: heard(german, 1))
            await until(lambda: heard(changes, 1))

    assert sorted(map(kind_of, all_of_it.asked)) == [
        "lead_captured",
        "lead_captured",
        "lead_updated",
        "playbook_published",
    ]
    assert [kind_of(each) for each in german.asked] == ["lead_captured"]
    assert [kind_of(each) for each in changes.asked] == ["lead_updated"]


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
            await until(lambda: heard(receiver, 1))
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
