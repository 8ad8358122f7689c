"""What rules would cost, before they hold; and the made-up vendors, on which they can be tried."""

from collections.abc import Sequence

from revenue.enrichment.contract import (
    Budget,
    Charge,
    EnrichmentPlan,
    EnrichmentRules,
    FieldRule,
    Pin,
    Topic,
)
from revenue.enrichment.samples import CHEAP, THOROUGH
from revenue.enrichment.tests.vendor import Desk, a_lead, definition, desk, ruled, value_of
from revenue.tests.outsider import Says, outsider

MACHINES = Says({"company": {"industry": "Machinery"}})
SAMPLES = EnrichmentRules(
    fields=(
        FieldRule(field=Topic.INDUSTRY, providers=("sample_cheap", "sample_thorough")),
        FieldRule(field=Topic.MOBILE, providers=("phone_number", "sample_cheap", "sample_thorough")),
    ),
    budget=Budget(per_lead_micros=50_000, per_run_micros=10**9, per_month_micros=10**9),
)


def sums(plan: EnrichmentPlan) -> Sequence[int]:
    """Leads, those to ask about, and what that costs at most and as expected."""
    return plan.leads, plan.leads_to_ask_about, plan.cost_most_micros, plan.cost_expected_micros


async def test_a_plan_says_what_is_not_bought_yet_and_asks_nobody() -> None:
    """What was asked before costs nothing; what a lead says, or a person has set, is asked of nobody."""
    async with outsider(MACHINES) as it:
        url = f"{it.url}/?email={{email}}"
        cheap = definition(it, name="cheap", url=url, price_micros=2_000, charged_for=(Charge.HIT, Charge.MISS))
        dear = definition(it, name="dear", url=url, price_micros=30_000)
        async with desk() as enrichment:
            for number in range(5):
                await enrichment.resolve(a_lead(number))
            await enrichment.resolve(a_lead(5, industry="Toys"))
            await enrichment.service.pin("0", Pin(topic=Topic.INDUSTRY, value="Toys", actor="bob"))
            before = await enrichment.service.plan(ruled(cheap, dear))
            await enrichment.publish(ruled(cheap, dear))
            for number in (1, 2):
                await enrichment.resolve(a_lead(number))
            asked = len(it.asked)
            after = await enrichment.service.plan(ruled(cheap, dear))
            poor = await enrichment.service.plan(ruled(cheap, dear, budget=Budget(per_lead_micros=2_000)))
            part = await enrichment.service.plan(ruled(cheap, dear), leads_max=2)
            nothing = await enrichment.service.plan(EnrichmentRules())

    assert sums(before) == (6, 4, 4 * 32_000, 4 * (2_000 + 7_500))
    assert [(each.provider, each.leads, each.cost_most_micros) for each in before.providers] == [
        ("cheap", 4, 8_000),
        ("dear", 4, 120_000),
    ]
    assert (asked, len(it.asked)) == (2, 2)
    assert sums(after) == (6, 2, 2 * 32_000, 2 * 2_000)
    assert sums(poor)[:3] == (6, 2, 4_000)
    assert (part.leads, part.is_whole, after.is_whole) == (2, False, True)
    assert sums(nothing) == (6, 0, 0, 0)
    assert {each.lead_id for each in after.dearest} == {"3", "4"}
    assert after.dearest[0].providers == ("cheap", "dear")


async def filled(leads: int) -> tuple[Desk, list[str | None]]:
    """So many leads, by the made-up vendors; and the mobile numbers that were found."""
    async with desk(SAMPLES, sample_vendors=True) as enrichment:
        events = [await enrichment.resolve(a_lead(number, email=f"a{number}@b{number}.de")) for number in range(leads)]
    return enrichment, [value_of(event, Topic.MOBILE) for event in events]


async def test_made_up_vendors_find_and_cost_as_they_say() -> None:
    """Always the same; one finds little and is cheap, the other finds much and is dear; all of it is marked."""
    enrichment, mobiles = await filled(80)
    _, again = await filled(20)
    lines = await enrichment.service.costs()
    profile = await enrichment.service.latest("1")

    assert mobiles[:20] == again
    assert all(number is None or number.startswith("+49171") for number in mobiles)
    assert 0.7 < sum(number is not None for number in mobiles) / 80 < 1
    by_provider = {
        name: [sum(getattr(line, what) for line in lines if line.provider == name) for what in ("calls", "hits")]
        for name in ("sample_cheap", "sample_thorough")
    }
    assert by_provider["sample_cheap"][0] == 80
    assert 0.2 < by_provider["sample_cheap"][1] / 80 < 0.5
    calls, hits = by_provider["sample_thorough"]
    assert 0.75 < hits / calls < 0.95
    assert sum(line.cost_micros for line in lines if line.provider == "sample_thorough") == calls * 30_000
    assert all(line.is_sample for line in lines)
    provenances = [fact.provenance for fact in profile.facts if fact.provenance]
    assert provenances
    assert all(each.is_sample for each in provenances)
    assert (CHEAP.terms.price_micros, THOROUGH.terms.price_micros) == (2_000, 30_000)
