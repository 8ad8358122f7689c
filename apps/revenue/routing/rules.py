"""The team's rules of who takes care of whom, as people write them in `gtm/`. Every mistake is refused with what to do.

A person is named by the `id` of a rep, a team by its name; where either will do the field is called `owner`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from atoll import Choice, Personal, Value
from revenue.scoring.contract import Grade

from .hours import spans_of

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNASSIGNED = "unassigned"
GRADES = tuple(grade.value for grade in Grade if grade is not Grade.UNKNOWN)
CREDITS = ("bad_data", "duplicate", "skipped", "reassigned", "corrected")


class WorkingHours(Value):
    """When somebody works, by the clocks of his own time zone: `09:00-12:00, 13:00-17:00`; empty or `off` is a day off.

    Who works through midnight writes `22:00-24:00` on one day and `00:00-06:00` on the next.
    """

    monday: str = "09:00-17:00"
    tuesday: str = "09:00-17:00"
    wednesday: str = "09:00-17:00"
    thursday: str = "09:00-17:00"
    friday: str = "09:00-17:00"
    saturday: str = ""
    sunday: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no part of a day, and a week without any."""
        spans = [spans_of(getattr(self, day)) for day in WEEKDAYS]
        if not any(spans):
            raise ValueError("there are no working hours at all: leave `hours` out for somebody who always works")


class Absence(Value):
    """Days on which somebody is away, the last one included, as his own calendar counts them."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse one that ends before it begins."""
        if self.last < self.first:
            raise ValueError(f"an absence from {self.first} to {self.last} ends before it begins: swap the days")


class Rep(Value):
    """Somebody who takes care of leads.

    `weight` is the share of a team's leads, beside those of the others: 0 takes none in turn. `capacity` is with how
    many open leads a team's turn passes somebody over; without one, never. Who is named alone, by a territory say, has
    the lead all the same. Without `hours`, somebody always works. `manager` is the id of another rep, or an address,
    and is told when leads are not answered. `handle` is whom a message is sent to, in Slack say. Somebody who has left
    stays in the file with `active: false`: what is open of his leads is given to others.
    """

    id: str
    name: Personal[str] = ""
    email: Personal[str] | None = None
    handle: Personal[str] | None = None
    weight: float = 1.0
    capacity: int | None = None
    hours: WorkingHours | None = None
    time_zone: str = "UTC"
    absences: tuple[Absence, ...] = ()
    active: bool = True
    manager: Personal[str] | None = None
    skills: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no rep can be."""
        if not self.id.strip():
            raise ValueError("a rep has no `id`: give a short one, such as `ada`")
        if not 0 <= self.weight <= 1_000:
            raise ValueError(f"rep `{self.id}` has the weight {self.weight:g}: give one between 0 and 1000")
        if self.capacity is not None and self.capacity < 0:
            raise ValueError(f"rep `{self.id}` has the capacity {self.capacity}: give 0 or more, or leave it out")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"rep `{self.id}` has the time zone `{self.time_zone}`, which there is not: "
                "give one such as `Europe/Berlin`"
            ) from None


class OutsideHours(Choice):
    """What becomes of a lead while nobody of a team is at work."""

    ASSIGN = "assign"
    """It is given to somebody all the same, whose response clock begins with his working hours."""
    WAIT = "wait"
    """It waits in the team's queue until somebody is at work."""
    UNKNOWN = "unknown"


class WhenFull(Choice):
    """What becomes of a lead while nobody of a team can take one."""

    WAIT = "wait"
    """It waits in the team's queue, and the oldest is given out first."""
    CATCH_ALL = "catch_all"
    """It goes to the catch-all."""
    UNKNOWN = "unknown"


class Team(Value):
    """People who take leads in turn, by their weights. `manager` is told for those who have none of their own."""

    name: str
    reps: tuple[str, ...] = ()
    manager: Personal[str] | None = None
    outside_hours: OutsideHours = OutsideHours.ASSIGN
    when_full: WhenFull = WhenFull.WAIT


class Holiday(Value):
    """A day on which nobody works, or nobody of some teams."""

    on: date
    name: str = ""
    teams: tuple[str, ...] = ()


