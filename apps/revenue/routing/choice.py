"""Who of a team can take a lead now, and who of those is next. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .book import Book
from .deficit import Standing, Turn, next_turn
from .rules import OutsideHours, Rep
from .way import shown


@dataclass(frozen=True, slots=True)
class Pool:
    """The weights of those who can take a lead, and why the others cannot."""

    weights: dict[str, float]
    others: tuple[str, ...]
    is_outside_hours: bool = False

    @property
    def words(self) -> str:
        """As a part of a sentence."""
        there = f"{len(self.weights)} of {len(self.weights) + len(self.others)} can take it"
        late = ", though nobody is at work" if self.is_outside_hours and self.weights else ""
        return f"{there}{late}" + (f" ({'; '.join(self.others)})" if self.others else "")


def pool_of(
    book: Book,
    team: str,
    needs: Collection[str],
    passed: Collection[str],
    open_leads: Mapping[str, int],
    at: float,
) -> Pool:
    """Those of a team who can take a lead that needs these skills, and was passed on by some already."""
    able: dict[str, float] = {}
    others: list[str] = []
    for rep in book.members(team):
        hindrance = _hindrance(book, rep, needs, passed, open_leads, at)
        if hindrance is None:
            able[rep.id] = rep.weight
        else:
            others.append(f"{rep.name or rep.id} {hindrance}")
    working = {rep: weight for rep, weight in able.items() if book.calendar(rep).is_working(at)}
    if not working and book.teams[team].outside_hours is not OutsideHours.WAIT:
        return Pool(able, tuple(others), is_outside_hours=True)
    others += [f"{book.reps[rep].name or rep} is not at work" for rep in able if rep not in working]
    return Pool(working, tuple(others))


def turn_in(book: Book, team: str, pool: Pool, standings: Mapping[str, Standing]) -> tuple[Turn, str]:
    """Whose turn it is in a pool that is not empty, and the sentence about it."""
    turn = next_turn(standings, pool.weights)
    owed = turn.standings[turn.rep].deficit + 1
    sentence = f"Turn in team {team}: {pool.words}. {shown(book, turn.rep)} is owed {owed:.2f} leads and is next."
    return turn, sentence


def _hindrance(
    book: Book,
    rep: Rep,
    needs: Collection[str],
    passed: Collection[str],
    open_leads: Mapping[str, int],
    at: float,
) -> str | None:
    if not rep.active:
        return "takes no leads any more"
    if rep.weight <= 0:
        return "takes none in turn"
    if rep.id in passed:
        return "has had it"
    if missing := [skill for skill in needs if skill not in rep.skills]:
        return f"does not know {', '.join(missing)}"
    if rep.capacity is not None and open_leads.get(rep.id, 0) >= rep.capacity:
        return f"is full with {open_leads.get(rep.id, 0)} open leads"
    if book.calendar(rep.id).is_away(at):
        return "is away"
    return None
