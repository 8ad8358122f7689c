"""Turns by weight: who of those that are available is next, so that nobody is more than one ahead of its share. Pure.

Each lead is worth one. All who are available are owed their share of it by weight; who gets it pays one. What is owed
and was not yet given is a rep's **deficit**. Next is, of those who are owed something, whoever would first be owed a
whole lead: this is how periodic tasks share a processor without one of them ever being a whole turn early or late
(Baruah, Cohen, Plaxton and Varvel, "Proportionate Progress", Algorithmica 15, 1996). Simply giving it to the largest
deficit was tried: with unequal weights somebody waits for more than a turn.

Who comes owes nothing and is owed nothing: it gets its share from now on, and no flood. Who was away comes back with
what was owed on leaving, and nothing for the time between. What those who are away are owed, or have had too much, is
not a matter of those who are here: their deficits are brought back to a sum of nothing, by making some of them smaller.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

ALMOST_NOTHING = 1e-9
"""Deficits are sums of fractions, which are not exact."""


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """How a rep stands in a team: what it is owed, what it should have got since it came, and what it got."""

    deficit: float = 0.0
    expected: float = 0.0
    got: int = 0


NEWCOMER = Standing()

Standings = dict[str, Standing]
"""Of all who were ever in a team, by their ids."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is, how all stand afterwards, and which share of this lead each was owed."""

    rep: str
    standings: Standings
    shares: dict[str, float]


def next_turn(standings: Mapping[str, Standing], weights: Mapping[str, float]) -> Turn:
    """Give a lead to one of those with these weights, who are available; all above 0, and at least one.

    >>> standings: Standings = {}
    >>> got = []
    >>> for _ in range(6):
    ...     turn = next_turn(standings, {"ada": 2, "bob": 1})
    ...     standings = turn.standings
    ...     got.append(turn.rep)
    >>> got
    ['ada', 'bob', 'ada', 'ada', 'bob', 'ada']
    """
    whole = sum(weights.values())
    shares = {rep: weight / whole for rep, weight in weights.items()}
    deficits = recentred({rep: standings.get(rep, NEWCOMER).deficit for rep in weights})
    owed = {rep: deficits[rep] + share for rep, share in shares.items()}
    entitled = [rep for rep, much in owed.items() if much > ALMOST_NOTHING] or list(owed)
    chosen = min(entitled, key=lambda rep: (round((1 - owed[rep]) / shares[rep], 6), -round(owed[rep], 6)))
    after = dict(standings)
    for rep, much in owed.items():
        before = standings.get(rep, NEWCOMER)
        is_chosen = rep == chosen
        after[rep] = Standing(much - is_chosen, before.expected + shares[rep], before.got + is_chosen)
    return Turn(chosen, after, shares)


def taken_back(standings: Mapping[str, Standing], rep: str, shares: Mapping[str, float]) -> Standings:
    """How all stand when a lead, once given by these shares, has not counted: its rep is owed one again."""
    after = dict(standings)
    for each, share in shares.items():
        before = standings.get(each, NEWCOMER)
        after[each] = Standing(before.deficit - share, before.expected - share, before.got)
    before = after.get(rep, NEWCOMER)
    after[rep] = Standing(before.deficit + 1, before.expected, before.got - 1)
    return after


def recentred(deficits: Mapping[str, float]) -> dict[str, float]:
    """Deficits with a sum of nothing: what is owed is made smaller where it is more than was had too much; or that is.

    >>> recentred({"ada": 0.5, "bob": 0.5, "cy": -0.5})
    {'ada': 0.25, 'bob': 0.25, 'cy': -0.5}
    """
    owed = sum(deficit for deficit in deficits.values() if deficit > 0)
    had = -sum(deficit for deficit in deficits.values() if deficit < 0)
    if abs(owed - had) <= ALMOST_NOTHING:
        return dict(deficits)
    up = min(1.0, had / owed) if owed > 0 else 1.0
    down = min(1.0, owed / had) if had > 0 else 1.0
    return {rep: deficit * (up if deficit > 0 else down) for rep, deficit in deficits.items()}
