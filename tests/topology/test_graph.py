"""Who calls whom: as data, and what cannot be."""

import types
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from atoll import Application, Mistakes, Service, contract, depends, describe, get
from atoll.edge import Catalog
from atoll.kernel import Mistake
from atoll.testing import running


@contract(version="1.0")
class A(Protocol):
    """The first."""

    @get("/a")
    async def a(self) -> None:
        """Nothing."""
        ...


@contract(version="1.0")
class B(Protocol):
    """The second."""

    @get("/b")
    async def b(self) -> None:
        """Nothing."""
        ...


@contract(version="1.0")
class C(Protocol):
    """The third."""

    @get("/c")
    async def c(self) -> None:
        """Nothing."""
        ...


class _Fulfils(Service, owner="tests"):
    async def a(self) -> None:
        pass

    async def b(self) -> None:
        pass

    async def c(self) -> None:
        pass


class _OnlyA(_Fulfils, A):
    pass


class _OnlyB(_Fulfils, B):
    pass


class _OnlyC(_Fulfils, C):
    pass


class _AtoB(_Fulfils, A):
    b_client: B


class _BtoC(_Fulfils, B):
    c_client: C


class _CtoA(_Fulfils, C):
    b_client: B = depends(fallback=_OnlyB)
    a_client: A


class _AtoA(_Fulfils, A):
    me: A


class _AsksForCatalog(_Fulfils, A):
    catalog: Catalog


class _Offline:
    async def b(self) -> None:
        """Nothing."""


class _AtoPerhapsB(_Fulfils, A):
    b_client: B = depends(fallback=_Offline)


def application(*services: Callable[..., Service], edges: tuple[Callable[..., Service], ...] = ()) -> Application:
    """An application of these."""
    return Application("letters", services=services, edges=edges)


def mistakes_of(letters: Application) -> list[Mistake]:
    """What is wrong with it."""
    with pytest.raises(Mistakes) as caught:
        describe(letters)
    return list(caught.value.mistakes)


def test_an_application_is_described_with_who_calls_whom() -> None:
    """Without running it."""
    graph = describe(application(_AtoB, _BtoC, _OnlyC))

    assert [service.name for service in graph.services] == ["a", "b", "c"]
    assert graph.calls == (("a", "b"), ("b", "c"))
    assert graph.edges == ()


def test_a_dependency_that_only_its_fallback_answers_is_no_call() -> None:
    """There is nobody to be called."""
    assert describe(application(_AtoPerhapsB)).calls == ()
    assert describe(application(_AtoPerhapsB, _OnlyB)).calls == (("a", "b"),)


def test_a_dependency_that_nobody_fulfils_is_a_mistake() -> None:
    """At the line of the field."""
    (mistake,) = mistakes_of(application(_AtoB))

    assert mistake.what == "a depends on b/v1, which no service fulfils"
    assert line_of(mistake) == "    b_client: B"


def test_a_circle_of_calls_is_a_mistake() -> None:
    """At the call that closes it."""
    (mistake,) = mistakes_of(application(_AtoB, _BtoC, _AsCtoA))

    assert mistake.what == "declared calls form a circle: a -> b -> c -> a"
    assert line_of(mistake) == "    a_client: A"


class _AsCtoA(_Fulfils, C):
    a_client: A


def test_every_circle_is_told() -> None:
    """Also one that shares its calls with another."""
    mistakes = mistakes_of(application(_AtoB, _BtoC, _CtoA))

    assert [mistake.what for mistake in mistakes] == [
        "declared calls form a circle: b -> c -> b",
        "declared calls form a circle: a -> b -> c -> a",
    ]


def test_a_service_that_calls_itself_is_a_circle() -> None:
    """The smallest."""
    (mistake,) = mistakes_of(application(_AtoA))

    assert mistake.what == "declared calls form a circle: a -> a"


def test_two_services_of_one_name_are_a_mistake() -> None:
    """Nobody could say which one is meant."""
    (mistake,) = mistakes_of(application(_OnlyA, _OnlyA))

    assert mistake.what == "two services are called `a`"
    assert line_of(mistake).startswith("class _OnlyA")


