"""The safeguards of a call, each alone around a call that does nothing, so that its own cost is seen."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from atoll import Context, contract, post
from atoll.adapters.system import SystemClock
from atoll.calls import LocalTransport, Proving, Request, Response
from atoll.calls.door import Door
from atoll.contract import contract_of
from atoll.identity import (
    Access,
    Authority,
    Manifest,
    Member,
    Needed,
    Offered,
    OfferedOperation,
    Verifier,
    own_credentials,
)
from atoll.resilience import Breaker, Budget, Link, Rate, Rates, Shedding, within
from atoll.testing import MemoryDisk, SeededEntropy
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
    transport, proving = _Transport(), _proving()
    operation = contract_of(Nothing).operations[0]
    request = Request(operation, (), (), b"", Context(caller="caller"))

    async def sent() -> None:
        await transport.send(request)

    bare = Subject("nothing around it", _times(sent))
    yield "caller's side", bare, _of_the_caller(transport, request, proving)
    yield "called side", bare, _of_who_is_called(transport, request, proving)
    yield "called side, who may", *_permissions(request)
    yield "gateway", bare, _of_the_gateway(transport, request)


def _of_the_caller(transport: _Transport, request: Request, proving: Proving) -> Sequence[Subject]:
    link = Link(Breaker(random.random), Budget())
    loop = asyncio.get_running_loop()

    async def deadline() -> None:
        await within(loop.time() + 10.0, transport.send(request), "nothing")

    async def breaker() -> None:
        await transport.send(request)
        if link.breaker.is_closed:
            link.budget.earn()
            link.breaker.succeeded(loop.time())

    async def proved() -> None:
        proving.lines(request.context, "nothing", loop.time())
        await transport.send(request)

    return (
        Subject("deadline", _times(deadline)),
        Subject("breaker and budget", _times(breaker)),
        Subject("identity: a token is sent", _times(proved)),
    )


def _of_who_is_called(transport: _Transport, request: Request, proving: Proving) -> Sequence[Subject]:
    door = Door(transport, Shedding(random.random), random.getrandbits)
    loop = asyncio.get_running_loop()
    headers = dict(_headers(proving.lines(request.context, "nothing", loop.time())))

    async def admitted() -> None:
        await door.send(request)

    async def checked() -> None:
        proving.check(headers, request.context, request.operation, loop.time())
        await transport.send(request)

    return (
        Subject("door: turns, times, criticality", _times(admitted)),
        Subject("identity: a token is checked", _times(checked)),
    )


def _permissions(request: Request) -> tuple[Subject, Sequence[Subject]]:
    open_to_all, guarded = LocalTransport(), LocalTransport(_access())
    for local in (open_to_all, guarded):
        local.add(_Answering())

    async def let_through() -> None:
        await open_to_all.send(request)

    async def granted() -> None:
        await guarded.send(request)

    return Subject("all may", _times(let_through)), (Subject("access", _times(granted)),)


def _of_the_gateway(transport: _Transport, request: Request) -> Sequence[Subject]:
    rates = Rates(Rate(1e9, 1_000_000_000))
    loop = asyncio.get_running_loop()

    async def rated() -> None:
        rates.ask("ada", loop.time())
        await transport.send(request)

    return (Subject("rate of a caller", _times(rated)),)


class _Answering:
    """Answers at once, where permissions are looked at."""

    contract = contract_of(Nothing)

    async def dispatch(self, request: Request) -> Response:
        """The same answer to everybody."""
        del request
        return ANSWER


def _proving() -> Proving:
    """What proves and checks the calls of one service."""
    clock, entropy = SystemClock(), SeededEntropy()
    authority = Authority("benchmarks", MemoryDisk(), clock, entropy)
    authority.load()
    credentials = {"caller": own_credentials(authority, "caller", clock, entropy)}
    return Proving(credentials, Verifier(authority.trusted, clock), lambda _: False)


def _headers(lines: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in lines.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b": ")
        yield name, value


def _access() -> Access:
    """That the caller may call `nothing`."""
    offered = Offered("nothing", 1, "1.0", "Nothing", (OfferedOperation("nothing"),))
    members = (Member("nothing", (offered,)), Member("caller", (), (Needed("nothing", 1, "it says so"),)))
    return Access(Manifest("benchmarks", "1.0", members), is_whole=True)


def _times(call: Callable[[], Awaitable[None]]) -> Callable[[int], Awaitable[None]]:
    async def work(count: int) -> None:
        for _ in range(count):
            await call()

    return work
