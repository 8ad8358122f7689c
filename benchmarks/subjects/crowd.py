"""A generated application that runs in this process, for calls of one of its services or of each in turn."""

import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from atoll import Application, Running, World, load_application, single
from benchmarks.measuring import Subject, Work
from benchmarks.subjects.generated import atoll_application
from benchmarks.subjects.leads import LEAD

Call = Callable[[Any], Awaitable[object]]  # Any: values of contracts that were made at run time


class Crowd:
    """The clients of all services, and what each is given."""

    def __init__(self, application: Application, running: Running) -> None:
        self.application = application
        self.size = len(running.instances)
        self._clients: list[tuple[Call, Any]] = []  # Any: see Call
        self._by_hand: list[tuple[Call, Any]] = []  # Any: see Call
        for instance in running.instances.values():
            contract: Any = instance.declaration.contract  # Any: a service without one has None; these have
            kind, result = contract.operation("take").body.kind, contract.operation("take").result
            service: Any = instance.service  # Any: a class that was made at run time
            lead = msgspec.convert(msgspec.to_builtins(LEAD), kind)
            client: Any = running.client(contract.protocol)  # Any: as above
            self._clients.append((client.take, lead))
            self._by_hand.append((_copied(service.take, kind, result), lead))

    def one(self) -> Subject:
        """Calls of the same service."""
        return Subject(f"one of {self.size} services", _turns(self._clients[:1]))

    def each(self) -> Subject:
        """Calls of all services in turn: each finds its own objects in the processor's caches, or does not."""
        return Subject(f"each of {self.size} services in turn", _turns(self._clients))

    def each_by_hand(self) -> Subject:
        """The control: the same handlers in turn, with JSON both ways and nothing else."""
        return Subject(f"each of {self.size} handlers in turn, JSON both ways by msgspec", _turns(self._by_hand))


def _copied(handler: Call, kind: type, result: type) -> Call:
    encode = msgspec.json.Encoder().encode
    there: msgspec.json.Decoder[object] = msgspec.json.Decoder(kind)
    back: msgspec.json.Decoder[object] = msgspec.json.Decoder(result)

    async def call(lead: object) -> object:
        return back.decode(encode(await handler(there.decode(encode(lead)))))

    return call


def _turns(calls: Sequence[tuple[Call, Any]]) -> Work:  # Any: see Call
    turns = itertools.cycle(calls)

    async def work(count: int) -> None:
        for call, lead in itertools.islice(turns, count):
            await call(lead)

    return work


@asynccontextmanager
async def crowd(folder: Path, services: int) -> AsyncGenerator[Crowd, None]:
    """A generated application of so many services. Nobody watches the loop, which batches of calls hold up."""
    application = load_application(atoll_application(folder, services), folder)
    async with single(application, world=World.real(folder / "state", watchdog_s=None)) as running:
        yield Crowd(application, running)
