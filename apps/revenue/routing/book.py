"""The rules, ready to be asked for every lead: people by id, accounts by domain, territories in their order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from revenue.domains import host_of, registrable_domain

from .calendar import Calendar
from .conditions import Check, compiled
from .facts import Facts, fold
from .hours import spans_of
from .rules import WEEKDAYS, Rep, ResponseRule, RoutingRules, Team, Territory


@dataclass(frozen=True, slots=True)
class Area:
    """A territory with its conditions as checks."""

    territory: Territory
    checks: tuple[Check, ...]


class Book:
    """Rules of one version. What it holds is worked out once, when it is first asked for; nothing changes it."""

    def __init__(self, rules: RoutingRules, version: int = 0) -> None:
        self.rules = rules
        self.version = version
        self.reps: dict[str, Rep] = {rep.id: rep for rep in rules.reps}
        self.teams: dict[str, Team] = {team.name: team for team in rules.teams}
        self.domains = _index((each.owner, map(_as_found, each.domains)) for each in rules.named_accounts)
        self.names = _index((each.owner, each.names) for each in rules.named_accounts)
        self.account_ids = _exact((each.owner, each.external_ids) for each in rules.named_accounts)
        self.contact_owners = _exact((each.owner, each.contacts) for each in rules.existing_owners)
        self.account_owners = _exact((each.owner, each.accounts) for each in rules.existing_owners)
        self._calendars: dict[str, Calendar] = {}

    @cached_property
    def areas(self) -> tuple[Area, ...]:
        """Territories, the highest priority first."""
        ordered = sorted(self.rules.territories, key=lambda each: -each.priority)
        return tuple(Area(each, compiled(each.when)) for each in ordered)

    @cached_property
    def _teams_of(self) -> dict[str, tuple[str, ...]]:
        return {rep: tuple(team.name for team in self.rules.teams if rep in team.reps) for rep in self.reps}

    def teams_of(self, rep: str) -> tuple[str, ...]:
        """The teams that somebody is in."""
        return self._teams_of.get(rep, ())

    def members(self, team: str) -> list[Rep]:
        """Who is in a team, in the file's order, none twice."""
        return [self.reps[rep] for rep in dict.fromkeys(self.teams[team].reps)] if team in self.teams else []

    def manager_of(self, rep: str, team: str | None) -> str | None:
        """Who is told about somebody's leads: his own manager, or that of the team, or of one that he is in."""
        own = self.reps[rep].manager if rep in self.reps else None
        names = ([team] if team else []) + list(self.teams_of(rep))
        return own or next(
            (found for name in names if name in self.teams and (found := self.teams[name].manager)), None
        )

    def rep_called(self, who: str) -> Rep | None:
        """The rep with an id, or with an e-mail address in any case."""
        wanted = fold(who)
        found = (rep for rep in self.rules.reps if wanted and wanted in (fold(rep.id), fold(rep.email)))
        return self.reps.get(who) or next(found, None)

    def takes_leads(self, owner: str) -> bool:
        """Whether somebody is a rep of these rules, and has not left."""
        return owner in self.reps and self.reps[owner].active

    def calendar(self, rep: str) -> Calendar:
        """When somebody works: his own hours and absences, and the holidays of everybody and of his teams."""
        known = self._calendars.get(rep)
        if known is None:
            known = self._calendars[rep] = self._calendar(self.reps[rep])
        return known

    def response_rule(self, grade: str) -> ResponseRule | None:
        """The response clock of leads with a grade."""
        wanted = fold(grade)
        fitting = (each for each in self.rules.response if not each.grades or wanted in map(fold, each.grades))
        return next(fitting, None)

    def named_owner(self, facts: Facts) -> tuple[str, str] | None:
        """Whose account a lead's is, and by what it was known: a record's id, a domain, a name."""
        for account in facts.accounts:
            if account in self.account_ids:
                return self.account_ids[account], f"the account with the id {account}"
        if facts.domain in self.domains:
            return self.domains[facts.domain], facts.domain
        if facts.company in self.names:
            return self.names[facts.company], facts.company
        return None

    def _calendar(self, rep: Rep) -> Calendar:
        hours = rep.hours
        teams = set(self.teams_of(rep.id))
        holidays = [each.on for each in self.rules.holidays if not each.teams or teams.intersection(each.teams)]
        away = [(each.first, each.last) for each in rep.absences] + [(day, day) for day in holidays]
        week = None if hours is None else tuple(spans_of(getattr(hours, day)) for day in WEEKDAYS)
        return Calendar(ZoneInfo(rep.time_zone), week, frozenset(away))


def _as_found(domain: str) -> str:
    """A domain as leads' own are found: what is registered, in ASCII."""
    return registrable_domain(host_of(domain)) or domain


def _index(entries: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Owners by folded words; of two that claim one word the first has it."""
    return {fold(word): owner for owner, words in reversed(list(entries)) for word in words if fold(word)}


def _exact(entries: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Owners by ids, which mean what they say in capital letters and in small ones."""
    return {word.strip(): owner for owner, words in reversed(list(entries)) for word in words if word.strip()}
