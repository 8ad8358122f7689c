"""Two services that call all their classes alike, and mean something else by them."""

from typing import Any, Protocol

import pydantic

from atoll import Choice, Event, Page, Problem, Value, contract, get, post


def first() -> Any:  # Any: a contract
    """The first of them."""

    class Grade(Choice):
        GOOD = "good"
        UNKNOWN = "unknown"

    class Reason(Value):
        why: str
        grade: Grade

    class Reasoned(Event):
        reason: Reason

    class NotFound(Problem, status=404):
        reason: Reason

    class Model(pydantic.BaseModel):
        first: int

    class Order(pydantic.BaseModel):
        model: Model

    @contract(version="1.0", publishes=(Reasoned,))
    class First(Protocol):
        """First."""

        @post("/reasons", public=True, raises=(NotFound,))
        async def reason(self, reason: Reason) -> Reason: ...

        @get("/reasons", public=True)
        async def reasons(self, cursor: str | None = None, limit: int = 1) -> Page[Reason]: ...

        @post("/orders", public=True)
        async def order(self, order: Order) -> Model: ...

    return First


def second() -> Any:  # Any: a contract
    """The second."""

    class Grade(Choice):
        BAD = "bad"
        UNKNOWN = "unknown"

    class Reason(Value):
        number: int
        grade: Grade

    class Reasoned(Event):
        reason: Reason

    class NotFound(Problem, status=404):
        number: int

    class Model(pydantic.BaseModel):
        second: str

    class Order(pydantic.BaseModel):
        model: Model

    @contract(version="1.0", publishes=(Reasoned,))
    class Second(Protocol):
        """Second."""

        @post("/reasons", public=True, raises=(NotFound,))
        async def reason(self, reason: Reason) -> Reason: ...

        @get("/reasons", public=True)
        async def reasons(self, cursor: str | None = None, limit: int = 1) -> Page[Reason]: ...

        @post("/orders", public=True)
        async def order(self, order: Order) -> Model: ...

    return Second


def major(number: int) -> Any:  # Any: a contract
    """One major of a contract; all of its classes have the very same names, modules and all."""

    class Reason(Value):
        why: str

    class Gone(Problem, status=410):
        reason: Reason

    @contract(version=f"{number}.0")
    class Reasons(Protocol):
        """Reasons."""

        @post("/reasons", raises=(Gone,))
        async def keep(self, reason: Reason) -> Page[Reason] | None: ...

    return Reasons


class Problem_(Value):  # noqa: N801  # takes the name that documents have for any problem
    """A value of a name that is taken."""


Problem_.__name__ = "Problem"


@contract(version="1.0")
class Taken(Protocol):
    """A contract with a class of that name."""

    @get("/problem")
    async def problem(self) -> Problem_: ...
