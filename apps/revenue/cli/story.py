"""What is known of one lead, as tables: each part from the service that knows it, or word that there is none."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from rich.markup import escape

from atoll import Problem
from revenue.capture.contract import Lead, LeadDetails
from revenue.enrichment.contract import Attempt, Fact, Profile
from revenue.identity.contract import Contact, LeadResolution
from revenue.routing.contract import Assignment, Change
from revenue.scoring.contract import Score

from .money import money
from .screen import Screen, graded, name_of

T = TypeVar("T")

TRACES_SHOWN = 3
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Absent:
    """Why there is no answer: nothing is there yet, or the service does not answer (`is_away`)."""

    problem: Problem

    @property
    def is_away(self) -> bool:
        """Whether there may be something that is not told."""
        return self.problem.status != NOT_FOUND


Answer: TypeAlias = T | Absent


@dataclass(frozen=True, slots=True)
class Trace:
    """Where the work about a lead can be followed: a command, and what is kept, where that is known."""

    command: str
    trace_ids: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    spans: int = 0
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A lead, as each service tells of it."""

    lead_id: str
    captured: Answer[Lead]
    resolution: Answer[LeadResolution]
    contact: Answer[Contact]
    profile: Answer[Profile]
    attempts: Answer[list[Attempt]]
    score: Answer[Score]
    assignment: Answer[Assignment]
    changes: Answer[list[Change]]

    @property
    def lead(self) -> Lead | None:
        """What the lead itself says; Identity has it, too."""
        if isinstance(self.captured, Lead):
            return self.captured
        return self.resolution.lead if isinstance(self.resolution, LeadResolution) else None

    @property
    def cost(self) -> Counter[str]:
        """What asking about it has cost, in millionths, by currency."""
        cost = Counter[str]()
        for each in _there(self.attempts) or []:
            cost[each.currency] += each.cost_micros
        return cost

    @property
    def away(self) -> dict[str, str]:
        """The services that have not answered, and what came instead."""
        answers = {
            "capture": self.captured,
            "identity": self.resolution,
            "enrichment": self.profile,
            "scoring": self.score,
            "routing": self.assignment,
        }
        return {name: str(each.problem) for name, each in answers.items() if isinstance(each, Absent) and each.is_away}

    def as_json(self, trace: Trace) -> dict[str, object]:
        """All of it for programs; what is not known is null, and `away` says who has not answered."""
        resolution = _there(self.resolution)
        return {
            "lead": self.lead,
            "resolution": None if resolution is None else resolution.resolution,
            "contact": _there(self.contact),
            "profile": _there(self.profile),
            "cost_micros": self.cost,
            "attempts": _there(self.attempts),
            "score": _there(self.score),
            "assignment": _there(self.assignment),
            "changes": _there(self.changes),
            "trace": trace,
            "away": self.away,
        }


def show_story(screen: Screen, story: Story, trace: Trace) -> None:
    """All of it, in the order in which it came to be."""
    lead = story.lead
    screen.say(f"[bold]{escape(name_of(lead) if lead else 'A lead')}[/]  {escape(story.lead_id)}")
    for service, why in story.away.items():
        screen.say(f"[yellow]What {service.capitalize()} knows is missing here[/]: {escape(why)}.")
    if lead is not None:
        _show_given(screen, lead)
    _show_who(screen, story)
    _show_found(screen, story)
    _show_cost(screen, story)
    _show_score(screen, story.score)
    _show_owner(screen, story)
    _show_trace(screen, trace)


def _show_given(screen: Screen, lead: Lead) -> None:
    said = [
        [name, escape(str(value))]
        for name in LeadDetails.__struct_fields__
        if name != "attributes" and (value := getattr(lead, name)) is not None
    ]
    said += [[escape(name), escape(value)] for name, value in lead.attributes.items()]
    screen.table("Given", ("field", "value"), said)


def _show_who(screen: Screen, story: Story) -> None:
    if not isinstance(story.resolution, LeadResolution):
        _say_absent(screen, story.resolution, "Who it is was not decided yet: Identity has not come to this lead.")
        return
    found, contact = story.resolution.resolution, _there(story.contact)
    rows = [["contact", f"{escape(found.contact_id)}{_others(contact)}"]]
    if found.account_id is not None:
        named = " · ".join(each for each in (found.account_name, found.account_domain) if each)
        rows.append(["account", escape(f"{named}  {found.account_id}")])
    else:
        rows.append(["account", "none"])
    rows += [["why" if not number else "", escape(sentence)] for number, sentence in enumerate(found.why)]
    screen.table("Who it is", ("what", "value"), rows)


def _others(contact: Contact | None) -> str:
    others = len(contact.lead_ids) - 1 if contact is not None else 0
    return f", with {others} more lead{'' if others == 1 else 's'}" if others > 0 else ""


