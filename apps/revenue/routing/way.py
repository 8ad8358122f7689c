"""The way of a lead: each step in its order says who it would give the lead to, or why nobody. Pure.

Whom a step names may be away or gone; then the lead goes on, and the trace says so. A relation outranks capacity: who
owns the contact or the account is given its lead however many are open.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .book import Area, Book
from .conditions import fitting, misfit
from .facts import Facts

EXISTING_OWNER = "existing_owner"
NAMED_ACCOUNT = "named_account"
TERRITORY = "territory"
ROUND_ROBIN = "round_robin"
CATCH_ALL = "catch_all"
BY_HAND = "by_hand"

MISFITS_MAX = 3
"""Of so many territories that do not fit it is said why."""

RANKS = {
    step: rank for rank, step in enumerate((BY_HAND, EXISTING_OWNER, NAMED_ACCOUNT, TERRITORY, ROUND_ROBIN, CATCH_ALL))
}


@dataclass(frozen=True, slots=True)
class Earlier:
    """Who took care of the same contact's leads, and of the same account's, before; None: nobody, or not asked."""

    contact: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the way of a lead ends: at a rep, at a team, one of whom is next, or in a queue out of which people take.

    Exactly one of `rep`, `team` and `queue` is given.
    """

    step: str
    words: tuple[str, ...]
    matched: str | None = None
    rep: str | None = None
    team: str | None = None
    queue: str | None = None
    needs: tuple[str, ...] = ()

    def is_ahead_of(self, step: str, team: str | None, matched: str | None) -> bool:
        """Whether a lead that came another way belongs here: by an earlier step, or another territory."""
        if RANKS[self.step] != RANKS.get(step, 0):
            return RANKS[self.step] < RANKS.get(step, 0)
        return self.step == TERRITORY and (self.matched, self.team) != (matched, team)


@dataclass(frozen=True, slots=True)
class _Named:
    """Whom a step names, by what, and for what reason."""

    owner: str
    matched: str | None
    reason: str
    needs: tuple[str, ...] = ()


def destination_of(book: Book, facts: Facts, earlier: Earlier, at: float) -> Destination:
    """Where a lead goes at a moment, with every step's word."""
    words: list[str] = []
    steps = (
        (EXISTING_OWNER, "Existing owner", _existing(book, facts, earlier)),
        (NAMED_ACCOUNT, "Named account", _named(book, facts)),
        (TERRITORY, "Territory", _territories(book, facts)),
        (ROUND_ROBIN, "Round robin", _round_robin(book)),
    )
    for step, title, named in steps:
        said = ""
        for each in named:
            hindrance = _hindrance(book, each.owner, at)
            if hindrance is None:
                words.append(f"{title}: {each.reason}, so it is for {shown(book, each.owner)}.")
                is_team = each.owner in book.teams
                return Destination(
                    step,
                    tuple(words),
                    each.matched,
                    rep=None if is_team else each.owner,
                    team=each.owner if is_team else None,
                    needs=each.needs,
                )
            said = f"{each.reason}, but {hindrance}."
        words.append(f"{title}: {said or _absent(book, facts, step)}")
    return caught(book, tuple(words))


def caught(book: Book, words: tuple[str, ...]) -> Destination:
    """Where leads go that nobody else takes."""
    name = book.rules.catch_all
    is_rep = name in book.reps and book.reps[name].active
    is_team = name in book.teams
    words = (*words, f"Catch-all: nobody else takes it, so it is for {shown(book, name)}.")
    return Destination(
        CATCH_ALL,
        words,
        rep=name if is_rep else None,
        team=name if is_team else None,
        queue=None if is_rep or is_team else name,
    )


def shown(book: Book, owner: str) -> str:
    """Somebody's name in a sentence."""
    if owner in book.teams:
        return f"team {owner}"
    if owner in book.reps:
        return book.reps[owner].name or owner
    return f"the queue `{owner}`" if owner == book.rules.catch_all else f"`{owner}`"


def _hindrance(book: Book, owner: str, at: float) -> str | None:
    """Why whom a step names cannot have the lead; None where nothing is in the way."""
    if owner in book.teams:
        if any(rep.active and rep.weight > 0 for rep in book.members(owner)):
            return None
        return f"team {owner} has nobody who takes leads"
    rep = book.reps.get(owner)
    if rep is None or not rep.active:
        return f"{shown(book, owner)} takes no leads any more"
    calendar = book.calendar(owner)
    if calendar.is_away(at):
        back = calendar.back_on(at)
        return f"{shown(book, owner)} is away" + (f" until {back}" if back else "")
    return None


def _existing(book: Book, facts: Facts, earlier: Earlier) -> Iterator[_Named]:
    """The CRM's word before our own, the contact's owner before the account's."""
    for contact in facts.contacts:
        if contact in book.contact_owners:
            yield _Named(book.contact_owners[contact], contact, f"the CRM says who owns contact {contact}")
    if earlier.contact is not None:
        yield _Named(earlier.contact, facts.contacts[0], "the contact's leads before this one had an owner")
    for account in facts.accounts:
        if account in book.account_owners:
            yield _Named(book.account_owners[account], account, f"the CRM says who owns account {account}")
    if earlier.account is not None:
        yield _Named(earlier.account, facts.accounts[0], "the account's leads before this one had an owner")


def _named(book: Book, facts: Facts) -> Iterator[_Named]:
    if (found := book.named_owner(facts)) is not None:
        yield _Named(found[0], found[1], f"{found[1]} is one")


def _territories(book: Book, facts: Facts) -> Iterator[_Named]:
    for area in book.areas:
        if (fits := fitting(area.checks, facts)) is not None:
            yield _Named(
                _owner(area), area.territory.name, f"{area.territory.name} ({fits})", area.territory.needs_skills
            )


def _absent(book: Book, facts: Facts, step: str) -> str:
    """Why a step names nobody."""
    if step != TERRITORY or not book.areas:
        return "there is none."
    first = [f"{area.territory.name}: {misfit(area.checks, facts)}" for area in book.areas[:MISFITS_MAX]]
    more = len(book.areas) - len(first)
    return f"none fits ({'; '.join(first)}{f'; and {more} more' if more else ''})."


def _round_robin(book: Book) -> Iterator[_Named]:
    if (team := book.rules.round_robin) is not None:
        yield _Named(team, None, "no territory takes it")


def _owner(area: Area) -> str:
    return area.territory.team or area.territory.rep or ""
