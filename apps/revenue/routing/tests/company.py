"""An application around Routing for its tests: stand-ins tell of leads and of rules, as the real services do."""

import abc
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any, TypeVar

from atoll import Application, Clock, Database, Reference, Service, contract_of
from atoll.contract import contracts_of
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile
from revenue.identity.contract import Identity, Resolution
from revenue.playbook.contract import PlaybookPublished, TeamRules
from revenue.routing.contract import Rep, ResponseRule, RoutingRules, Team
from revenue.scoring.contract import Grade, LeadScored, Score, Scoring

S = TypeVar("S", bound=Service)

WEIGHTS = {"ada": 3, "bob": 2, "cy": 1}
RULES = RoutingRules(
    reps=tuple(Rep(id=name, weight=weight) for name, weight in WEIGHTS.items()),
    teams=(Team(name="sales", reps=tuple(WEIGHTS), manager="boss@example.com"),),
    round_robin="sales",
    response=(ResponseRule(respond_within=3, escalate_after=6, reassign_after=9),),
)


async def unused(_: object, **__: Any) -> Any:  # Any: operations that nobody calls in these tests
    """Not answered here."""
    raise NotImplementedError


async def unused_stream(_: object, **__: Any) -> AsyncGenerator[int]:  # Any: as above
    """Not answered here."""
    for number in range(0):
        yield number


def silent(service: type[S]) -> type[S]:
    """A service with all operations of its contract: those that it does not have answer nothing."""
    for protocol in contracts_of(service):
        for operation in contract_of(protocol).operations:
            if getattr(getattr(service, operation.name), "__isabstractmethod__", False):
                setattr(service, operation.name, unused_stream if operation.form.name == "STREAM" else unused)
    return abc.update_abstractmethods(service)


@silent
class IdentityStandIn(Service, Identity, owner="tests"):
    """Tells of nothing."""

    db: Database


@silent
class PlaybookStandIn(Service, Playbook, owner="tests"):
    """Publishes the rules when it starts."""

    db: Database
    clock: Clock

    async def start(self) -> None:
        """Version 1."""
        playbook = TeamRules(routing=RULES)
        async with self.db.transaction() as tx:
            tx.publish(PlaybookPublished(name="gtm", version=1, playbook=playbook, published_at=self.clock.now()))


@silent
class ScoringStandIn(Service, Scoring, owner="tests"):
    """Tells of each lead that it is asked about."""

    db: Database

    async def score(self, lead: Lead) -> Score:
        """Nothing is counted."""
        score = Score(
            lead_id=lead.id, points=60, grade=Grade.B, reasons=(), is_provisional=False, scored_at=lead.captured_at
        )
        async with self.db.transaction() as tx:
            tx.publish(
                LeadScored(
                    lead_id=lead.id,
                    points=60,
                    grade=Grade.B,
                    lead=lead,
                    resolution=Resolution(contact_id=f"contact-{lead.id}"),
                    profile=Profile(),
                    score=score,
                )
            )
        return score


company = Application(
    "company",
    owner="tests",
    services=[
        Reference("revenue.routing.tests.company:IdentityStandIn", contract="revenue.identity.contract:Identity"),
        Reference("revenue.routing.tests.company:PlaybookStandIn", contract="revenue.playbook.contract:Playbook"),
        Reference("revenue.routing.tests.company:ScoringStandIn", contract="revenue.scoring.contract:Scoring"),
        "revenue.routing.service:RoutingService",
    ],
    edges=(),
)


def lead(number: int) -> Lead:
    """One of many."""
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return Lead(id=f"lead-{number}", captured_at=at, updated_at=at, email=f"{number}@example.com")
