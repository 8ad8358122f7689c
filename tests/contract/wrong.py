"""Contracts that are wrong, each in its own way. A comment at its end marks the line that a mistake names."""

import enum
import functools
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from atoll import Choice, Event, Page, Personal, Problem, Value, contract, delete, get, post

T = TypeVar("T")


def unchecked(thing: object) -> Any:  # Any: it stands where no type checker may look
    """The thing."""
    return thing


class Score(Value):
    """A good value."""

    points: int


class Half(enum.StrEnum):
    """A choice that cannot learn."""

    A = "a"


class Wordless(Choice):
    """A choice without `UNKNOWN`."""

    A = "a"


class Misspelt(Choice):
    """A choice whose `UNKNOWN` is another word."""

    A = "a"
    UNKNOWN = "UNKNOWN"


class Grade(Choice):
    """A good choice."""

    A = "a"
    UNKNOWN = "unknown"


class Opaque:
    """A class of somebody else."""


class Inner(Value):
    """A record with a field that cannot travel."""

    opaque: Opaque


class Outer(Value):
    """A record around it."""

    inners: tuple[Inner, ...]


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    """A record that could never grow."""

    points: int


class Short(msgspec.Struct, array_like=True):
    """A record that travels as an array."""

    points: int


@contract(version="1.0")
class Types(Protocol):
    """Types that cannot travel."""

    @post("/a")
    async def a(self, it: Opaque) -> None: ...  # here: opaque

    @post("/b")
    async def b(self, it: Outer) -> Opaque: ...  # here: nested

    @post("/c")
    async def c(self, it: object) -> None: ...  # here: object

    @post("/d")
    async def d(self, it: list) -> dict: ...  # type: ignore[type-arg]  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]  # here: of what

    @post("/e")
    async def e(self, it: Half | None) -> list[Wordless]: ...  # here: words

    @post("/f")
    async def f(self, it: dict[Grade, int]) -> dict[tuple[int, int], int]: ...  # here: keys

    @post("/g")
    async def g(self, it: set[Score]) -> frozenset[list[int]]: ...  # here: sets

    @post("/h")
    async def h(self, it: Callable[[], None]) -> Misspelt: ...  # here: callable

    @post("/i")
    async def i(self, it: list[Score] | tuple[int, ...]) -> Score | Inner: ...  # here: unions

    @post("/j")
    async def j(self, it: Closed) -> Short: ...  # here: never grow


class Forward(Value):
    """A record whose field names what is not there."""

    later: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # the point


@contract(version="1.0")
class Names(Protocol):
    """Names that are not there."""

    @post("/a")
    async def a(self, it: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]  # here: unknown name

    @post("/b")
    async def b(self, it: Forward) -> None: ...  # here: unknown field


@contract(version="1.0")
class Open(Protocol, Generic[T]):
    """A contract with an open place."""

    @post("/a")
    async def a(self, it: list[T]) -> T: ...  # here: type variable


@contract(version="1.0")
class Arguments(Protocol):
    """Arguments that cannot be told apart or left out."""

    @get("/a/{lead_id}/{other}")
    async def a(self, other: int) -> None: ...  # here: unknown path argument

    @get("/b/{it}/{it}")
    async def b(self, it: int) -> None: ...  # here: twice

    @get("/c")
    async def c(self, *it: int, **more: int) -> None: ...  # here: by name

    @get("/d")
    async def d(self, it, /) -> None: ...  # type: ignore[no-untyped-def]  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]  # noqa: ANN001  # here: by position

    @get("/e")
    async def e(self, it) -> None: ...  # type: ignore[no-untyped-def]  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]  # noqa: ANN001  # here: no type

    @get("/f")
    async def f(self, it: Score) -> None: ...  # here: get with a body

    @delete("/g")
    async def g(self, it: list[Score]) -> None: ...  # here: delete with a body

    @post("/h")
    async def h(self, it: Score, other: list[Score]) -> None: ...  # here: two bodies

    @get("/i/{it}")
    async def i(self, it: int | None) -> None: ...  # here: path none

    @get("/j/{it}")
    async def j(self, it: list[int]) -> None: ...  # here: path list

    @post("/k/{it}")
    async def k(self, it: Score) -> None: ...  # here: path record

    @get("/l/{it}")
    async def l(self, it: int = 3) -> None: ...  # noqa: E743  # here: path default

    @get("/m")
    async def m(self, it: list[int] | None = None) -> None: ...  # here: none or empty

    @get("/n")
    async def n(self, it: tuple[int, ...] = (1,)) -> None: ...  # here: list default

    @get("/o")
    async def o(self, it: int | None = 3) -> None: ...  # here: none default

    @get("/p")
    async def p(self, it: int = cast(int, "x")) -> None: ...  # here: default of another type


@contract(version="1.0")
class Paths(Protocol):
    """Paths that are none."""

    @get("a")
    async def a(self) -> None: ...  # here: no slash

    @get("/b/")
    async def b(self) -> None: ...  # here: slash at the end

    @get("/c/x{it}")
    async def c(self, it: int) -> None: ...  # here: half a name

    @get("/d e")
    async def d(self) -> None: ...  # here: white space

    @get("/e/../f")
    async def e(self) -> None: ...  # here: up

    @get("/f?x=1")
    async def f(self) -> None: ...  # here: query

    @get("/{It}")
    async def g(self, It: int) -> None: ...  # noqa: N803  # here: capital


