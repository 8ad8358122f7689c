"""Providers that are slow, busy or away: a lead waits no longer than it may, and what comes later is told later."""

import asyncio
from datetime import timedelta

import pytest

from atoll import Event
from revenue.enrichment.contract import (
    EnrichmentRules,
    LeadEnriched,
    PurchaseDue,
    Topic,
)
from revenue.enrichment.tests.vendor import a_lead, definition, desk, ruled, value_of
from revenue.ruling import Ruled
from revenue.tests.outsider import BREAKS_OFF, HANGS, Asked, Says, outsider

MACHINES = Says({"company": {"industry": "Machinery", "city": "Hamburg"}})
NOTHING = Says({"company": {}})


async def test_a_question_under_way_elsewhere_is_asked_after_once_more() -> None:
    """By whoever comes while another instance asks, and cannot wait: the answer comes later, and costs nothing."""
    async with outsider(HANGS) as it, desk(ruled(definition(it), deadline_s=0.4)) as enrichment:
        dying = asyncio.ensure_future(enrichment.buying.profile(*(await enrichment.kept(a_lead())), 5.0))
        await it.is_asked.wait()
        event = await enrichment.resolve(a_lead(2))
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)

    assert event.profile.is_awaited
    assert enrichment.due == [PurchaseDue(lead_id="2")]
    assert len(it.asked) == 1


async def test_a_provider_that_hangs_is_left_alone_and_holds_nobody_up() -> None:
    """After ten leads that waited, the others do not."""
    async with outsider(HANGS) as it:
        rule = definition(it, url=f"{it.url}/?email={{email}}", timeout_s=0.05)
        async with desk(ruled(rule)) as enrichment:
            started = asyncio.get_running_loop().time()
            events = [await enrichment.resolve(a_lead(number)) for number in range(40)]
            took_s = asyncio.get_running_loop().time() - started
            calls = sum(line.calls for line in await enrichment.service.costs())

    assert 10 <= calls <= 15
    assert "left alone" in events[-1].profile.skipped[0].why
    assert took_s < 8


async def test_who_takes_longer_than_a_lead_can_wait_is_asked_afterwards() -> None:
    """The lead goes on without it, those behind it in the order wait as well, and the lead is told of once more."""
    async with outsider(MACHINES) as slow, outsider(MACHINES) as dear:
        first = definition(slow, name="slow", timeout_s=10)
        second = definition(dear, name="dear")
        async with desk(ruled(first, second, deadline_s=1.0)) as enrichment:
            event = await enrichment.resolve(a_lead())
            before = len(slow.asked)
            (late,) = await enrichment.purchase(enrichment.due[0])
            nothing_new = await enrichment.purchase(enrichment.due[0])

    assert (event.profile.is_awaited, value_of(event, Topic.INDUSTRY), before) == (True, None, 0)
    assert isinstance(late, LeadEnriched)
    assert (late.profile.is_awaited, value_of(late, Topic.INDUSTRY)) == (False, "Machinery")
    assert (late.lead, late.resolution) == (event.lead, event.resolution)
    assert nothing_new == []
    assert (len(slow.asked), len(dear.asked)) == (1, 0)


async def test_a_lead_that_changed_meanwhile_is_told_of_as_it_is() -> None:
    """What is bought for how it was is not written over how it is: it is looked at once more."""

    async def meanwhile(_: Asked) -> Says:
        await enrichment.resolve(a_lead(revision=2, city="Ulm"))
        return MACHINES

    async with outsider(meanwhile) as it, desk(ruled(definition(it, timeout_s=10))) as enrichment:
        await enrichment.resolve(a_lead())
        again = await enrichment.purchase(enrichment.due[0])
        (late,) = await enrichment.purchase(enrichment.due[-1])

    assert [each for each in again if isinstance(each, PurchaseDue)] == [PurchaseDue(lead_id="1")] * 2
    assert isinstance(late, LeadEnriched)
    assert (late.lead.revision, value_of(late, Topic.CITY), value_of(late, Topic.INDUSTRY)) == (2, "Ulm", "Machinery")
    assert len(it.asked) == 1


@pytest.mark.parametrize(
    "asked_for",
    [
        {"retry-after": "40"},
        {"retry-after": "Fri, 27 Nov 2026 10:00:40 GMT", "date": "Fri, 27 Nov 2026 10:00:00 GMT"},
    ],
    ids=["seconds", "date"],
)
async def test_who_has_too_much_to_do_is_asked_when_it_says(asked_for: dict[str, str]) -> None:
    """It is paid nothing, and the lead waits for nobody."""
    answers = [Says({}, 429, asked_for), MACHINES]
    async with outsider(lambda _: answers.pop(0)) as it, desk(ruled(definition(it))) as enrichment:
        event = await enrichment.resolve(a_lead())
        meanwhile = await enrichment.resolve(a_lead(2, email="bob@elsewhere.de"))
        asked, spent = len(it.asked), await enrichment.spent()
        enrichment.forget()
        enrichment.clock.advance(timedelta(seconds=41))
        late = await enrichment.purchase(enrichment.due[0])

    assert (event.profile.is_awaited, meanwhile.profile.is_awaited) == (True, True)
    assert (asked, spent["month"]) == (1, 0)
    assert [value_of(each, Topic.INDUSTRY) for each in late if isinstance(each, LeadEnriched)] == ["Machinery"]


async def test_who_never_answers_in_time_is_given_up() -> None:
    """And the profile says that nobody is awaited any more."""
    async with outsider(Says({}, 429, {"retry-after": "3600"})) as it, desk(ruled(definition(it))) as enrichment:
        await enrichment.resolve(a_lead())
        published: list[Event] = []
        for attempt in range(1, 7):
            enrichment.forget()
            enrichment.clock.advance(timedelta(hours=1))
            published = await enrichment.purchase(PurchaseDue(lead_id="1", attempt=attempt))

    (last,) = published
    assert isinstance(last, LeadEnriched)
    assert not last.profile.is_awaited
    assert [event.attempt for event in enrichment.due] == [1, 2, 3, 4, 5, 6]


