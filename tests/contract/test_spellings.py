"""A type means the same however it is spelled: postponed, aliased, quoted, or with the syntax of a later Python."""

import datetime
import decimal
import sys
import types
from typing import Any

import pytest

from atoll import openapi
from atoll.contract import Invalid, codec_of, compile_contract, contract_of, event_key, from_wire, to_wire, unfit
from tests.contract import postponed

FULL = postponed.Lead(
    id="7",
    email="a@b",
    source=postponed.Source.WEB,
    at=datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC),
    price=decimal.Decimal("1.50"),
    below=(postponed.Lead(id="8"),),
    point=postponed.Point(1, postponed.Point(2)),
    sizes={"small": 1},
    names={"name": "a"},
    pair=postponed.Pair(1, postponed.Later(why="x")),
    later=postponed.Later(why="y"),
)


def test_a_contract_with_postponed_annotations_is_sound() -> None:
    """Every name in it is found, also those that come later."""
    compiled, mistakes = compile_contract(postponed.Scoring)

    assert mistakes == []
    assert compiled is not None
    assert openapi([compiled], title="t", version="1")["paths"]


def test_a_call_of_it_comes_back_as_it_was() -> None:
    """Values, dataclasses, dictionaries and tuples."""
    score = contract_of(postponed.Scoring).operation("score")

    assert score.decode_call(*score.encode_call((FULL,), {"note": "x"}), strict=True) == {"lead": FULL, "note": "x"}


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (b'{"id":"7","sizes":{}}', "/sizes/small"),
        (b'{"id":"7","sizes":{"small":1,"large":"x"}}', "/sizes/large"),
        (b'{"id":"7","names":{"nick":"x"}}', "/names/name"),
        (b'{"id":"7","point":{"x":1,"next":{"x":"y"}}}', "/point/next/x"),
        (b'{"id":"7","pair":[1,{}]}', "/pair/1/why"),
        (b'{"id":"7","below":[{"id":"8","source":"fax"}]}', "/below/0/source"),
    ],
)
def test_its_faults_are_found(data: bytes, pointer: str) -> None:
    """What is required is required, and what is not is not."""
    with pytest.raises(Invalid) as caught:
        codec_of(postponed.Lead).decode(data, strict=True)

    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_its_problems_and_events_are_read() -> None:
    """As any other."""
    problem = postponed.ScoreNotFound(lead_id="7", lead=FULL)

    assert from_wire(to_wire(problem, None), {"score_not_found": postponed.ScoreNotFound}) == problem
    assert event_key(postponed.LeadScored) == "lead_id"
    assert "a@b" not in repr(FULL)


def module(source: str) -> Any:  # Any: whatever the source defines
    """A module of a source that this Python may not be able to parse in this file."""
    made = types.ModuleType("made_here")
    sys.modules[made.__name__] = made
    exec(source, made.__dict__)  # syntax of a later Python
    return made


ALIASES = """
from typing import Protocol
from atoll import Personal, Value, contract, get, post

type Email = Personal[str]
type Pair[T] = tuple[T, T]
type Table = dict[str, Pair[int]]
type Maybe[T] = T | None

class Box[T](Value):
    item: T
    more: Pair[T] | None = None

class Lead(Value):
    email: Email
    emails: Maybe[list[Email]] = None
    table: Table = {}
    box: Box[int] | None = None

@contract(version="1.0")
class Leads(Protocol):
    @post("/leads")
    async def keep(self, lead: Lead) -> Box[Lead]: ...
    @get("/leads")
    async def find(self, email: Email, limit: Maybe[int] = None) -> Maybe[Lead]: ...
"""

RECURSIVE = """
type Json = dict[str, Json] | list[Json] | str | None
type Self = Self | None
type Lost = list[Nowhere]
"""

later_python = pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 695 is Python 3.12")


@later_python
def test_aliases_and_generic_classes_in_new_syntax_are_read() -> None:
    """PEP 695."""
    made = module(ALIASES)
    lead = made.Lead(email="a@b", emails=["c@d"], table={"x": (1, 2)}, box=made.Box(item=1, more=(2, 3)))
    keep, find = contract_of(made.Leads).operations

    assert keep.decode_call(*keep.encode_call((lead,), {}), strict=True) == {"lead": lead}
    assert find.encode_call(("a@b",), {"limit": 3}) == ((), (("email", "a@b"), ("limit", "3")), b"")
    assert repr(lead) == "Lead(email='***', emails='***', table={'x': (1, 2)}, box=Box(item=1, more=(2, 3)))"
    with pytest.raises(Invalid, match="/box/more/1: expected `int`, got `str`"):
        codec_of(made.Lead).decode(b'{"email":"a@b","box":{"item":1,"more":[1,"x"]}}')
    assert openapi([contract_of(made.Leads)], title="t", version="1")["components"]["schemas"]["Lead"]


@later_python
@pytest.mark.parametrize("name", ["Json", "Self"])
def test_an_alias_that_names_itself_is_refused(name: str) -> None:
    """No decoder can be made of it; a Value that names itself is fine."""
    (why,) = unfit(getattr(module(RECURSIVE), name))

    assert "names itself" in why


@later_python
def test_an_alias_that_names_what_is_not_there_is_refused() -> None:
    """It is read when it is used, and not before."""
    (why,) = unfit(module(RECURSIVE).Lost)

    assert why == "`Lost` cannot be read: name 'Nowhere' is not defined"


@pytest.mark.parametrize("kind", [3, "Lead", [], ["x"], {}, print, Ellipsis])
def test_what_is_no_type_is_refused(kind: Any) -> None:  # Any: wrong on purpose
    """It is told, not crashed with."""
    assert list(unfit(kind))
