"""Fakes of other services: short to write, and no more lenient than the service."""

import functools
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol, cast

import pytest

from atoll import InvalidInput, Mistakes, Page, Problem, Unavailable, Value, contract, get, post
from atoll.testing import fake


class Company(Value):
    """What is known of one."""

    name: str
    domains: list[str]


class NoSuchCompany(Problem, status=404):
    """There is no such company."""

    email: str


class Other(Problem, status=404):
    """Nobody promised this."""


@contract(version="1.0")
class Companies(Protocol):
    """Knows companies."""

    @get("/company", raises=(NoSuchCompany,))
    async def company(self, email: str, country: str = "any") -> Company:
        """The company behind an address."""
        ...

    @post("/company")
    async def remember(self, company: Company) -> None:
        """Remember one."""
        ...

    @get("/companies")
    async def listed(self, cursor: str | None = None, limit: int = 100) -> Page[Company]:
        """All of them, in pages."""
        ...

    @get("/names", raises=(NoSuchCompany,))
    def names(self, prefix: str = "") -> AsyncIterator[str]:
        """All names."""
        ...


ACME = Company(name="Acme", domains=["acme.example"])


async def test_a_fake_answers_with_a_result() -> None:
    """As often as it is asked, each time with another copy."""
    companies = fake(Companies, company=ACME)

    first = await companies.company("ada@acme.example")
    first.domains.append("changed")
    second = await companies.company(email="ada@acme.example", country="de")

    assert second == ACME
    assert ACME.domains == ["acme.example"]


async def test_a_fake_raises_a_problem() -> None:
    """A fresh one each time, as it would arrive."""
    companies = fake(Companies, company=NoSuchCompany(email="x"))

    with pytest.raises(NoSuchCompany) as first:
        await companies.company("x")
    with pytest.raises(NoSuchCompany) as second:
        await companies.company("x")

    assert first.value == second.value == NoSuchCompany(email="x")
    assert first.value is not second.value
    assert first.value.arrived


@pytest.mark.parametrize("answer", [Unavailable(service="x", reason="y"), OSError("z"), OSError])
async def test_a_fake_raises_what_the_platform_or_python_may_raise(answer: Any) -> None:  # Any: an error or its class
    """By its class, too."""
    with pytest.raises(type(answer) if isinstance(answer, Exception) else answer):
        await fake(Companies, company=answer).company("x")


async def _later(email: str, country: str) -> Company:
    return Company(name=f"{email} {country}", domains=[])


class _Counting:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, email: str, country: str = "none") -> Company:
        self.count += 1
        return Company(name=f"{email} {country} {self.count}", domains=[])

    def method(self, email: str, country: str) -> Company:
        return Company(name=f"{email} {country} by method", domains=[])

    async def later(self, email: str, **rest: str) -> Company:
        return Company(name=f"{email} {rest['country']} later", domains=[])


def _function(email: str, country: str) -> Company:
    return Company(name=f"{email} {country}", domains=[])


def _other_names(one: str, two: str) -> Company:
    return Company(name=f"{one} {two}", domains=[])


def _any_names(*words: str) -> Company:
    return Company(name=" ".join(words), domains=[])