@contract(version="1.0")
class Results(Protocol):
    """Results that cannot be answered with."""

    @get("/a")
    async def a(self): ...  # type: ignore[no-untyped-def]  # noqa: ANN201  # here: no result

    @get("/b")
    def b(self) -> Score: ...  # here: not async

    @get("/c")
    async def c(self) -> AsyncIterator[Score]: ...  # here: async stream

    @get("/d")
    def d(self) -> AsyncIterator[Opaque]: ...  # here: opaque stream

    @get("/e")
    async def e(self) -> Page[Score]: ...  # here: page

    @get("/f")
    async def f(self, cursor: str | None = None, limit: int = 100) -> Page[Opaque]: ...  # here: opaque page

    @get("/g", timeout_s=0)
    async def g(self) -> None: ...  # here: timeout

    @get("/h", callers=unchecked("scoring"))
    async def h(self) -> None: ...  # here: callers

    @get("/i", callers=())
    async def i(self) -> None: ...  # here: nobody

    @get("/j", callers=("ScoringService", unchecked(3)))
    async def j(self) -> None: ...  # here: no names


@contract(version="1.0")
class Routes(Protocol):
    """Routes that are one another's."""

    @get("/a/{lead_id}")
    async def a(self, lead_id: str) -> None: ...

    @get("/a/{other}")
    async def b(self, other: str) -> None: ...  # here: same route

    @delete("/a/{other}")
    async def c(self, other: str) -> None: ...  # here: same path


class Gone(Problem, status=404):
    """A problem."""


class Lost(Problem, status=404, code="gone"):  # here: code again
    """Another one with its code."""


class Fine(Problem, status=200):
    """A problem that is none."""


class Unavailable(Problem, status=503):
    """A problem with a code of the platform's."""


class Telling(Problem, status=409, detail="{nowhere} {lead_id.more}"):
    """A problem that tells what it has not."""

    lead_id: str


class Unclosed(Problem, status=409, detail="{lead_id"):
    """A problem whose sentence does not end."""

    lead_id: str


class Reserved(Problem, status=409):
    """A problem that calls its fields what problems have already."""

    status: int  # type: ignore[misc]  # pyright: ignore[reportIncompatibleVariableOverride]  # the point
    instance: str
    args: str  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]  # the point


class Carrying(Problem, status=409):
    """A problem that carries what cannot travel."""

    opaque: Opaque


class Nameless(Problem, status=409):
    """A problem that names what is not there."""

    later: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # the point


@contract(version="1.0")
class Problems(Protocol):
    """Problems that cannot be told."""

    @get("/a", raises=unchecked(Gone))
    async def a(self) -> None: ...  # here: no tuple

    @get("/b", raises=unchecked((int, "x")))
    async def b(self) -> None: ...  # here: no problems

    @get("/c", raises=(Fine, Unavailable))
    async def c(self) -> None: ...  # here: status and code

    @get("/d", raises=(Telling, Unclosed))
    async def d(self) -> None: ...  # here: sentences

    @get("/e", raises=(Reserved, Carrying, Nameless))
    async def e(self) -> None: ...  # here: fields

    @get("/f", raises=(Gone,))
    async def f(self) -> None: ...

    @get("/g", raises=(Lost,))
    async def g(self) -> None: ...


class Keyless(Event, key="nowhere"):  # here: keyless
    """An event whose key is no field."""

    lead_id: str


class Private(Event, key="email"):  # here: personal key
    """An event whose key is personal."""

    email: Personal[str]


class Carried(Event):  # here: event with opaque
    """An event that carries what cannot travel."""

    opaque: Opaque


def _another() -> type[Event]:
    class Keyless(Event):  # here: same name
        """An event of a name that is taken."""

    return Keyless


@contract(version="1.0", publishes=(Keyless, Private, Carried, _another(), unchecked(Score)))
class Events(Protocol):  # here: not an event
    """Events that cannot be published."""


@contract(version="1.0", publishes=unchecked(Keyless))
class Single(Protocol):  # here: single
    """An event that stands alone."""


@contract(version="1", id="No Id")
class Version(Protocol):  # here: version
    """A version and an id that are none."""


@contract(version="0.1")
class Zero(Protocol):  # here: zero
    """A version before the first."""


@contract(version="1.0")
class Concrete:  # here: concrete
    """A contract that is no Protocol."""


def _noted(function: Callable[..., Any]) -> Any:  # Any: any function
    @functools.wraps(function)
    def outer() -> None: ...

    return outer


@contract(version="1.0")
class Strangers(Protocol):  # here: strangers
    """What is no operation."""

    limit: int

    def helper(self) -> int: ...  # here: helper

    @property
    def name(self) -> str: ...  # here: property

    @staticmethod
    def made() -> int: ...  # here: static

    @classmethod
    def all(cls) -> int: ...  # here: class method

    @_noted
    def wrapped(self) -> int: ...  # here: wrapped

    @get("/start")
    async def start(self) -> None: ...  # here: hook

    @get("/_private")
    async def _private(self) -> None: ...  # here: private

    def _helper(self) -> int: ...


class Plain(Protocol):  # here: plain
    """No contract at all."""
