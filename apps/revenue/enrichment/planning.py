"""What rules would cost: the way of each lead is gone with what is known already, and priced where it would go on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .asking import Terms
from .contract import Charge, EnrichmentPlan, EnrichmentRules, PlannedLead, PlannedProvider, Topic
from .waterfall import Step, Waterfall

HIT_RATE = 0.5
"""Of a provider that was never asked."""
DEAREST = 20


@dataclass(slots=True)
class Way:
    """The way of one lead through the rules, and what it would cost from here on."""

    lead_id: str
    waterfall: Waterfall
    providers: list[str] = field(default_factory=list[str])
    most: int = 0
    expected: float = 0.0
    chances: dict[Topic, float] = field(default_factory=dict[Topic, float])
    """How likely it is that a field is still open."""


@dataclass(slots=True)
class Planned:
    """The sums of a plan."""

    rules: EnrichmentRules
    rates: Mapping[str, float]
    leads: int = 0
    asked: int = 0
    by_provider: dict[str, tuple[int, int, float]] = field(default_factory=dict[str, tuple[int, int, float]])
    dearest: list[Way] = field(default_factory=list[Way])

    def price(self, way: Way, step: Step) -> None:
        """A question that would be asked: it is paid for, and the way goes on as if nothing came of it."""
        terms, name = step.provider.terms, step.provider.name
        left = self.rules.budget.per_lead_micros - way.most
        if terms.price_micros > left:
            way.waterfall.skip(step, "its price is more than what is left for this lead")
            return
        rate = self.rates.get(name, HIT_RATE)
        chance = way.chances.get(step.field, 1.0)
        expected = chance * expected_cost(terms, rate)
        way.chances[step.field] = chance * (1.0 - rate)
        way.most += terms.price_micros
        way.expected += expected
        way.providers.append(name)
        leads, most, so_far = self.by_provider.get(name, (0, 0, 0.0))
        self.by_provider[name] = (leads + 1, most + terms.price_micros, so_far + expected)
        way.waterfall.skip(step, "it would be asked")

    def ended(self, way: Way) -> None:
        """A lead is done with."""
        self.leads += 1
        if way.providers:
            self.asked += 1
            self.dearest = sorted([*self.dearest, way], key=lambda each: -each.most)[:DEAREST]

    def plan(self, *, is_whole: bool) -> EnrichmentPlan:
        """The plan."""
        providers = [
            PlannedProvider(provider=name, leads=leads, cost_most_micros=most, cost_expected_micros=round(expected))
            for name, (leads, most, expected) in sorted(self.by_provider.items())
        ]
        return EnrichmentPlan(
            leads=self.leads,
            leads_to_ask_about=self.asked,
            currency=self.rules.budget.currency,
            cost_most_micros=sum(each.cost_most_micros for each in providers),
            cost_expected_micros=sum(each.cost_expected_micros for each in providers),
            providers=tuple(providers),
            dearest=tuple(
                PlannedLead(
                    lead_id=way.lead_id,
                    segment=way.waterfall.segment,
                    providers=tuple(way.providers),
                    cost_most_micros=way.most,
                )
                for way in self.dearest
            ),
            is_whole=is_whole,
        )


def expected_cost(terms: Terms, rate: float) -> float:
    """What one question costs on average, by the share of hits.

    >>> expected_cost(Terms(price_micros=100, charged_for=(Charge.HIT,)), 0.25)
    25.0
    """
    hit = rate if Charge.HIT in terms.charged_for else 0.0
    miss = 1.0 - rate if Charge.MISS in terms.charged_for else 0.0
    return terms.price_micros * (hit + miss)