FUNCTIONS: dict[str, tuple[Callable[..., Any], str]] = {  # Any: what a function gives
    "function": (_function, "x de"),
    "other names": (_other_names, "x de"),
    "any names": (_any_names, "x de"),
    "async function": (_later, "x de"),
    "object": (_Counting(), "x de 1"),
    "method": (_Counting().method, "x de by method"),
    "async method": (_Counting().later, "x de later"),
    "partial": (functools.partial(_function, country="at"), "x de"),
    "dictionary": ({"x": ACME}.get, "Acme"),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
async def test_a_fake_answers_by_a_function_of_any_kind(kind: str) -> None:
    """By name where it takes the contract's names, else in its order."""
    function, name = FUNCTIONS[kind]
    companies = fake(Companies, company=function)

    company = await companies.company("x", country="de")

    assert company.name == name


async def test_a_function_gets_what_was_sent_and_its_own_defaults() -> None:
    """As a handler does: what callers leave out is not sent."""
    company = await fake(Companies, company=_Counting()).company("x")

    assert company.name == "x none 1"


async def test_a_function_may_raise() -> None:
    """A problem, or by accident."""

    def missing(email: str) -> Company:
        raise NoSuchCompany(email=email)

    with pytest.raises(NoSuchCompany) as caught:
        await fake(Companies, company=missing).company("x")

    assert caught.value.email == "x"


async def test_a_function_may_give_an_error_to_raise() -> None:
    """So that a table of answers can hold both."""
    answers = iter([ACME, NoSuchCompany(email="x")])

    def in_turn(email: str) -> object:
        return next(answers)

    companies = fake(Companies, company=in_turn)
    await companies.company("x")

    with pytest.raises(NoSuchCompany):
        await companies.company("x")


async def test_an_operation_without_a_result_answers_with_none() -> None:
    """And nothing else."""
    seen: list[Company] = []

    await fake(Companies, remember=None).remember(ACME)
    await fake(Companies, remember=seen.append).remember(ACME)

    assert seen == [ACME]
    assert seen[0] is not ACME


async def test_a_page_is_an_answer_like_others() -> None:
    """With its items."""
    page = Page(items=(ACME,))

    assert await fake(Companies, listed=page).listed() == page


def _one(prefix: str) -> list[str]:
    return [prefix + "a"]


async def _three(prefix: str = "") -> AsyncIterator[str]:
    for letter in "abc":
        yield prefix + letter


async def _listed(prefix: str = "") -> list[str]:
    return [prefix + "a"]


STREAMS: dict[str, tuple[object, list[str]]] = {
    "list": (["a", "b"], ["a", "b"]),
    "tuple": (("a", "b"), ["a", "b"]),
    "iterator": (iter(["a", "b"]), ["a", "b"]),
    "nothing": ([], []),
    "function": (_one, ["x-a"]),
    "async function": (_listed, ["x-a"]),
    "async generator": (_three, ["x-a", "x-b", "x-c"]),
}


@pytest.mark.parametrize("kind", STREAMS)
async def test_a_stream_is_a_list_or_a_function_that_gives_one(kind: str) -> None:
    """It can be read as often as it is asked for."""
    answer, expected = STREAMS[kind]
    companies = fake(Companies, names=answer)

    for _ in range(2):
        assert [name async for name in companies.names("x-")] == expected


async def test_an_error_among_the_items_ends_a_stream() -> None:
    """In the middle, as it happens."""
    companies = fake(Companies, names=["a", NoSuchCompany(email="x"), "b"])

    seen: list[str] = []
    with pytest.raises(NoSuchCompany):
        await _read(companies.names(), seen)

    assert seen == ["a"]


async def test_a_stream_may_fail_at_once() -> None:
    """With its answer as a whole."""
    with pytest.raises(NoSuchCompany):
        await _read(fake(Companies, names=NoSuchCompany(email="x")).names(), [])


async def _read(stream: AsyncIterator[str], into: list[str]) -> None:
    async for item in stream:
        into.append(item)  # noqa: PERF401  # what came before an error counts


async def test_an_operation_without_an_answer_fails_the_test_that_calls_it() -> None:
    """By an error that no handler catches by accident."""
    with pytest.raises(AssertionError, match=r"companies.company was called, but the fake has no answer for it"):
        await fake(Companies).company("x")
    with pytest.raises(AssertionError, match=r"companies.names was called"):
        await _read(fake(Companies).names(), [])


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ({"compny": ACME}, "companies/v1 has no operation compny"),
        ({"company": "Acme"}, "companies.company cannot answer 'Acme': the whole: expected `object`, got `str`"),
        ({"company": Company(name=cast(str, 7), domains=[])}, "/name: expected `str`, got `int`"),
        ({"company": Other()}, "companies.company cannot answer Other: its contract does not list it under `raises`"),
        ({"company": Other}, "companies.company cannot answer Other"),
        ({"remember": ACME}, "companies.remember cannot answer"),
        ({"names": [1]}, "companies.names cannot answer 1"),
        ({"names": ["a", Other()]}, "companies.names cannot answer Other"),
        ({"names": "abc"}, "companies.names answers with a stream: give a list of items"),
        ({"names": None}, "companies.names answers with a stream: give a list of items"),
    ],
)
def test_an_answer_that_the_contract_does_not_allow_is_refused_where_it_is_given(
    answers: dict[str, object], what: str
) -> None:
    """A fake that lies makes a test that lies."""
    with pytest.raises(TypeError) as caught:
        fake(Companies, **answers)

    assert what in str(caught.value)


async def test_an_answer_of_a_function_is_checked_when_it_is_given() -> None:
    """Not before: it depends on the arguments."""
    companies = fake(Companies, company=str.upper)

    with pytest.raises(TypeError, match=r"companies.company cannot answer 'X'"):
        await companies.company("x")


async def test_arguments_are_checked_as_a_client_would() -> None:
    """A call that the service would refuse does not pass here."""
    companies = cast(Any, fake(Companies, company=ACME))  # Any: the checkers would refuse these calls

    with pytest.raises(TypeError, match="missing a required argument"):
        await companies.company()
    with pytest.raises(InvalidInput):
        await companies.company(7)


def test_only_contracts_can_be_faked() -> None:
    """Anything else has no operations to answer."""
    with pytest.raises(Mistakes):
        fake(Company)
