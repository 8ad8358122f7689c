"""`revenue lead show`: everything that is known of a lead, of which service, and who does not answer now."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import click

from atoll import Problem
from atoll.console import address
from atoll.elsewhere import Connected
from atoll.seeing import KeptTelemetry
from revenue.capture.contract import Capture, Lead, LeadQuery
from revenue.enrichment.contract import Enrichment
from revenue.identity.contract import Contact, Identity, LeadResolution
from revenue.routing.contract import Routing
from revenue.scoring.contract import Scoring

from .answers import to_json
from .connection import STATE
from .options import Options, with_options
from .screen import Screen
from .story import Absent, Story, Trace, show_story

T = TypeVar("T")

UNAUTHENTICATED = 401


@click.group("lead")
def lead_group() -> None:
    """Look at leads."""


@lead_group.command("show")
@click.argument("who")
@with_options
def show_command(options: Options, who: str) -> None:
    """Show a lead by its id or e-mail address: all that is known, from whom, its score and owner, and why."""
    for story in asyncio.run(_stories(options, who)):
        if options.as_json:
            click.echo(to_json(story.as_json(_trace(options, story.lead_id))))
        else:
            show_story(Screen(), story, _trace(options, story.lead_id))


async def _stories(options: Options, who: str) -> list[Story]:
    async with options.reached() as it:
        if "@" not in who:
            return [await _story(it, who, await _asked(it.client(Capture).lead(who)))]
        found = await it.client(Capture).find(LeadQuery(email=who))
        if not found:
            raise click.ClickException(f"No lead has the address {who}.")
        return [await _story(it, lead.id, lead) for lead in found]


async def _story(it: Connected, lead_id: str, lead: Lead | Absent) -> Story:
    """What the services say of a lead, all asked at once.

    Raises:
        Problem: there is no such lead, or nobody answers at all.
    """
    if isinstance(lead, Absent) and not lead.is_away:
        raise lead.problem
    enrichment, routing = it.client(Enrichment), it.client(Routing)
    resolution, profile, attempts, score, assignment, changes = await asyncio.gather(
        _asked(it.client(Identity).resolution(lead_id)),
        _asked(enrichment.latest(lead_id)),
        _asked(enrichment.attempts(lead_id)),
        _asked(it.client(Scoring).latest(lead_id)),
        _asked(routing.assignment(lead_id)),
        _asked(routing.changes(lead_id)),
    )
    answers = (lead, resolution, profile, score, assignment)
    if isinstance(lead, Absent) and all(isinstance(each, Absent) for each in answers):
        raise lead.problem
    contact = await _contact(it, resolution)
    return Story(lead_id, lead, resolution, contact, profile, attempts, score, assignment, changes)


async def _contact(it: Connected, resolution: LeadResolution | Absent) -> Contact | Absent:
    if isinstance(resolution, Absent):
        return resolution
    return await _asked(it.client(Identity).contact(resolution.resolution.contact_id))


async def _asked(answer: Awaitable[T]) -> T | Absent:
    """An answer, or why there is none."""
    try:
        return await answer
    except Problem as problem:
        if problem.status == UNAUTHENTICATED:
            raise
        return Absent(problem)


def _trace(options: Options, lead_id: str) -> Trace:
    """Where to read on; what is kept of the work is known where the application runs."""
    if options.url is not None:
        return Trace(f"atoll story {lead_id}")
    spans = KeptTelemetry(options.state).story(lead_id).spans
    ids = tuple(f"{each:032x}" for each in dict.fromkeys(span.trace_id for span in spans))
    services = tuple(dict.fromkeys(span.service for span in spans))
    page = address(options.state)
    command = f"atoll story {lead_id}" + ("" if options.state == STATE else f" --state {options.state}")
    return Trace(command, ids, services, len(spans), None if page is None else f"{page}/story/{lead_id}")
