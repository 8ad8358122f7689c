"""Permissions: what is declared is granted, and nothing else is."""

import itertools
import random

import pytest

from atoll.identity import OPERATOR, Access, Manifest, Member, Needed, Offered, OfferedOperation

SCORING = Offered(
    "scoring",
    1,
    "1.0",
    "Scoring",
    (
        OfferedOperation("score", public=True),
        OfferedOperation("latest"),
        OfferedOperation("erase", callers=("privacy",)),
    ),
)
CAPTURE = Offered("capture", 1, "1.0", "Capture", (OfferedOperation("take", public=True),))
DOOR = Offered("capture.events", 1, "1.0", "_Door", (OfferedOperation("fetch"),))

MEMBERS = (
    Member("scoring", (SCORING,), (Needed("capture.events", 1, "reacts", ("fetch",)),)),
    Member("capture", (CAPTURE, DOOR), (Needed("scoring", 1, "declares `scoring: Scoring`"),)),
    Member("privacy", (), (Needed("scoring", 1, "declares `scoring: Scoring`"),)),
    Member("idle", (), ()),
    Member("gateway", (), (), is_edge=True),
    Member("geo", (), (), is_elsewhere=True),
)


def made(*members: Member, is_whole: bool = True) -> Access:
    return Access(Manifest("shop", "1.0", members or MEMBERS), is_whole=is_whole)


def test_what_is_declared_is_granted_with_its_reason() -> None:
    """The reason is what `atoll access` tells."""
    access = made()

    assert access.granted["capture", "scoring", 1, "latest"] == "declares `scoring: Scoring`"
    assert access.refusal("capture", "scoring", 1, "latest") is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("idle", "scoring", 1, "score"), "write `scoring: Scoring` in the class of idle"),
        (("scoring", "capture", 1, "take"), "write `capture: Capture` in the class of scoring"),
        (("geo", "scoring", 1, "score"), "which calls nobody here"),
        (("capture", "scoring", 1, "erase"), 'write `callers=("privacy", "capture")` in its contract'),
        (("gateway", "scoring", 1, "latest"), "write `public=True` in its contract"),
        (("idle", "capture.events", 1, "fetch"), "react to an event, `@on(...)`, in idle"),
        (("stranger", "scoring", 1, "score"), "no service of shop is called `stranger`"),
        (("capture", "scoring", 2, "score"), "nobody in shop offers it"),
        (("capture", "scoring", 1, "vanish"), "nobody in shop offers it"),
        (("capture", "nobody", 1, "score"), "nobody in shop offers it"),
    ],
)
def test_a_refusal_says_what_to_write(asked: tuple[str, str, int, str], said: str) -> None:
    """Whoever meets it knows the line that is missing."""
    refused = made().refusal(*asked)

    assert refused is not None
    assert said in refused


def test_who_runs_the_application_may_call_everything() -> None:
    """A test, a script, the supervisor: whoever could change the manifest, too."""
    assert made().refusal(OPERATOR, "scoring", 1, "erase") is None


def test_an_edge_may_call_what_is_public_and_nothing_else() -> None:
    """It lets strangers in."""
    access = made()

    assert [name for _, name in sorted((s, o) for c, s, _, o in access.granted if c == "gateway")] == ["take", "score"]


def test_narrowing_takes_away_and_never_gives() -> None:
    """Who is named but declares nothing may not call either."""
    access = made(Member("scoring", (SCORING,)), Member("privacy"))

    assert access.refusal("privacy", "scoring", 1, "erase") is not None


def test_a_caller_whose_declarations_are_unknown_is_held_to_narrowing_alone() -> None:
    """In a process that hosts a part, others are known by their contracts."""
    access = made(Member("scoring", (SCORING,)), Member("capture", needs=None), is_whole=False)

    assert access.refusal("capture", "scoring", 1, "score") is None
    assert access.refusal("stranger", "scoring", 1, "score") is None
    assert access.refusal("capture", "scoring", 1, "erase") is not None


def test_of_ten_thousand_pairs_exactly_the_granted_ones_pass() -> None:
    """Against rules that are computed in another way, from what was drawn."""
    chance = random.Random(7)
    names = [f"s{number}" for number in range(25)]
    operations = [f"o{number}" for number in range(16)]
    narrowed = {(s, o): tuple(chance.sample(names, 3)) for s in names for o in operations if chance.random() < 0.3}
    declared = {(a, b) for a in names for b in names if chance.random() < 0.3}
    members = [
        Member(
            name,
            (
                Offered(
                    name,
                    1,
                    "1.0",
                    name,
                    tuple(OfferedOperation(o, callers=narrowed.get((name, o))) for o in operations),
                ),
            ),
            tuple(Needed(other, 1, "declared") for caller, other in sorted(declared) if caller == name),
        )
        for name in names
    ]

    access = made(*members)

    pairs = list(itertools.product(names, names, operations))
    passed = {(c, s, o) for c, s, o in pairs if access.refusal(c, s, 1, o) is None}
    wanted = {(c, s, o) for c, s, o in pairs if (c, s) in declared and c in narrowed.get((s, o), (c,))}
    assert len(pairs) == 10_000
    assert passed == wanted
    assert 1_000 < len(passed) < 9_000
    assert {(c, s, o) for c, s, _, o in access.granted} == wanted
