"""A process that hosts services until it is told to end, or until who has started it is gone."""

import asyncio
import functools
import gc
import logging
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atoll.adapters.parent import Parent
from atoll.adapters.run_folder import ChangingFile, is_there
from atoll.kernel import Config, Mistake, Mistakes, Source, Tasks
from atoll.service import Application, Service
from atoll.topology.importing import imported
from atoll.topology.joining import Joining
from atoll.topology.peers import VARIABLE, Directory, Peers, peers_in, peers_of
from atoll.topology.serving import Serving, serving
from atoll.topology.world import Watch, World

_log = logging.getLogger("atoll.serve")


@dataclass(frozen=True, slots=True)
class Hosting:
    """What a process hosts, and where. `services` None means all of them; `joining` is its way to an identity.

    `process` is its name among those of the application, where somebody has given it one.
    """

    application: Application
    services: Sequence[str] | None
    listen: Sequence[str]
    state: Path
    config: Config
    drain_s: float = 10.0
    joining: Joining | None = None
    process: str = ""


def directory_of(file: Path | None, environment: Mapping[str, str]) -> Directory:
    """The peers in a file, or in the one that `ATOLL_PEERS` names, or in the environment itself.

    Raises:
        Mistakes: they cannot be read.
    """
    named = file or (Path(environment[VARIABLE]) if environment.get(VARIABLE) else None)
    if named is None:
        return Directory(peers_of(environment))
    source = ChangingFile(named)
    try:
        first = source.changed()
    except OSError as error:
        fix = "name a file of peers that this process can read"
        raise Mistakes([Mistake(Source(str(named)), f"the peers cannot be read: {error.strerror}", fix)]) from None
    assert first is not None

    def news() -> Peers | None:
        try:
            content = source.changed()
            return None if content is None else peers_in(content, str(named))
        except (OSError, Mistakes) as error:
            _log.warning("the peers are kept as they were: %s", error)
            return None

    return Directory(peers_in(first, str(named)), news)


def load_hosted(place: str, folder: Path, name: str | None) -> Application:
    """The application at a place; or one of a single service, where the place is that of a service's class.

    `name` says whose service that is: its settings are those of the application of this name. What is installed then
    counts before what lies in `folder`, where the application keeps modules of the same names, of its own time.

    Raises:
        Mistakes: there is neither.
    """
    if str(folder) not in sys.path:
        sys.path.insert(0 if name is None else len(sys.path), str(folder))
    found, mistakes = imported(place, "application")
    if mistakes:
        raise Mistakes(mistakes)
    if isinstance(found, Application):
        return found
    service = _service_class(found)
    if service is not None:
        own = name or service.__module__.partition(".")[0].lower()
        return Application(own, services=[service], edges=(), owner=own)
    fix = "name the attribute that holds `Application(...)`, or the class of a service"
    what = f"{place} is neither an Application nor a Service but {type(found).__name__}"
    raise Mistakes([Mistake(None, what, fix)])


def _is_somebody_there(directory: Directory, callers: Sequence[str]) -> bool:
    """Whether an instance of one of these services has not left yet."""
    return any(is_there(address) for name in callers for address in directory.addresses(name))


def _service_class(found: object) -> type[Service] | None:
    return found if isinstance(found, type) and issubclass(found, Service) else None


async def host(
    hosting: Hosting,
    directory: Directory,
    stop: asyncio.Event,
    parent: Parent | None,
    listening: Callable[[Serving], None],
) -> None:
    """Host services until `stop` is set. `listening` is called once they take calls.

    Where the parent is gone, the process goes on until nobody calls it any more: calls between services that are in
    progress end.

    Raises:
        Mistakes: everything that is wrong with the application, its settings or the peers.
        NotListening: an address is taken.
    """
    orphaned = asyncio.Event()
    if parent is not None:
        parent.when_gone(orphaned.set)
    async with serving(
        hosting.application,
        world=World.real(hosting.state, watch=Watch(hosting.process, is_collector=parent is None)),
        directory=directory,
        listen=hosting.listen,
        config=hosting.config,
        services=hosting.services,
        drain_s=hosting.drain_s,
        joining=hosting.joining,
    ) as served:
        listening(served)
        gc.freeze()  # what was made for the start is no garbage, and need not be looked at again
        await _first_of(stop.wait(), orphaned.wait())
        if not stop.is_set():
            assert parent is not None
            served.is_awaited = functools.partial(_is_somebody_there, directory, parent.callers)
            _log.warning("the supervisor is gone: this process ends when nobody calls it any more")
            await _first_of(stop.wait(), served.quiet(hosting.drain_s))


async def _first_of(*works: Coroutine[Any, Any, object]) -> None:  # Any: a coroutine's own send types
    """Wait until one of them is done."""
    tasks = Tasks("serve")
    try:
        waiting = [tasks.spawn(work, "wait", awaited=True) for work in works]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await tasks.close()
