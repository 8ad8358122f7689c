"""One supervisor for one state folder: its lock, the folder of its run, and the socket on which it can be asked."""

import asyncio
import contextlib
import functools
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from atoll.adapters.http_client import HttpClient
from atoll.adapters.http_server import HttpServer
from atoll.adapters.locks import locked
from atoll.adapters.parent import ENDING_S
from atoll.adapters.processes import is_accepting
from atoll.adapters.run_folder import RunFolder
from atoll.adapters.system import SystemClock, SystemDisk, SystemEntropy
from atoll.calls import Caller, Dispatcher, Handler, LocalTransport, client
from atoll.contract import contract_of
from atoll.kernel import AtollError, Config, refuse
from atoll.topology.exporting import export_target
from atoll.topology.joining import opened_authority
from atoll.topology.launching import Launch
from atoll.topology.membership import BUNDLE, Membership, Vouching
from atoll.topology.observing import observed
from atoll.topology.peers import Directory, Peers
from atoll.topology.plan import ProcessPlan
from atoll.topology.process import CONFIG, read_config
from atoll.topology.supervision import Supervision
from atoll.topology.supervisor import Supervisor
from atoll.topology.world import Watch, World

FILE = "supervisor.json"
LOCK = "supervisor.lock"

WAIT_S = 0.1
"""How often the lock is tried while processes of a supervisor that was killed are still on their way out."""


class Whereabouts(msgspec.Struct, frozen=True):
    """Where a supervisor can be asked, and who it is."""

    pid: int
    application: str
    address: str


class AlreadySupervised(AtollError):
    """Another supervisor has this state folder."""

    code = "already_supervised"

    def __init__(self, state: str, application: str, pid: int) -> None:
        super().__init__(state, application, pid)
        self.state, self.application, self.pid = state, application, pid

    def __str__(self) -> str:
        who = f"{self.application} (process {self.pid})" if self.pid else "another process"
        return f"{who} runs already with the state folder {self.state}; stop it, or name another --state"


class NotSupervised(AtollError):
    """No supervisor runs with this state folder."""

    code = "not_supervised"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state

    def __str__(self) -> str:
        return (
            f"nothing is supervised with the state folder {self.state}: start an application with "
            "`atoll run --topology processes`, or name the folder that it was started with by --state"
        )


@asynccontextmanager
async def supervising(
    plans: list[ProcessPlan], launch: Launch, *, elsewhere: Peers | None = None
) -> AsyncGenerator[Supervisor]:
    """Run all processes of an application until the block is left, with this process as their supervisor.

    Raises:
        AlreadySupervised: another supervisor has the state folder.
        AuthorityUnreadable: the file of the application's authority holds no keys.
        NotStarted: a process does not become ready.
    """
    clock, entropy, disk = SystemClock(), SystemEntropy(), SystemDisk(launch.state)
    world = World.real(launch.state, watch=Watch("supervisor"))
    target, mistakes = export_target(launch.application, _config(launch))
    refuse(mistakes)
    async with _lock(launch) as lock, observed(world, launch.application, target=target):
        folder = RunFolder.make(launch.state, [plan.name for plan in plans])
        with opened_authority(launch.application, launch.state, clock, entropy) as authority:
            tell = functools.partial(folder.write, BUNDLE)
            membership = Membership(authority, launch.manifest, clock, entropy, tell)
        supervisor = Supervisor(plans, launch, folder, membership, clock, entropy, elsewhere=elsewhere, keeps=(lock,))
        answering = LocalTransport()
        server = HttpServer(answering, [contract_of(Supervision), contract_of(Vouching)], entropy)
        handlers: dict[str, Handler] = {
            "processes": supervisor.processes,
            "restart": supervisor.restart,
            "scale": supervisor.scale,
            "stop_service": supervisor.stop_service,
            "start_service": supervisor.start_service,
            "rotate": supervisor.rotate,
        }
        dispatchers = [
            Dispatcher(contract_of(Supervision), handlers, entropy),
            Dispatcher(contract_of(Vouching), {"join": membership.join}, entropy),
        ]
        for dispatcher in dispatchers:
            answering.add(dispatcher)
        try:
            address = await server.listen(f"unix:{folder.socket('supervisor')}")
            whereabouts = Whereabouts(os.getpid(), launch.application, address)
            disk.write(FILE, msgspec.json.encode(whereabouts), private=True)
            await supervisor.start()
            yield supervisor
        finally:
            await supervisor.stop()
            await asyncio.gather(*(dispatcher.close() for dispatcher in dispatchers))
            await server.close()
            disk.remove(FILE)
            folder.remove()


def _config(launch: Launch) -> Config:
    """What is set for the processes of a run."""
    file = launch.config or launch.folder / CONFIG
    return read_config(file.parent, file.name)


@asynccontextmanager
async def supervision(state: Path) -> AsyncGenerator[Supervision]:
    """A client of the supervisor that runs with this state folder.

    Raises:
        NotSupervised: none does.
    """
    found = await _running(state)
    if found is None:
        raise NotSupervised(str(state))
    entropy = SystemEntropy()
    carrier = HttpClient(Directory(Peers({"atoll_supervisor": (found.address,)})), entropy)
    try:
        yield client(Supervision, Caller("", carrier, entropy))
    finally:
        await carrier.close()


@asynccontextmanager
async def _lock(launch: Launch) -> AsyncGenerator[int]:
    """The lock of the state folder, which the processes of a run hold, too.

    Where only processes of a supervisor that was killed still hold it, they are waited for.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + 2 * launch.drain_s + 2 * ENDING_S
    with contextlib.ExitStack() as stack:
        lock: int | None = None
        while lock is None:
            try:
                lock = stack.enter_context(locked(launch.state / LOCK, 0.0))
            except TimeoutError:
                found = await _running(launch.state)
                if found is not None or loop.time() > ends_at:
                    who = (found.application, found.pid) if found else ("", 0)
                    raise AlreadySupervised(str(launch.state), *who) from None
                await asyncio.sleep(WAIT_S)
        yield lock


async def _running(state: Path) -> Whereabouts | None:
    """The supervisor that answers for a state folder."""
    content = SystemDisk(state).read(FILE)
    if content is None:
        return None
    with contextlib.suppress(msgspec.DecodeError):
        found = msgspec.json.decode(content, type=Whereabouts)
        if await is_accepting(found.address.removeprefix("unix:")):
            return found
    return None
