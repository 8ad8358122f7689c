"""A service whose handlers are what a test says, and an application of it alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from atoll import Application, Problem, Service, Value, contract, get, post


class Note(Value):
    """Something to send, with something in it that could be shared by mistake."""

    words: list[str]


class Refused(Problem, status=409):
    """It is declared."""

    reason: str


class Undeclared(Problem, status=409):
    """Nobody was promised this one."""

    secret: str


@contract(version="1.0")
class Probe(Protocol):
    """Does what a test wants to see."""

    @post("/runs", raises=(Refused,), timeout_s=5)
    async def run(self, note: Note) -> Note:
        """Answer once."""
        ...

    @post("/orders")
    async def order(self) -> None:
        """Answer with nothing."""
        ...

    @get("/items", raises=(Refused,), timeout_s=5)
    def items(self) -> AsyncIterator[int]:
        """Answer with a stream."""
        ...


Run = Callable[[Note], Awaitable[Note]]


async def echo(note: Note) -> Note:
    """What was sent."""
    return note


async def nothing() -> None:
    """No result."""


async def no_items() -> AsyncIterator[int]:
    """No item."""
    for number in range(0):
        yield number


def probe(
    run: Run = echo,
    order: Callable[[], Awaitable[None]] = nothing,
    items: Callable[[], AsyncIterator[int]] = no_items,
) -> Application:
    """An application of one service, which answers by these functions."""

    class ProbeService(Service, Probe, owner="tests"):
        async def run(self, note: Note) -> Note:
            return await run(note)

        async def order(self) -> None:
            await order()

        async def items(self) -> AsyncIterator[int]:
            async for item in items():
                yield item

    return Application("probes", services=[ProbeService])


async def read(stream: AsyncIterator[int], into: list[int]) -> None:
    """Take what comes, also when it ends with an error."""
    async for item in stream:
        into.append(item)  # noqa: PERF401  # what came before an error counts
