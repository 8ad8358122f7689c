"""Turns by weight: nobody is more than one ahead of its share, and who comes or comes back is not flooded."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.routing.deficit import Standings, next_turn, recentred, taken_back

NAMES = ("ada", "bob", "cy", "di", "ed", "flo")
SLACK = 1e-6

weights = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 20), min_size=1)
phases = st.lists(st.tuples(weights, st.integers(1, 25)), min_size=1, max_size=8)


def turns(standings: Standings, among: dict[str, int], count: int) -> tuple[Standings, list[str]]:
    """Who gets so many leads among some, and how all stand afterwards."""
    got: list[str] = []
    for _ in range(count):
        turn = next_turn(standings, among)
        standings = turn.standings
        got.append(turn.rep)
    return standings, got


@given(weights, st.integers(1, 200))
def test_nobody_is_a_whole_lead_from_its_share(among: dict[str, int], count: int) -> None:
    """Neither ahead nor behind, after any number of leads, while the same people are there."""
    standings: Standings = {}
    got: Counter[str] = Counter()

    for number in range(1, count + 1):
        standings, chosen = turns(standings, among, 1)
        got.update(chosen)
        for rep, weight in among.items():
            share = number * weight / sum(among.values())
            assert abs(got[rep] - share) < 1 + SLACK
            assert abs(standings[rep].deficit - (share - got[rep])) < SLACK


@given(phases)
def test_nobody_is_ever_more_than_one_ahead_whoever_comes_and_goes(several: list[tuple[dict[str, int], int]]) -> None:
    """Those who are there change, and their weights: what is owed to each is never less than minus one."""
    standings: Standings = {}

    for among, count in several:
        for _ in range(count):
            standings, _ = turns(standings, among, 1)
            assert min(each.deficit for each in standings.values()) > -1 - SLACK
            assert abs(sum(standings[rep].deficit for rep in among)) < SLACK


@given(phases, st.integers(1, 60))
def test_a_newcomer_is_not_flooded(several: list[tuple[dict[str, int], int]], count: int) -> None:
    """However much was given out before, it gets at most one more than its share since it came."""
    standings: Standings = {}
    for among, leads in several:
        standings, _ = turns(standings, among, leads)
    among = {**several[-1][0], "new": 3}

    got = 0
    for number in range(1, count + 1):
        standings, chosen = turns(standings, among, 1)
        got += chosen == ["new"]
        assert got - number * 3 / sum(among.values()) < 1 + SLACK


@given(weights, st.integers(0, 60), st.integers(1, 200), st.integers(1, 60))
def test_who_comes_back_is_not_flooded(among: dict[str, int], before: int, away: int, since: int) -> None:
    """What was given out meanwhile is not owed to him: two more than his share at most, one of them from before."""
    everybody = {**among, "back": 3}
    standings, _ = turns({}, everybody, before)
    standings, _ = turns(standings, among, away)

    got = 0
    for number in range(1, since + 1):
        standings, chosen = turns(standings, everybody, 1)
        got += chosen == ["back"]
        assert got - number * 3 / sum(everybody.values()) < 2 + SLACK


@given(weights, st.integers(1, 60), st.data())
def test_a_turn_that_is_taken_back_was_never_had(among: dict[str, int], count: int, data: st.DataObject) -> None:
    """All stand as if the lead had not come, while the same people are there."""
    standings, _ = turns({}, among, count)
    turn = next_turn(standings, among)

    undone = taken_back(turn.standings, turn.rep, turn.shares)

    for rep in among:
        assert abs(undone[rep].deficit - standings[rep].deficit) < SLACK
        assert abs(undone[rep].expected - standings[rep].expected) < SLACK
        assert undone[rep].got == standings[rep].got


def test_who_is_given_a_turn_back_is_next() -> None:
    """Two with equal weights have had one each; one of these does not count."""
    first = next_turn({}, {"ada": 1, "bob": 1})
    second = next_turn(first.standings, {"ada": 1, "bob": 1})

    standings = taken_back(second.standings, "ada", first.shares)

    assert (first.rep, second.rep) == ("ada", "bob")
    assert turns(standings, {"ada": 1, "bob": 1}, 3)[1] == ["ada", "ada", "bob"]


@pytest.mark.parametrize(
    ("among", "expected"),
    [
        ({"ada": 1, "bob": 1, "cy": 1}, "ada bob cy ada bob cy"),
        ({"ada": 4, "bob": 1, "cy": 1}, "ada ada bob ada cy ada"),
    ],
)
def test_turns_are_spread(among: dict[str, int], expected: str) -> None:
    """Nobody gets all of his at once."""
    assert turns({}, among, 6)[1] == expected.split()


def test_what_the_absent_are_owed_is_not_owed_by_those_who_are_here() -> None:
    """Three who are all ahead, of others who will not come back, begin anew."""
    assert recentred({"ada": -0.5, "bob": -0.5, "cy": -0.5}) == {"ada": 0.0, "bob": 0.0, "cy": 0.0}
    assert recentred({"ada": 0.9, "bob": -0.3}) == pytest.approx({"ada": 0.3, "bob": -0.3})
    assert recentred({}) == {}


def largest_first(among: dict[str, int], count: int) -> float:
    """How far anybody falls behind, in turns of its own, where the largest deficit is always next."""
    deficits = dict.fromkeys(among, 0.0)
    behind = 0.0
    for _ in range(count):
        for rep, weight in among.items():
            deficits[rep] += weight / sum(among.values())
        deficits[max(deficits, key=lambda rep: deficits[rep])] -= 1
        behind = max(behind, *deficits.values())
    return behind


def behind_by_turns(among: dict[str, int], count: int) -> float:
    """The same for the turns that are used."""
    standings: Standings = {}
    behind = 0.0
    for _ in range(count):
        standings, _ = turns(standings, among, 1)
        behind = max(behind, *(standing.deficit for standing in standings.values()))
    return behind


@pytest.mark.parametrize("among", [(1, 3, 20, 20, 3, 5, 5, 20), (3, 1, 20, 1, 20, 3)])
def test_the_largest_deficit_first_would_leave_somebody_behind(among: Sequence[int]) -> None:
    """Which is why it is not how turns are chosen: somebody with a large weight waits for more than a lead."""
    named = {f"r{number}": weight for number, weight in enumerate(among)}

    assert largest_first(named, 120) > 1
    assert behind_by_turns(named, 120) < 1