def _show_found(screen: Screen, story: Story) -> None:
    if isinstance(story.profile, Absent):
        _say_absent(screen, story.profile, "Nothing was found out yet: Enrichment has not come to this lead.")
        return
    profile = story.profile
    facts = [
        [fact.topic.replace("_", " "), escape(fact.value), escape(_source(fact, story.lead_id)), fact.certainty]
        for fact in profile.facts
    ]
    screen.table("Found out", ("about", "value", "from", "how sure"), facts)
    missed = [[each.topic, escape(each.provider), escape(f"{each.value}: {each.why}")] for each in profile.refused]
    missed += [[each.field, escape(each.provider), escape(each.why)] for each in profile.skipped]
    if missed:
        screen.table("Not found out", ("about", "provider", "why"), missed)
    if profile.is_awaited:
        screen.say("Providers are still to be asked.")


def _source(fact: Fact, lead_id: str) -> str:
    """Where a value is from; of what was bought also when, and for how much."""
    known = fact.provenance
    if known is None:
        return fact.source.replace("_", " ")
    parts = [f"{known.provider}, {known.observed_at:%Y-%m-%d}"]
    if known.cost_micros:
        parts.append(f"{money(known.cost_micros, known.currency)} the answer")
    if known.lead_id not in (None, lead_id):
        parts.append(f"bought for {known.lead_id}")
    return ", ".join([*parts, *(["made up"] if known.is_sample else [])])


def _show_cost(screen: Screen, story: Story) -> None:
    attempts = _there(story.attempts)
    if attempts is None:
        return
    cost = ", ".join(money(micros, currency) for currency, micros in story.cost.items())
    if not attempts:
        screen.say("\n[bold]Cost[/]: nothing; no provider was asked.")
        return
    screen.say(f"\n[bold]Cost[/]: {cost}")
    rows = [
        [_moment(each.asked_at), escape(each.provider), each.field, each.state, money(each.cost_micros, each.currency),
         escape(each.detail)]
        for each in attempts
    ]  # fmt: skip
    screen.table("Who was asked", ("when", "provider", "about", "answer", "cost", ""), rows, numbers=(4,))


def _show_score(screen: Screen, score: Answer[Score]) -> None:
    if isinstance(score, Absent):
        _say_absent(
            screen, score, "There is no score yet: it comes when Enrichment and Scoring have come to this lead."
        )
        return
    reasons = [[f"{reason.points:+d}", escape(reason.sentence)] for reason in score.reasons]
    provisional = " (provisional: Enrichment did not answer)" if score.is_provisional else ""
    reasons.append([str(score.points), f"grade {graded(score.grade)}{provisional}"])
    screen.table("Score", ("points", "why"), reasons, numbers=(0,))
    if score.model_version is not None and score.probability is not None:
        screen.say(f"Model {score.model_version} expects a good outcome with {score.probability:.0%}.")


def _show_owner(screen: Screen, story: Story) -> None:
    if isinstance(story.assignment, Absent):
        _say_absent(screen, story.assignment, "It has no owner yet: it gets one when it has its score.")
        return
    found = story.assignment
    name = found.details.name if found.details is not None and found.details.name else found.owner
    queued = ", where it waits for somebody" if found.is_waiting else ""
    provisional = " (provisional: Enrichment had not answered)" if found.is_provisional else ""
    rows = [["owner", f"{escape(name)}{queued}{provisional}"], ["status", _status(found)]]
    if found.clock is not None and found.clock.stopped_at is None:
        rows.append(["answer by", f"{_moment(found.clock.respond_by)}, {found.clock.stage}"])
    rows += [["why" if not number else "", escape(sentence)] for number, sentence in enumerate(found.why)]
    screen.table("Owner", ("what", "value"), rows)
    changes = _there(story.changes) or []
    if changes:
        done = [
            [_moment(each.at), escape(each.actor or "Routing"), each.what, escape(f"{each.was or '-'} → {each.became}"),
             escape(each.reason)]
            for each in changes
        ]  # fmt: skip
        screen.table("What was done", ("when", "by", "what", "change", "why"), done)


def _status(found: Assignment) -> str:
    return escape(f"{found.status}: {found.status_reason}" if found.status_reason else found.status)


def _show_trace(screen: Screen, trace: Trace) -> None:
    if trace.spans:
        shown = ", ".join(trace.trace_ids[:TRACES_SHOWN])
        more = f" and {len(trace.trace_ids) - TRACES_SHOWN} more" if len(trace.trace_ids) > TRACES_SHOWN else ""
        screen.say(f"\n[bold]Trace[/]: {trace.spans} pieces of work in {', '.join(trace.services)}; {shown}{more}")
    else:
        screen.say("\n[bold]Trace[/]:")
    screen.out.print(f"  {trace.command}", markup=False, soft_wrap=True)
    if trace.page is not None:
        screen.out.print(f"  {trace.page}", markup=False, soft_wrap=True)


def _say_absent(screen: Screen, absent: Absent, not_yet: str) -> None:
    """One that is away was named before."""
    if not absent.is_away:
        screen.say(f"\n{not_yet}")


def _there(answer: Answer[T]) -> T | None:
    return None if isinstance(answer, Absent) else answer


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