class Between(Value):
    """A number that is not below `at_least` and not above `at_most`; either may be absent."""

    at_least: int | None = None
    at_most: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no number fits."""
        if self.at_least is not None and self.at_most is not None and self.at_most < self.at_least:
            raise ValueError(f"no number is between {self.at_least} and {self.at_most}: swap them")


class Conditions(Value):
    """Which leads a territory takes: those that fit every field given here. Words are compared in any case.

    `countries` are codes (`DE`) or names (`Germany`, `UK`); leads may write them otherwise. A name that is not known
    (`Suomi`) fits the leads that write it so. `postal_codes` are whole ones, beginnings (`80*`) or ranges of one length
    (`80000-81999`). `attributes` are a lead's own, each with the words that fit it. None given: takes all.
    """

    countries: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    postal_codes: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    number_of_employees: Between | None = None
    grades: tuple[str, ...] = ()
    attributes: dict[str, tuple[str, ...]] = {}  # noqa: RUF012  # msgspec copies defaults


class Territory(Value):
    """A part of the market, and whose it is: a team's or a rep's. The highest `priority` is asked first, then by place.

    Of a team only those take its leads who have all of `needs_skills`.
    """

    name: str
    when: Conditions = Conditions()
    team: str | None = None
    rep: str | None = None
    priority: int = 0
    needs_skills: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse one that is nobody's, or two people's."""
        if (self.team is None) == (self.rep is None):
            raise ValueError(f"territory `{self.name}` needs either a `team` or a `rep`, and not both")


class NamedAccount(Value):
    """Companies that are somebody's, by their own domains, by name, or by their records' ids in the CRM."""

    owner: str
    domains: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    external_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse one that names no company."""
        if not (self.domains or self.names or self.external_ids):
            raise ValueError(f"a named account of `{self.owner}` names no company: give `domains` or `names`")
        for domain in self.domains:
            if "/" in domain or "@" in domain or "." not in domain.strip("."):
                raise ValueError(f"`{domain}` is no domain of a company: write `acme.de`")


class ExistingOwner(Value):
    """What the CRM says who owns: ids of its records of contacts and accounts."""

    owner: str
    contacts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class ResponseRule(Value):
    """How soon a lead is answered, in minutes of its owner's working hours, and what happens when it is not.

    The clock begins when somebody is made the owner, and stops when the lead is accepted or first touched. After
    `respond_within` the owner is reminded, after `escalate_after` the manager is told, after `reassign_after` somebody
    else of the team is made the owner. Without `grades` it holds for all; of several the first that fits counts.
    """

    respond_within: int
    escalate_after: int | None = None
    reassign_after: int | None = None
    grades: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse clocks that go backwards."""
        stages = [minutes for minutes in (self.respond_within, self.escalate_after, self.reassign_after) if minutes]
        if self.respond_within <= 0 or min(stages) <= 0 or stages != sorted(stages):
            raise ValueError(
                "a response clock has minutes that are not in their order: 0 < `respond_within` <= `escalate_after` "
                "<= `reassign_after`"
            )
        if max(stages) > 60 * 24 * 90:
            raise ValueError("a response clock of more than 90 days of work is none: give minutes")


TRANSITIONS: dict[str, tuple[str, ...]] = {
    "new": ("accepted", "working", "qualified", "disqualified"),
    "accepted": ("working", "qualified", "disqualified"),
    "working": ("qualified", "disqualified"),
    "qualified": ("working", "disqualified"),
    "disqualified": ("new", "working"),
}
"""What a status may become, unless a team says otherwise."""


