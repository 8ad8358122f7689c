"""A lead's way to its owner, as the five services tell it; one that does not answer is said to be away."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from atoll import Problem
from revenue.capture.contract import Capture, Lead, LeadNotFound
from revenue.enrichment.contract import Enrichment, Fact, Profile
from revenue.identity.contract import Identity, LeadResolution
from revenue.routing.contract import Assignment, Routing
from revenue.scoring.contract import Score, Scoring

from .pages import Step

T = TypeVar("T")

REASONS = 6


@dataclass(frozen=True, slots=True)
class Story:
    """Who it is, how far it has come, and whether it has an owner."""

    who: str
    steps: tuple[Step, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Services:
    """Who knows something about a lead."""

    capture: Capture
    identity: Identity
    enrichment: Enrichment
    scoring: Scoring
    routing: Routing

    async def story(self, lead_id: str) -> Story | None:
        """The way of a lead; None where there is no such lead."""
        try:
            captured = await _step("Captured", self.capture.lead(lead_id), _captured)
        except LeadNotFound:
            return None
        others = (
            await _step("Recognised", self.identity.resolution(lead_id), _recognised),
            await _step("Enriched", self.enrichment.latest(lead_id), _enriched),
            await _step("Scored", self.scoring.latest(lead_id), _scored),
            await _step("Owned", self.routing.assignment(lead_id), _owned),
        )
        steps = (captured, *others)
        return Story(captured.line or "A lead", steps, others[-1].state == "done" and others[-2].state == "done")


async def _step(name: str, answer: Awaitable[T], told: Callable[[T], tuple[str, list[str]]]) -> Step:
    try:
        line, details = told(await answer)
    except LeadNotFound:
        raise
    except Problem as problem:
        if problem.status == HTTPStatus.NOT_FOUND:
            return Step(name, "waiting", "Not yet.")
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # why it failed is nobody's business who reads this page
            return Step(name, "away", "The service does not answer now. Nothing is lost: it goes on when it is back.")
        return Step(name, "away", str(problem))
    return Step(name, "done", line, details)


def _captured(lead: Lead) -> tuple[str, list[str]]:
    named = " ".join(part for part in (lead.first_name, lead.last_name) if part) or lead.email or "Somebody"
    return f"{named}, {lead.company}" if lead.company else named, []


def _recognised(known: LeadResolution) -> tuple[str, list[str]]:
    resolution = known.resolution
    account = resolution.account_name or resolution.account_domain
    return f"A contact of {account}" if account else "A contact without an account", list(resolution.why)


def _enriched(profile: Profile) -> tuple[str, list[str]]:
    found = [_said(fact) for fact in profile.facts]
    return f"{len(found)} facts", found


def _said(fact: Fact) -> str:
    return f"{fact.topic.replace('_', ' ')}: {fact.value} ({fact.source.replace('_', ' ')}, {fact.certainty})"


def _scored(score: Score) -> tuple[str, list[str]]:
    provisional = ", for now: Enrichment has not answered yet" if score.is_provisional else ""
    reasons = [f"{reason.points:+d} {reason.sentence}" for reason in score.reasons[:REASONS]]
    return f"Grade {score.grade}, {score.points} points{provisional}", reasons


def _owned(assignment: Assignment) -> tuple[str, list[str]]:
    details = assignment.details
    owner = details.name if details is not None and details.name else assignment.owner
    return f"{owner}, {assignment.status}", list(assignment.why)
