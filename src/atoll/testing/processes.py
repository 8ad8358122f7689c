"""A whole application inside a test, each of its services in a process of its own."""

import dataclasses
import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemEntropy
from atoll.calls import Caller, client
from atoll.kernel import refuse
from atoll.topology import describe, load_application
from atoll.topology.hosting import directory_of
from atoll.topology.launching import Launch
from atoll.topology.plan import Grouping, parts_of, plan
from atoll.topology.supervising import supervising
from atoll.topology.supervisor import Supervisor

T = TypeVar("T")


class RunningProcesses:
    """An application whose services run in processes. `supervisor` restarts and scales them, and says how they fare."""

    def __init__(self, supervisor: Supervisor, carrier: HttpClient) -> None:
        self.supervisor = supervisor
        self._carrier = carrier

    def client(self, protocol: Callable[..., T]) -> T:
        """A client of one of its services.

        Raises:
            Mistakes: the class is no contract.
        """
        return client(protocol, Caller("", self._carrier, SystemEntropy()))


@asynccontextmanager
async def running_processes(
    place: str,
    *,
    folder: Path | None = None,
    state: Path | None = None,
    settings: Mapping[str, str] | None = None,
    groups: Sequence[Sequence[str]] = (),
    instances: Mapping[str, int] | None = None,
    drain_s: float = 2.0,
) -> AsyncGenerator[RunningProcesses]:
    """Run the application at a place, without its edges, as real processes until the block is left.

    Each process imports it anew, from `folder` (the current one by default); therefore it is named by its place,
    `package.module:attribute`. `settings` are environment variables, `groups` services that share a process,
    `instances` how many there are of each. The state is kept in the folder `state`, so that it can be started again
    with it; without one, in a temporary folder of which nothing is left.

    Raises:
        Mistakes: everything that is wrong with it.
        NotStarted: a process does not become ready; its log, on standard error, says why.
    """
    folder = (folder or Path()).absolute()
    graph = describe(dataclasses.replace(load_application(place, folder), edges=()))
    grouping = Grouping(tuple(map(tuple, groups)), dict(instances or {}))
    plans, mistakes = plan(parts_of(graph), grouping)
    refuse(mistakes)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATOLL_")}
    with _folder(state) as kept:
        launch = Launch(
            place,
            graph.manifest,
            kept,
            folder,
            drain_s=drain_s,
            environment=environment | dict(settings or {}),
        )
        async with supervising(plans, launch) as supervisor:
            directory = directory_of(Path(supervisor.peers_file), {})
            carrier = HttpClient(directory, SystemEntropy(), proving=supervisor.membership.operator)
            try:
                yield RunningProcesses(supervisor, carrier)
            finally:
                await carrier.close()


@contextmanager
def _folder(given: Path | None) -> Generator[Path]:
    """The folder that was given, or a temporary one."""
    if given is not None:
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="atoll-") as folder:
        yield Path(folder)
