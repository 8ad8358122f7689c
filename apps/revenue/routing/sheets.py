"""Rules out of tables that sales keeps: who is in which team under whom, and which companies belong together. Pure.

A table is rows of named cells, as `csv.DictReader` gives them. What comes out are the Values of `RoutingRules`, for a
file that people then go on with.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from atoll import Value

from .rules import Conditions, NamedAccount, Rep, Team, Territory

Row = Mapping[str, str]


class PeopleColumns(Value):
    """What the columns of a table of people are called."""

    rep: str = "sales_agent"
    team: str = "regional_office"
    manager: str = "manager"


AS_SOLD = PeopleColumns()


def people_of(rows: Iterable[Row], columns: PeopleColumns = AS_SOLD) -> tuple[tuple[Rep, ...], tuple[Team, ...]]:
    """Reps, each with his manager, and the teams they are in, in the order of the table.

    >>> reps, teams = people_of([{"sales_agent": "Mei-Mei Johns", "regional_office": "West", "manager": "Cara Losch"}])
    >>> reps[0].id, teams[0]
    ('mei-mei.johns', Team(name='west', reps=('mei-mei.johns',), manager=None, ...))
    """
    reps: dict[str, Rep] = {}
    teams: dict[str, list[str]] = {}
    for row in rows:
        name = row[columns.rep].strip()
        rep = Rep(id=name_of(name), name=name, manager=row[columns.manager].strip() or None)
        reps[rep.id] = rep
        teams.setdefault(name_of(row[columns.team]), []).append(rep.id)
    return tuple(reps.values()), tuple(Team(name=name, reps=tuple(members)) for name, members in teams.items())


def industries_of(rows: Iterable[Row], teams: Sequence[Team], column: str = "sector") -> tuple[Territory, ...]:
    """A territory for each industry of a table of accounts: the largest to the team with the fewest accounts so far.

    So teams have about as many accounts each, and each industry is one team's.
    """
    counts = Counter(row[column].strip() for row in rows if row[column].strip())
    accounts = dict.fromkeys((team.name for team in teams), 0)
    territories: list[Territory] = []
    for industry, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        team = min(accounts, key=lambda name: accounts[name])
        accounts[team] += count
        territories.append(Territory(name=name_of(industry), team=team, when=Conditions(industries=(industry,))))
    return tuple(territories)


def groups_of(
    rows: Iterable[Row], owners: Sequence[str], name: str = "account", parent: str = "subsidiary_of"
) -> tuple[NamedAccount, ...]:
    """A named account for each company with subsidiaries, these included, to the owners in turn."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        if row[parent].strip():
            groups.setdefault(row[parent].strip(), []).append(row[name].strip())
    return tuple(
        NamedAccount(owner=owners[number % len(owners)], names=(head, *members))
        for number, (head, members) in enumerate(sorted(groups.items()))
    )


def name_of(text: str) -> str:
    """A short name out of a long one: in small letters, with dots for blanks.

    >>> name_of("Violet  Mclelland")
    'violet.mclelland'
    """
    return ".".join(text.casefold().split())
