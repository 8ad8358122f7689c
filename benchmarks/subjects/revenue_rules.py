"""The rules by which leads are routed in the benchmark `revenue`: three territories, and clocks that run.

What a small sales organisation has: twelve people in four teams, with weights and time zones, and an hour to answer.
"""

from datetime import UTC, datetime

from revenue.playbook.contract import NAME, PlaybookPublished, TeamRules
from revenue.routing.contract import Conditions, Rep, ResponseRule, RoutingRules, Team, Territory

PEOPLE = (
    "anke",
    "bjorn",
    "callum",
    "elodie",
    "hamish",
    "imogen",
    "jolene",
    "loic",
    "odessa",
    "philippa",
    "rhys",
    "ylva",
)
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York")
TERRITORIES = {"dach": ("DE",), "west": ("GB", "FR"), "overseas": ("US",)}


def team_rules() -> TeamRules:
    """All rules; those of the services that have none here are what they come with."""
    teams = {name: PEOPLE[number::4] for number, name in enumerate((*TERRITORIES, "rest"))}
    reps = tuple(
        Rep(id=person, weight=1.0 + number % 3, time_zone=ZONES[number % 3], manager=PEOPLE[0])
        for number, person in enumerate(PEOPLE)
    )
    territories = tuple(
        Territory(name=name, when=Conditions(countries=countries), team=name) for name, countries in TERRITORIES.items()
    )
    return TeamRules(
        routing=RoutingRules(
            reps=reps,
            teams=tuple(Team(name=name, reps=people) for name, people in teams.items()),
            territories=territories,
            round_robin="rest",
            response=(ResponseRule(respond_within=60, escalate_after=120, reassign_after=240),),
        )
    )


def published() -> PlaybookPublished:
    """That they hold: what the services hear who go by rules."""
    return PlaybookPublished(name=NAME, version=1, playbook=team_rules(), published_at=datetime.now(UTC))
