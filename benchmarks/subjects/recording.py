"""A call that does nothing, with and without a record of it: so that what it costs to be seen stands alone."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from atoll import Context, Service, World, contract, post
from atoll.adapters.system import SystemEntropy
from atoll.calls import Caller, Dispatcher, LocalTransport, client
from atoll.contract import contract_of
from atoll.kernel import Trace, current
from atoll.telemetry import Recorder
from atoll.topology.observing import observed
from atoll.topology.world import Watch
from benchmarks.measuring import Subject
from benchmarks.measuring.cost import Work

UNSEEN, SEEN = "nobody records it", "recorded"

Side = tuple[str, Subject, Subject]
"""A side of a call: its name, the call that nobody sees, and the one that is seen."""


@contract(version="1.0")
class Nothing(Protocol):
    """What is called."""

    @post("/nothing")
    async def nothing(self) -> None:
        """Do nothing."""
        ...


class _Nothing(Service, Nothing):
    async def nothing(self) -> None:
        """Nothing."""


async def sides(folder: Path, stack: AsyncExitStack) -> tuple[Side, Side]:
    """Both sides of a call, recorded as a process records its own, until the stack is closed."""
    world = World.real(folder, watch=Watch("nothing-1", is_collector=False))  # who collects is another process
    recorder = (await stack.enter_async_context(observed(world, "nothing"))).recorder
    return (
        ("caller's side", Subject(UNSEEN, _calls()), Subject(SEEN, _calls(caller=recorder))),
        ("called side", Subject(UNSEEN, _calls()), Subject(SEEN, _calls(called=recorder))),
    )


def _calls(*, caller: Recorder | None = None, called: Recorder | None = None) -> Work:
    local, made, entropy = LocalTransport(), _Nothing(), SystemEntropy()
    local.add(Dispatcher(contract_of(Nothing), {"nothing": made.nothing}, entropy, called))
    nothing = client(Nothing, Caller("caller", local, entropy, recorder=caller))

    async def work(count: int) -> None:
        current.set(Context(trace=Trace(7 << 64 | 7, 8, 0, True), caller="caller"))
        for _ in range(count):
            await nothing.nothing()

    return work
