"""An application around Routing for its tests: stand-ins tell of leads and of rules, as the real services do."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any

from atoll import Application, Clock, Database, Service, Transaction, contract_of, every
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile
from revenue.identity.contract import Identity, Resolution
from revenue.playbook.contract import Playbook, PlaybookPublished, Playbooks
from revenue.routing.contract import Rep, ResponseRule, RoutingRules, Team
from revenue.scoring.contract import Grade, LeadScored, Score, Scoring

WEIGHTS = {"ada": 3, "bob": 2, "cy": 1}
RULES = RoutingRules(
    reps=tuple(Rep(id=name, weight=weight) for name, weight in WEIGHTS.items()),
    teams=(Team(name="sales", reps=tuple(WEIGHTS), manager="boss@example.com"),),
    round_robin="sales",
    response=(ResponseRule(respond_within=30, escalate_after=60, reassign_after=90),),
)


async def unused(_: object, **__: Any) -> Any:  # Any: operations that nobody calls in these tests
    """Not answered here."""
    raise NotImplementedError


async def unused_stream(_: object, **__: Any) -> AsyncGenerator[Any]:  # Any: as above
    """Not answered here."""
    raise NotImplementedError
    yield  # makes it a stream


def silent(protocol: Callable[..., Any]) -> type:  # Any: a contract
    """The operations of a contract, none of which answers."""
    operations = contract_of(protocol).operations
    members = {each.name: unused_stream if each.form.name == "STREAM" else unused for each in operations}
    return type("Silent", (), dict(members))


class IdentityStandIn(Service, silent(Identity), Identity, owner="tests"):  # type: ignore[misc]  # made on the fly
    """Tells of nothing."""

    db: Database


class PlaybookStandIn(Service, silent(Playbooks), Playbooks, owner="tests"):  # type: ignore[misc]  # as above
    """Publishes the rules, again and again."""

    db: Database
    clock: Clock

    @every(seconds=0.2)
    async def publish(self, tx: Transaction) -> None:
        """Version 1."""
        playbook = Playbook(routing=RULES)
        tx.publish(PlaybookPublished(name="gtm", version=1, playbook=playbook, published_at=self.clock.now()))


class ScoringStandIn(Service, silent(Scoring), Scoring, owner="tests"):  # type: ignore[misc]  # as above
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
    services=[IdentityStandIn, PlaybookStandIn, ScoringStandIn, "revenue.routing.service:RoutingService"],
    edges=(),
)


def lead(number: int) -> Lead:
    """One of many."""
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return Lead(id=f"lead-{number}", captured_at=at, updated_at=at, email=f"{number}@example.com")
