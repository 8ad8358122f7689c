"""A chain of services, each of which calls the next one, and the last of which does what a test says."""

import types
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from atoll import Application, Service, contract, get

HOPS = 5


@contract(version="1.0", id="hop_5")
class Last(Protocol):
    """The end of the chain."""

    @get("/go", timeout_s=10)
    async def go(self) -> str:
        """Do it."""
        ...


@contract(version="1.0", id="hop_1")
class First(Protocol):
    """The beginning of the chain."""

    @get("/go", timeout_s=10)
    async def go(self) -> str:
        """Do it."""
        ...


def _link(number: int) -> Any:  # Any: a contract that is made here
    if number in (1, HOPS):
        return First if number == 1 else Last

    @contract(version="1.0", id=f"hop_{number}")
    class Between(Protocol):
        """A part of the chain."""

        @get("/go", timeout_s=10)
        async def go(self) -> str:
            """Do it."""
            ...

    return Between


def chain(does: Callable[[int], Awaitable[None]]) -> Application:
    """Five services; `does` is called by each with its number before it calls the next one."""
    links = {number: _link(number) for number in range(1, HOPS + 1)}

    def service(number: int) -> type[Service]:
        async def go(self: Any) -> str:  # Any: the service that is made here
            await does(number)
            return "done" if number == HOPS else str(await self.below.go())

        def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
            namespace["__doc__"] = "A hop."
            namespace["__module__"] = __name__
            namespace["go"] = go
            namespace["__annotations__"] = {} if number == HOPS else {"below": links[number + 1]}

        return types.new_class(f"Hop{number}", (Service, links[number]), {"owner": "tests"}, fill)

    return Application("chain", services=[service(number) for number in links])