class RoutingRules(Value):
    """The team's rules of who takes care of whom: its people, territories, named accounts, weights and clocks.

    The way of a lead: its contact's or account's `existing_owners`, `named_accounts`, `territories`, the team that
    `round_robin` names, and the `catch_all`: a rep, a team, or a queue out of which people take leads by hand. With no
    rules at all every lead goes to the queue `unassigned`.

    `keep_contacts` sends a contact's next lead to whom the ones before went, `keep_accounts` an account's.
    `transitions` say what a lead's status may become, for those statuses where a team differs from what is usual.
    `disqualify_reasons` are the words for why a lead is disqualified. `credit_back` says what gives a rep its turn
    back: reasons of a disqualification, or `skipped`, `reassigned` (by hand), `corrected` (the lead belonged
    elsewhere), `overdue` (somebody else had to answer).
    """

    reps: tuple[Rep, ...] = ()
    teams: tuple[Team, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    existing_owners: tuple[ExistingOwner, ...] = ()
    keep_contacts: bool = True
    keep_accounts: bool = False
    named_accounts: tuple[NamedAccount, ...] = ()
    territories: tuple[Territory, ...] = ()
    round_robin: str | None = None
    catch_all: str = UNASSIGNED
    response: tuple[ResponseRule, ...] = ()
    transitions: dict[str, tuple[str, ...]] = {}  # noqa: RUF012  # msgspec copies defaults
    disqualify_reasons: tuple[str, ...] = (
        "bad_data", "duplicate", "no_budget", "no_need", "no_response", "competitor", "spam", "other",
    )  # fmt: skip
    credit_back: tuple[str, ...] = CREDITS

    def __post_init__(self) -> None:
        """Refuse names that nobody has, and what contradicts itself; all mistakes at once."""
        if mistakes := list(_mistakes(self)):
            raise ValueError("; also ".join(mistakes))


def _mistakes(rules: RoutingRules) -> Iterator[str]:
    reps = {rep.id for rep in rules.reps}
    teams = {team.name for team in rules.teams}
    yield from (f"two reps have the id `{each}`: give each its own" for each in _twice(rep.id for rep in rules.reps))
    yield from (f"two teams are called `{each}`: name each once" for each in _twice(team.name for team in rules.teams))
    yield from (f"`{each}` is a rep and a team: call one of them otherwise" for each in sorted(reps & teams))
    yield from (f"two territories are called `{each}`" for each in _twice(each.name for each in rules.territories))
    for owner, where in _owners(rules):
        if owner not in reps | teams:
            yield f"{where} names `{owner}`, which is neither the id of a rep nor the name of a team"
    for rep, where in _named_reps(rules):
        if rep not in reps:
            yield f"{where} names the rep `{rep}`, which has no entry under `reps`"
    for team, where in _named_teams(rules):
        if team not in teams:
            yield f"{where} names the team `{team}`, which has no entry under `teams`"
    yield from (
        f"`transitions` names the status `{each}`, which there is not: {', '.join(TRANSITIONS)}"
        for was, becomes in rules.transitions.items()
        for each in (was, *becomes)
        if each not in TRANSITIONS
    )
    for grade, where in _named_grades(rules):
        if grade.strip().upper() not in GRADES:
            yield f"{where} names the grade `{grade}`, which is none: {', '.join(GRADES)}"
    known = {*rules.disqualify_reasons, *CREDITS, "overdue"}
    yield from (f"`credit_back` names `{each}`, which is no reason" for each in rules.credit_back if each not in known)
    if not rules.catch_all.strip():
        yield "`catch_all` is empty: name a rep, a team, or a queue such as `unassigned`"


def _owners(rules: RoutingRules) -> Iterator[tuple[str, str]]:
    yield from ((each.owner, "a named account") for each in rules.named_accounts)
    yield from ((each.owner, "an existing owner") for each in rules.existing_owners)


def _named_reps(rules: RoutingRules) -> Iterator[tuple[str, str]]:
    yield from ((rep, f"team `{team.name}`") for team in rules.teams for rep in team.reps)
    yield from ((each.rep, f"territory `{each.name}`") for each in rules.territories if each.rep is not None)


def _named_grades(rules: RoutingRules) -> Iterator[tuple[str, str]]:
    yield from ((grade, "a response clock") for each in rules.response for grade in each.grades)
    yield from ((grade, f"territory `{each.name}`") for each in rules.territories for grade in each.when.grades)


def _named_teams(rules: RoutingRules) -> Iterator[tuple[str, str]]:
    yield from ((each.team, f"territory `{each.name}`") for each in rules.territories if each.team is not None)
    yield from ((team, f"the holiday on {each.on}") for each in rules.holidays for team in each.teams)
    if rules.round_robin is not None:
        yield rules.round_robin, "`round_robin`"


def _twice(names: Iterable[str]) -> list[str]:
    """Those that come more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)
