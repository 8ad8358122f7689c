"""How reps and teams stand, as told. Pure."""

from collections.abc import Iterable, Mapping

from .book import Book
from .contract import FairnessReport, Owner, RepLoad, Share, TeamFairness
from .deficit import NEWCOMER, Standings


def fairness_of(book: Book, standings: Mapping[str, Standings], waiting: Mapping[str, int]) -> FairnessReport:
    """What everybody should have got, and got, in each team of the rules; who was in one before is told of as well."""
    teams = tuple(_team(book, name, standings.get(name, {}), waiting.get(name, 0)) for name in book.teams)
    return FairnessReport(teams=teams, deviation_max=max((team.deviation_max for team in teams), default=0.0))


def loads_of(book: Book, standings: Mapping[str, Standings], open_leads: Mapping[str, int], at: float) -> list[RepLoad]:
    """Each rep as it stands at a moment."""
    return [
        RepLoad(
            owner=Owner(
                id=rep.id, name=rep.name, email=rep.email, handle=rep.handle, manager=book.manager_of(rep.id, None)
            ),
            teams=book.teams_of(rep.id),
            weight=rep.weight,
            open_leads=open_leads.get(rep.id, 0),
            deficits={
                team: round(standings.get(team, {}).get(rep.id, NEWCOMER).deficit, 6) for team in book.teams_of(rep.id)
            },
            capacity=rep.capacity,
            is_active=rep.active,
            is_away=book.calendar(rep.id).is_away(at),
            is_at_work=rep.active and book.calendar(rep.id).is_working(at),
        )
        for rep in book.rules.reps
    ]


def _team(book: Book, name: str, standings: Standings, waiting: int) -> TeamFairness:
    members = dict.fromkeys([*(rep.id for rep in book.members(name)), *standings])
    shares = tuple(_shares(book, members, standings))
    return TeamFairness(
        team=name,
        leads=sum(share.got for share in shares),
        shares=shares,
        deviation_max=max((abs(share.got - share.expected) for share in shares), default=0.0),
        waiting=waiting,
    )


def _shares(book: Book, members: Iterable[str], standings: Standings) -> Iterable[Share]:
    for rep in members:
        standing = standings.get(rep, NEWCOMER)
        known = book.reps.get(rep)
        yield Share(
            rep=rep,
            weight=known.weight if known is not None else 0.0,
            expected=round(standing.expected, 6),
            got=standing.got,
            deficit=round(standing.deficit, 6),
        )