def test_the_catalog_is_for_whom_the_application_trusts_with_it() -> None:
    """The control beside it."""
    (mistake,) = mistakes_of(application(_AsksForCatalog))

    assert mistake.what == "a asks for the catalog, but is not trusted with it"
    assert line_of(mistake) == "    catalog: Catalog"
    assert describe(application(edges=(_AsksForCatalog,))).edges == ("a",)


@pytest.mark.parametrize("name", ["", "Shop", "my shop", "1shop", "shop/x", "shöp"])
def test_a_name_that_cannot_stand_in_an_address_is_a_mistake(name: str) -> None:
    """It becomes a part of addresses, of settings and of files."""
    (mistake,) = mistakes_of(Application(name, services=[_OnlyA], edges=()))

    assert mistake.what == f"`{name}` is not a name of an application"


def test_mistakes_of_all_kinds_are_told_together() -> None:
    """The name, the services, the graph."""
    letters = Application("Letters", services=[_AtoB, _AsCtoA, _AsksForCatalog], edges=())

    whats = [mistake.what for mistake in mistakes_of(letters)]

    assert whats == [
        "`Letters` is not a name of an application",
        "two services are called `a`",
        "a asks for the catalog, but is not trusted with it",
    ]


async def test_nothing_starts_when_there_is_a_mistake() -> None:
    """Not even what is sound."""
    started: list[str] = []

    class _Eager(_Fulfils, B):
        async def start(self) -> None:
            started.append("b")

    with pytest.raises(Mistakes):
        async with running(application(_Eager, _AtoA)):
            pass

    assert not started


def line_of(mistake: Mistake) -> str:
    """The text of the line that a mistake names."""
    assert mistake.where is not None
    with open(mistake.where.file, encoding="utf-8") as file:  # noqa: PTH123  # one line of this very file
        return file.read().splitlines()[mistake.where.line - 1]


def test_services_are_started_in_the_order_of_their_calls_whatever_their_number() -> None:
    """A long chain is no deep trouble."""
    services: list[Any] = []  # Any: classes made here
    below: Any = None  # Any: a contract made here
    for number in range(200):
        made: Any = contract(version="1.0", id=f"link_{number}")(_link(number))  # Any: a contract made here
        annotations = {"below": below} if below is not None else {}
        namespace = {"__annotations__": annotations, "link": _nothing, "__doc__": "A link."}
        services.append(type(f"Link{number}Service", (Service, made), namespace))
        below = made

    graph = describe(Application("chain", services=services, edges=(), owner="tests"))

    assert len(graph.calls) == 199


def _link(number: int) -> Any:  # Any: a protocol class
    async def link(self: object) -> None: ...

    def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
        namespace.update({"link": get("/link")(link), "__doc__": "A link."})

    return types.new_class(f"Link{number}", (Protocol,), exec_body=fill)


async def _nothing(self: object) -> None: ...


@contract(version="1.0")
class Shut(Protocol):
    """Opens to one service alone."""

    @get("/shut", callers=("opener",))
    async def a(self) -> None:
        """Nothing."""
        ...


@pytest.mark.parametrize(("id_", "is_told"), [("opener", False), ("visitor", True)])
def test_a_dependency_that_may_call_nothing_is_a_mistake(id_: str, is_told: bool) -> None:
    """It is found at the start, and not by the first call."""

    @contract(version="1.0", id=id_)
    class Wanting(Protocol):
        """Wants something."""

        @get("/b")
        async def b(self) -> None:
            """Nothing."""
            ...

    class ShutService(_Fulfils, Shut):
        """Shut."""

    class WantingService(_Fulfils, Wanting):
        """Wants it."""

        shut: Shut

    application = Application("graph", services=[ShutService, WantingService], edges=())

    if is_told:
        with pytest.raises(Mistakes, match="visitor depends on shut/v1, which lets it call none of its operations"):
            describe(application)
    else:
        assert describe(application).calls == (("opener", "shut"),)
