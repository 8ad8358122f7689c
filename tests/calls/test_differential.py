"""A placement never changes what a program means: every type, right values and wrong ones, in every place.

Hypothesis makes up a type, a contract that uses it, and a value; the same call is made in every placement. Results and
errors must be equal, and a right value must come back as it was. `ATOLL_EXAMPLES` says how many are tried in each
place and each test (25 unless said otherwise, 300 together; a campaign wants 5,000).
"""

import asyncio
import dataclasses
import datetime
import decimal
import os
import types
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import hypothesis
import msgspec
import pydantic
import pytest
import uvloop
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from atoll import Application, Problem, Service, contract, get, post
from atoll.contract import compile_contract
from atoll.testing import simulate
from tests.amount import amount
from tests.calls.kinds import Kind, Type, kinds, model, scalars, word_kinds
from tests.placements import TOPOLOGIES, Processes, Topology

EXAMPLES = int(os.environ.get("ATOLL_EXAMPLES", amount("6", "25")))

Outcome = tuple[object, ...]
Protocol_ = Any  # a contract made up here, whose operations no checker knows


@dataclass(frozen=True)
class Case:
    """A contract that is made up, a service that fulfils it, and how to make the call in question."""

    contract: Protocol_
    service: Type
    call: Callable[[Any], Any]  # Any: a client to what its call gives


def body(kind: Type, value: object) -> Case:
    """There and back as a body."""

    async def echo(self: object, value: object) -> object:
        return value

    return _case({"value": kind, "return": kind}, echo, post("/values"), lambda it: it.echo(value))


def query(kind: Type, value: object) -> Case:
    """As words after the question mark, and back as a body."""

    async def echo(self: object, value: object) -> object:
        return value

    return _case({"value": kind, "return": kind}, echo, get("/values"), lambda it: it.echo(value))


def path(kind: Type, value: object) -> Case:
    """As a word of the path, and back as a body."""

    async def echo(self: object, value: object) -> object:
        return value

    return _case({"value": kind, "return": kind}, echo, get("/values/{value}"), lambda it: it.echo(value))


def result(kind: Type, value: object) -> Case:
    """Only back."""

    async def echo(self: object) -> object:
        return value

    return _case({"return": kind}, echo, get("/values"), lambda it: it.echo())


def item(kind: Type, value: object) -> Case:
    """As the second of three items of a stream, all equal."""

    async def echo(self: object) -> AsyncIterator[object]:
        for _ in range(3):
            yield value

    def promise(self: object) -> object: ...

    async def call(client: Protocol_) -> object:
        items = [item async for item in client.echo()]
        assert [told(each) for each in items] == [told(items[0])] * 3
        return items[0]

    return _case({"return": AsyncIterator[kind]}, echo, get("/values"), call, promise)


def problem(kind: Type, value: object) -> Case:
    """As the field of a problem."""

    def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
        namespace["__annotations__"] = {"value": kind}

    made: Any = types.new_class("Told", (Problem,), {"status": 409}, fill)  # Any: a class made here

    async def echo(self: object) -> None:
        raise made(value=value)

    async def call(client: Protocol_) -> object:
        try:
            return await client.echo()
        except made as told_of:
            return told_of.value

    return _case({"return": None}, echo, get("/values", raises=(made,)), call)


PLACES: list[tuple[Callable[[Type, object], Case], SearchStrategy[Kind]]] = [
    (body, kinds | st.just(model)),
    (query, word_kinds),
    (path, scalars),
    (result, kinds | st.just(model)),
    (item, kinds | st.just(model)),
    (problem, kinds),
]

each_place = pytest.mark.parametrize(("place", "types_of_it"), PLACES, ids=[place.__name__ for place, _ in PLACES])
many = hypothesis.settings(
    max_examples=EXAMPLES,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
)


@each_place
@many
@hypothesis.given(data=st.data())
def test_a_right_value_comes_back_as_it_was_in_every_placement(
    place: Callable[[Type, object], Case], types_of_it: SearchStrategy[Kind], data: st.DataObject
) -> None:
    """Equal, of the same types, and not the same object."""
    kind = data.draw(types_of_it)
    value = data.draw(kind.right)

    outcomes = {str(placement): outcome(placement, case_of(place, kind.type, value)) for placement in TOPOLOGIES}

    expected = ("value", told(value))
    if place is path and value in ("", b"", ".", "..", "fixed"):  # no path can say these
        expected = ("error", "InvalidInput")
    for name, each in outcomes.items():
        assert each[:2] == expected, name


