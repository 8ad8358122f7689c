"""What the tests of Routing share: leads that were scored, rules that were published, and a service told of them."""

from datetime import UTC, datetime

from atoll import Database
from atoll.testing import SettableClock
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Certainty, Fact, Profile, Source, Topic
from revenue.identity.contract import Resolution
from revenue.playbook.contract import PlaybookPublished, TeamRules
from revenue.routing.contract import Rep, RoutingRules, Team
from revenue.routing.service import RoutingService
from revenue.scoring.contract import Grade, LeadScored

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def scored(
    lead_id: str,
    *,
    revision: int = 1,
    country: str | None = None,
    contact: str | None = None,
    account: str | None = None,
    domain: str | None = None,
    grade: Grade = Grade.B,
    is_enriched: bool = True,
    **details: object,
) -> LeadScored:
    """The event that a lead was scored. Its country is found out by Enrichment, where that has answered."""
    lead = Lead(
        id=lead_id,
        captured_at=MONDAY,
        updated_at=MONDAY,
        revision=revision,
        **details,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # fields of a lead
    )
    facts: tuple[Fact, ...] = ()
    if country is not None and is_enriched:
        facts = (Fact(topic=Topic.COUNTRY, value=country, source=Source.GIVEN, certainty=Certainty.CERTAIN),)
    return LeadScored(
        lead_id=lead_id,
        points=60,
        grade=grade,
        lead=lead,
        resolution=Resolution(contact_id=contact or f"contact-{lead_id}", account_id=account, account_domain=domain),
        profile=Profile(facts=facts, is_complete=is_enriched),
    )


def routing(db: Database, clock: SettableClock | None = None) -> RoutingService:
    """Routing on a database."""
    return RoutingService(db=db, clock=clock or SettableClock(MONDAY))


async def published(service: RoutingService, rules: RoutingRules, version: int = 1) -> None:
    """Tell it of rules."""
    event = PlaybookPublished(
        name="gtm", version=version, playbook=TeamRules(routing=rules), published_at=service.clock.now()
    )
    async with service.db.transaction() as tx:
        await service.follow(event, tx)


async def told(service: RoutingService, *events: LeadScored) -> None:
    """Tell it of leads, each in a delivery of its own."""
    for event in events:
        async with service.db.transaction() as tx:
            await service.route(event, tx)


def team_rules(*weights: float, **more: object) -> RoutingRules:
    """A team of so many reps, r0 and so on, which takes all leads."""
    reps = tuple(Rep(id=f"r{number}", weight=weight) for number, weight in enumerate(weights))
    return RoutingRules(
        reps=reps,
        teams=(Team(name="sales", reps=tuple(rep.id for rep in reps)),),
        round_robin="sales",
        **more,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # fields of the rules
    )
