"""Providers are asked once, for what may be spent, and whatever happens it is on record what they cost."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qsl, quote

import msgspec
import pytest

from revenue.enrichment.contract import (
    AttemptState,
    Budget,
    Certainty,
    Charge,
    FieldRule,
    KillSwitch,
    LeadEnriched,
    Pin,
    Segment,
    Source,
    Topic,
)
from revenue.enrichment.tests.vendor import NOON, a_lead, definition, desk, ruled, value_of
from revenue.tests.outsider import BREAKS_OFF, HANGS, Asked, Says, outsider

MACHINES = Says({"company": {"industry": "Machinery", "city": "Hamburg"}})
NOTHING = Says({"company": {}})


async def test_what_a_provider_says_becomes_facts_that_say_where_they_are_from() -> None:
    """Who said it, when, what it cost, and how sure it is."""
    async with outsider(MACHINES) as it, desk(ruled(definition(it))) as enrichment:
        event = await enrichment.resolve(a_lead())
        (attempt,) = await enrichment.service.attempts("1")
        (line,) = await enrichment.service.costs()

    fact = event.profile.best(Topic.INDUSTRY)
    assert fact is not None
    assert fact.provenance is not None
    assert (fact.value, fact.source, fact.certainty) == ("Machinery", Source.PROVIDER, Certainty.LIKELY)
    assert (fact.provenance.provider, fact.provenance.observed_at) == ("acme_data", NOON)
    assert (fact.provenance.cost_micros, fact.provenance.is_sample) == (10_000, False)
    assert (value_of(event, Topic.CITY), event.profile.rules_version) == ("Hamburg", 1)
    assert (attempt.state, attempt.cost_micros, attempt.field, attempt.segment) == (
        "hit",
        10_000,
        "industry",
        "everybody",
    )
    assert (line.provider, line.month, line.calls, line.hits, line.cost_micros) == (
        "acme_data",
        "2026-03",
        1,
        1,
        10_000,
    )
    assert line.hit_rate == 1.0
    assert it.asked[0].target == "/company?domain=acme.de"


async def test_an_event_that_is_told_again_buys_nothing_twice() -> None:
    """Nor does another lead that asks the same, until the answer is too old."""
    async with outsider(MACHINES) as it, desk(ruled(definition(it, maximum_age_days=30))) as enrichment:
        first = await enrichment.resolve(a_lead())
        assert await enrichment.resolve(a_lead()) == first
        other = await enrichment.resolve(a_lead(2))
        enrichment.clock.advance(timedelta(days=31))
        await enrichment.resolve(a_lead(3))

    fact = other.profile.best(Topic.INDUSTRY)
    assert fact is not None
    assert fact.provenance is not None
    assert (fact.value, fact.provenance.lead_id) == ("Machinery", "1")
    assert len(it.asked) == 2


async def test_leads_that_ask_the_same_at_once_are_one_question() -> None:
    """Ten from one company come in together."""

    async def slowly(_: Asked) -> Says:
        await asyncio.sleep(0.1)
        return MACHINES

    async with outsider(slowly) as it, desk(ruled(definition(it))) as enrichment:
        profiles = await asyncio.gather(*(enrichment.found(a_lead(number)) for number in range(10)))
        lines = await enrichment.service.costs()

    assert len(it.asked) == 1
    assert all([fact.value for fact in profile.about(Topic.INDUSTRY)] == ["Machinery"] for profile in profiles)
    assert sum(line.cost_micros for line in lines) == 10_000


async def test_whoever_dies_while_a_provider_answers_pays_once() -> None:
    """The answer is lost; it counts as charged, is said so, and is not bought again, for this lead and for others."""
    async with outsider(HANGS) as it, desk(ruled(definition(it))) as enrichment:
        dying = asyncio.ensure_future(enrichment.resolve(a_lead()))
        await it.is_asked.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        (under_way,) = await enrichment.service.attempts("1")
        enrichment.clock.advance(timedelta(minutes=2))
        async with enrichment.db.transaction() as tx:
            await enrichment.service.look_for_lost(tx)

        event = await enrichment.resolve(a_lead())
        other = await enrichment.resolve(a_lead(2))
        (lost,) = await enrichment.service.attempts("1")
        (line,) = await enrichment.service.costs()

    assert (under_way.state, lost.state) == (AttemptState.CALLING, AttemptState.UNKNOWN)
    assert (line.calls, line.unknown, line.cost_micros) == (1, 1, 10_000)
    assert len(it.asked) == 1
    for each in (event, other):
        assert ["lost" in skipped.why for skipped in each.profile.skipped] == [True]


@pytest.mark.parametrize(
    ("says", "charged", "state", "cost"),
    [
        (MACHINES, (Charge.HIT,), "hit", 10_000),
        (NOTHING, (Charge.HIT,), "miss", 0),
        (NOTHING, (Charge.HIT, Charge.MISS), "miss", 10_000),
        (Says(status=404), (Charge.HIT,), "miss", 0),
        (Says({"company": {"industry": "n/a"}}), (Charge.HIT,), "refused", 0),
        (Says({"company": {"industry": "n/a"}}), (Charge.HIT, Charge.REFUSED), "refused", 10_000),
        (Says({"company": {"industry": ["lies"]}}), (Charge.HIT, Charge.REFUSED), "refused", 10_000),
        (Says({"error": "no credit"}, 402), (Charge.HIT,), "failed", 0),
        (Says({"error": "down"}, 500), (Charge.HIT, Charge.FAILED), "failed", 10_000),
        (Says(b"<html>garbage"), (Charge.HIT,), "unknown", 10_000),
        (Says(b"[" * 100_000), (Charge.HIT,), "unknown", 10_000),
        (Says(b"x" * 600_000), (Charge.HIT,), "unknown", 10_000),
        (Says(b"{}", headers={"content-encoding": "gzip"}), (Charge.HIT,), "unknown", 10_000),
        (Says(status=302, headers={"location": "http://169.254.169.254/"}), (Charge.HIT,), "failed", 0),
        (BREAKS_OFF, (Charge.HIT,), "unknown", 10_000),
        (HANGS, (Charge.HIT,), "unknown", 10_000),
    ],
)
async def test_an_answer_costs_what_was_agreed(says: Says, charged: tuple[Charge, ...], state: str, cost: int) -> None:
    """Whatever it is; what may have been charged counts as charged. The budget gets back what was not."""
    timeout_s = 0.3 if says is HANGS else 2.0
    async with (
        outsider(says) as it,
        desk(ruled(definition(it, charged_for=charged, timeout_s=timeout_s))) as enrichment,
    ):
        event = await enrichment.resolve(a_lead())
        again = await enrichment.resolve(a_lead())
        (attempt,) = await enrichment.service.attempts("1")

    assert (attempt.state, attempt.cost_micros) == (state, cost)
    assert len(it.asked) == 1
    assert await enrichment.spent() == dict.fromkeys(("lead", "run", "month"), cost)
    assert (value_of(event, Topic.INDUSTRY) is None) == (state != "hit")
    assert again.profile.facts == event.profile.facts


async def test_nobody_there_costs_nothing() -> None:
    """And is asked again as soon as somebody may be."""
    async with outsider(MACHINES) as it:
        rule = definition(it)
    async with desk(ruled(rule)) as enrichment:
        await enrichment.resolve(a_lead())
        await enrichment.resolve(a_lead())
        attempts = await enrichment.service.attempts("1")

    assert [(each.state, each.cost_micros) for each in attempts] == [("failed", 0)] * 2
    assert await enrichment.spent() == dict.fromkeys(("lead", "run", "month"), 0)


@pytest.mark.parametrize(
    ("budget", "bought"),
    [
        (Budget(per_lead_micros=9_999), 0),
        (Budget(per_lead_micros=10_000), 4),
        (Budget(per_run_micros=25_000), 2),
        (Budget(per_month_micros=30_000), 3),
        (Budget(per_month_micros=0), 0),
    ],
)
async def test_no_more_is_spent_than_may_be(budget: Budget, bought: int) -> None:
    """For a lead, in a run, in a month; whom it does not pay for is done without, and said."""
    async with outsider(MACHINES) as it:
        rule = definition(it, url=f"{it.url}/?email={{email}}")
        async with desk(ruled(rule, budget=budget)) as enrichment:
            events = [await enrichment.resolve(a_lead(number)) for number in range(4)]

    assert len(it.asked) == bought
    assert all(spent <= 40_000 for spent in (await enrichment.spent()).values())
    without = [event.profile.skipped[0].why for event in events if event.profile.skipped]
    assert len(without) == 4 - bought
    assert all("more than what is left" in why for why in without)


async def test_the_next_run_and_month_have_budgets_of_their_own() -> None:
    """A run ends with a pause, a month with its last day."""
    budget = Budget(per_run_micros=10_000, per_month_micros=20_000, run_pause_minutes=30)
    async with outsider(MACHINES) as it:
        rule = definition(it, url=f"{it.url}/?email={{email}}")
        async with desk(ruled(rule, budget=budget)) as enrichment:
            counts: list[int] = []
            for number, minutes in enumerate((0, 20, 11, 31, 44_640)):
                enrichment.clock.advance(timedelta(minutes=minutes))
                await enrichment.resolve(a_lead(number))
                counts.append(len(it.asked))

    assert counts == [1, 1, 2, 2, 3]


async def test_many_at_once_spend_no_more_than_may_be() -> None:
    """The price is taken out of the budget before anybody is asked."""
    budget = Budget(per_run_micros=50_000)

    async def slowly(_: Asked) -> Says:
        await asyncio.sleep(0.05)
        return MACHINES

    async with outsider(slowly) as it:
        rule = definition(it, url=f"{it.url}/?email={{email}}")
        async with desk(ruled(rule, budget=budget)) as enrichment:
            await asyncio.gather(*(enrichment.found(a_lead(number)) for number in range(20)))

    assert len(it.asked) == 5
    assert (await enrichment.spent())["run"] == 50_000


async def test_a_value_that_does_not_hold_is_kept_as_refused_and_the_next_one_is_asked() -> None:
    """A landline is no mobile number, whoever says so and whatever it cost."""
    cheap = Says({"number": "+49 30 23125001"})
    dear = Says({"number": "0171 39200 12", "land": "DE"})
    async with outsider(cheap) as one, outsider(dear) as other:
        first = definition(one, name="cheap", fields={"mobile": "number"})
        second = definition(other, name="dear", fields={"mobile": "number", "country": "land"})
        rules = ruled(first, second, fields=(FieldRule(field=Topic.MOBILE, providers=("cheap", "dear")),))
        async with desk(rules) as enrichment:
            event = await enrichment.resolve(a_lead())
            again = await enrichment.resolve(a_lead())

    assert value_of(event, Topic.MOBILE) == "+491713920012"
    assert [(each.provider, each.why) for each in event.profile.refused] == [("cheap", "this is a landline")]
    assert again.profile == event.profile
    assert (len(one.asked), len(other.asked)) == (1, 1)


async def test_a_provider_that_finds_too_little_is_switched_off() -> None:
    """And after a pause one lead finds out whether it is better now."""
    switch = KillSwitch(hit_rate_min=0.2, calls=10, pause_minutes=60)
    answers = [MACHINES, *[NOTHING] * 100]
    async with outsider(lambda _: answers.pop(0)) as it:
        rule = definition(it, url=f"{it.url}/?email={{email}}")
        async with desk(ruled(rule, kill_switch=switch)) as enrichment:
            events: list[LeadEnriched] = []
            for number in range(15):
                events.append(await enrichment.resolve(a_lead(number)))
                enrichment.forget()
            so_far = len(it.asked)
            enrichment.clock.advance(timedelta(minutes=61))
            for number in range(15, 20):
                await enrichment.resolve(a_lead(number))
                enrichment.forget()

    assert so_far == 10
    assert "switched off: 10% hits" in events[-1].profile.skipped[0].why
    assert len(it.asked) == 11


async def test_nobody_is_asked_for_what_a_person_has_set() -> None:
    """Nor for what the lead says itself. As soon as it is taken out, somebody is."""
    async with outsider(MACHINES) as it, desk() as enrichment:
        await enrichment.resolve(a_lead())
        await enrichment.service.pin("1", Pin(topic=Topic.INDUSTRY, value="Toys", actor="bob"))
        await enrichment.publish(ruled(definition(it)))
        event = await enrichment.resolve(a_lead())
        said = await enrichment.resolve(a_lead(2, industry="Games"))

    assert (value_of(event, Topic.INDUSTRY), value_of(said, Topic.INDUSTRY)) == ("Toys", "Games")
    assert it.asked == []


async def test_the_order_is_that_of_the_segment() -> None:
    """And what was spent is told by it."""
    async with outsider(MACHINES) as one, outsider(MACHINES) as other:
        rules = ruled(
            definition(one, name="everywhere"),
            definition(other, name="germany"),
            segments=(Segment(name="dach", countries=("DE", "AT", "CH")),),
            fields=(FieldRule(field=Topic.INDUSTRY, providers=("everywhere",), by_segment={"dach": ("germany",)}),),
        )
        async with desk(rules) as enrichment:
            await enrichment.resolve(a_lead())
            await enrichment.resolve(a_lead(2, email="bob@acme.fr"))
            lines = await enrichment.service.costs(month="2026-03")

    assert (len(one.asked), len(other.asked)) == (1, 1)
    assert {(line.provider, line.segment) for line in lines} == {("germany", "dach"), ("everywhere", "everybody")}
    assert await enrichment.service.costs(month="2026-04") == []


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:{port}",
        "https://localhost:{port}",
        "https://169.254.169.254",
        "https://[::ffff:7f00:1]:{port}",
    ],
)
async def test_a_definition_that_leads_inside_asks_nobody(address: str) -> None:
    """Whoever may write rules may not reach what only this machine can."""
    async with outsider(MACHINES) as it:
        url = address.format(port=it.url.rpartition(":")[2])
        async with desk(ruled(definition(it, url=f"{url}/{{domain}}")), allows_loopback=False) as enrichment:
            await enrichment.resolve(a_lead())
            (attempt,) = await enrichment.service.attempts("1")

    assert (attempt.state, attempt.cost_micros, it.asked) == ("failed", 0, [])
    assert "OutsideRefused" in attempt.detail


async def test_plain_http_is_off_unless_a_setting_lets_it_be() -> None:
    """And then reaches this machine only."""
    async with outsider(MACHINES) as it, desk(ruled(definition(it)), allows_loopback=False) as enrichment:
        event = await enrichment.resolve(a_lead())

    assert (it.asked, event.profile.skipped[0].why) == ([], "it is off")


async def test_what_a_lead_says_stays_where_it_belongs() -> None:
    """No name of a company leads to another place, adds a parameter, or ends the body's text."""
    nasty = '../../x?a=b&c#"},{"admin":true'
    async with outsider(NOTHING) as it:
        in_path = definition(it, name="in_path", url=f"{it.url}/c/{{company}}/x", query={"q": "{company}"})
        in_body = definition(it, name="in_body", url=f"{it.url}/b", method="POST", body='{"company": "{company}"}')
        async with desk(ruled(in_path, in_body)) as enrichment:
            await enrichment.resolve(a_lead(1, company=nasty))
            await enrichment.resolve(a_lead(2, company=".."))

    first, second, third, _ = it.asked
    path, _, query = first.target.partition("?")
    assert path == f"/c/{quote(nasty, safe='')}/x"
    assert parse_qsl(query) == [("q", nasty)]
    assert msgspec.json.decode(second.body) == {"company": nasty}
    assert third.target.startswith("/c/%2E%2E/x")
