"""The safeguards of a call, each alone around a call that does nothing, so that its own cost is seen."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from atoll import Context, contract, post
from atoll.calls import Request, Response
from atoll.calls.door import Door
from atoll.contract import contract_of
from atoll.resilience import Breaker, Budget, Link, Rate, Rates, Shedding, within
from benchmarks.measuring import Subject

Side = tuple[str, Subject, Sequence[Subject]]
"""A side of a call: its name, the bare call, and what stands around it."""

ANSWER = Response(200, b"{}")


@contract(version="1.0")
class Nothing(Protocol):
    """What is called."""

    @post("/nothing")
    async def nothing(self) -> None:
        """Do nothing."""
        ...


class _Transport:
    """Answers at once."""

    async def send(self, request: Request) -> Response:
        """The same answer to everybody."""
        del request
        return ANSWER


def safeguards() -> Iterator[Side]:
    """The caller's side, the side of who is called, and the gateway's."""
    request = Request(contract_of(Nothing).operations[0], (), (), b"", Context())
    transport = _Transport()
    link = Link(Breaker(random.random), Budget())
    door = Door(transport, Shedding(random.random), random.getrandbits)
    rates = Rates(Rate(1e9, 1_000_000_000))
    loop = asyncio.get_running_loop()

    async def sent() -> None:
        await transport.send(request)

    async def deadline() -> None:
        await within(loop.time() + 10.0, transport.send(request), "nothing")

    async def breaker() -> None:
        await transport.send(request)
        if link.breaker.is_closed:
            link.budget.earn()
            link.breaker.succeeded(loop.time())

    async def admitted() -> None:
        await door.send(request)

    async def rated() -> None:
        rates.ask("ada", loop.time())
        await transport.send(request)

    bare = Subject("nothing around it", _times(sent))
    yield "caller's side", bare, [Subject("deadline", _times(deadline)), Subject("breaker and budget", _times(breaker))]
    yield "called side", bare, [Subject("door: turns, times, criticality", _times(admitted))]
    yield "gateway", bare, [Subject("rate of a caller", _times(rated))]


def _times(call: Callable[[], Awaitable[None]]) -> Callable[[int], Awaitable[None]]:
    async def work(count: int) -> None:
        for _ in range(count):
            await call()

    return work