async def test_only_who_promises_to_charge_once_is_asked_twice() -> None:
    """Under the same key, within the same time; also after whoever asked has died."""
    answers = [BREAKS_OFF, MACHINES]
    async with outsider(lambda _: answers.pop(0)) as it:
        rule = definition(it, idempotency_header="Idempotency-Key")
        async with desk(ruled(rule)) as enrichment:
            event = await enrichment.resolve(a_lead())
            (attempt,) = await enrichment.service.attempts("1")
    assert value_of(event, Topic.INDUSTRY) == "Machinery"
    assert (attempt.state, attempt.cost_micros) == ("hit", 10_000)
    assert len({each.headers["idempotency-key"] for each in it.asked}) == 1
    assert len(it.asked) == 2

    said: list[Says] = [HANGS, HANGS, HANGS, MACHINES]
    async with outsider(lambda _: said.pop(0)) as it:
        rule = definition(it, idempotency_header="Idempotency-Key", timeout_s=0.3)
        async with desk(ruled(rule)) as enrichment:
            await enrichment.resolve(a_lead())
            later = await enrichment.resolve(a_lead())
            (attempt,) = await enrichment.service.attempts("1")
            spent = await enrichment.spent()
    assert value_of(later, Topic.INDUSTRY) == "Machinery"
    assert (attempt.state, attempt.cost_micros, spent["month"]) == ("hit", 10_000, 10_000)
    assert len({each.headers["idempotency-key"] for each in it.asked}) == 1


@pytest.mark.parametrize("refuses", [Says(status=500), Says(status=429, headers={"retry-after": "1"})])
@pytest.mark.parametrize("tells_nothing", [HANGS, BREAKS_OFF])
async def test_what_may_have_been_charged_stays_so_when_the_next_request_is_refused(
    tells_nothing: Says, refuses: Says
) -> None:
    """Under the same key, at once and later: a refusal says nothing of the request before, and gives nothing back."""
    said = [tells_nothing]
    async with outsider(lambda _: said.pop(0) if said else refuses) as it:
        rule = definition(it, idempotency_header="Idempotency-Key", timeout_s=0.3)
        async with desk(ruled(rule)) as enrichment:
            for seconds in (0, 2, 60):
                enrichment.clock.advance(timedelta(seconds=seconds))
                enrichment.forget()
                await enrichment.resolve(a_lead())
                (attempt,) = await enrichment.service.attempts("1")
                assert (attempt.state, attempt.cost_micros) == ("unknown", 10_000)
            spent = await enrichment.spent()

    assert set(spent.values()) == {10_000}
    assert len({each.headers["idempotency-key"] for each in it.asked}) == 1


async def test_who_may_be_asked_twice_is_asked_later_and_later() -> None:
    """And no more often than was agreed: one that fails at once would be asked twenty times a second."""
    async with outsider(Says(status=500)) as it:
        quick = definition(it, idempotency_header="Idempotency-Key", timeout_s=2.0)
        slow = definition(it, name="slow", idempotency_header="Idempotency-Key", timeout_s=2.0, rate_per_s=1.0)
        counts: list[int] = []
        for rule in (quick, slow):
            async with desk(ruled(rule)) as enrichment:
                await enrichment.resolve(a_lead())
            counts.append(len(it.asked) - sum(counts))

    assert 2 <= counts[0] <= 6
    assert counts[1] <= 2


async def test_who_has_died_while_he_asked_may_have_been_charged() -> None:
    """What was under way counts, whatever becomes of the next request."""
    async with outsider(HANGS) as it, desk(ruled(definition(it, idempotency_header="Idempotency-Key"))) as enrichment:
        dying = asyncio.ensure_future(enrichment.resolve(a_lead()))
        await it.is_asked.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        enrichment.clock.advance(timedelta(minutes=2))
        it.answer = lambda _: Says(status=503)
        await enrichment.resolve(a_lead())
        (attempt,) = await enrichment.service.attempts("1")
        spent = await enrichment.spent()

    assert (attempt.state, attempt.cost_micros) == ("unknown", 10_000)
    assert set(spent.values()) == {10_000}


async def test_rules_that_come_while_a_lead_is_looked_at_are_followed_afterwards() -> None:
    """Whoever is asked is asked before the transaction, in which the rules are seen."""
    async with outsider(MACHINES) as it, desk() as enrichment:
        await enrichment.resolve(a_lead())
        await enrichment.publish(ruled(definition(it)))
        enrichment.see(Ruled(0, EnrichmentRules()))

        event = await enrichment.resolve(a_lead())
        (late,) = await enrichment.purchase(enrichment.due[0])

    assert (event.profile.rules_version, value_of(event, Topic.INDUSTRY)) == (0, None)
    assert isinstance(late, LeadEnriched)
    assert (late.profile.rules_version, value_of(late, Topic.INDUSTRY)) == (1, "Machinery")


async def test_a_rate_is_kept() -> None:
    """Whoever comes too early waits, or is asked about afterwards."""
    async with outsider(MACHINES) as it:
        rule = definition(it, url=f"{it.url}/?email={{email}}", rate_per_s=20)
        async with desk(ruled(rule)) as enrichment:
            started = asyncio.get_running_loop().time()
            await asyncio.gather(*(enrichment.found(a_lead(number)) for number in range(30)))
            took_s = asyncio.get_running_loop().time() - started

    assert len(it.asked) == 30
    assert took_s >= 0.45