@each_place
@many
@hypothesis.given(data=st.data())
def test_a_wrong_value_gives_the_same_result_or_error_in_every_placement(
    place: Callable[[Type, object], Case], types_of_it: SearchStrategy[Kind], data: st.DataObject
) -> None:
    """Its class, its code and its fields."""
    kind = data.draw(types_of_it)
    value = data.draw(kind.junk)

    outcomes = {str(placement): outcome(placement, case_of(place, kind.type, value)) for placement in TOPOLOGIES}

    first, *others = outcomes.values()
    assert all(other == first for other in others), outcomes


def case_of(place: Callable[[Type, object], Case], kind: Type, value: object) -> Case:
    """The case; one whose contract is refused is no example."""
    case = place(kind, value)
    compiled, _ = compile_contract(case.contract)
    hypothesis.assume(compiled is not None)
    return case


def outcome(placement: Topology, case: Case) -> Outcome:
    """What comes of the call, in a form that can be compared."""

    async def work() -> Outcome:
        async with placement.running(Application("echoes", services=[case.service], owner="tests")) as app:
            try:
                return "value", told(await case.call(app.client(case.contract)))
            except Problem as error:
                return "error", type(error).__name__, error.code, told(error.fields())
            except (TypeError, ValueError, RecursionError) as error:
                return "escaped", type(error).__name__, str(error)

    if isinstance(placement, Processes):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work())
    return simulate(work)


def told(value: Any) -> object:  # Any: a value of any type
    """A value with the types of all its parts, so that `==` means the same."""
    return type(value).__qualname__, _content(value)


def _content(value: Any) -> object:  # Any: a value of any type
    if isinstance(value, msgspec.Struct):
        return {name: told(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, pydantic.BaseModel) or dataclasses.is_dataclass(value):
        return {name: told(part) for name, part in vars(value).items()}
    if isinstance(value, dict):
        return sorted((repr(told(key)), told(part)) for key, part in cast(dict[object, object], value).items())
    if isinstance(value, list | tuple):
        return [told(part) for part in cast(Iterable[object], value)]
    if isinstance(value, set | frozenset):
        return sorted(repr(told(part)) for part in cast(Iterable[object], value))
    if isinstance(value, datetime.datetime | datetime.time):
        return value.isoformat()
    return repr(value) if isinstance(value, float | decimal.Decimal) else value


def _case(
    annotations: dict[str, Type],
    handler: Callable[..., Any],  # Any: handlers of every signature
    verb: Callable[[Callable[..., Any]], Callable[..., Any]],  # Any: as above
    call: Callable[[Protocol_], Any],  # Any: what the call gives
    promise: Callable[..., Any] | None = None,  # Any: as above
) -> Case:
    """A contract of one operation with this signature (and one that has a path in common), and its service."""
    declared = _copied(promise or handler)
    declared.__annotations__ = annotations

    async def fixed(self: object) -> str:
        return "fixed"

    other = _copied(fixed)
    other.__annotations__ = {"return": str}

    def promises(namespace: dict[str, Any]) -> None:  # Any: a class body
        namespace.update({"__doc__": "Made up.", "echo": verb(declared), "fixed": get("/values/fixed")(other)})

    def handlers(namespace: dict[str, Any]) -> None:  # Any: a class body
        namespace.update({"echo": handler, "fixed": fixed})

    made = contract(version="1.0")(types.new_class("Echo", (Protocol,), exec_body=promises))
    return Case(made, types.new_class("EchoService", (Service, made), exec_body=handlers), call)


def _copied(function: Callable[..., Any]) -> Any:  # Any: a function of any signature
    origin = cast(types.FunctionType, function)
    return types.FunctionType(origin.__code__, origin.__globals__, "echo", origin.__defaults__, origin.__closure__)


def test_the_control_tells_values_apart_that_python_calls_equal() -> None:
    """The comparison is the test: it must be sharper than `==`."""
    alike = [
        1,
        1.0,
        True,
        decimal.Decimal(1),
        decimal.Decimal("1.0"),
        "1",
        b"1",
        [1],
        (1,),
        {1},
        frozenset({1}),
        {1: 1},
    ]

    assert len({repr(told(value)) for value in alike}) == len(alike)


def test_every_placement_is_compared() -> None:
    """A list of one would always agree."""
    assert {str(placement) for placement in TOPOLOGIES} == {"single", "wire", "processes"}
