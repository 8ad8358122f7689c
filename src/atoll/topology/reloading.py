"""Development: the processes of an application are replaced whenever its source has changed."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from atoll.adapters.changes import changes
from atoll.adapters.processes import NotStarted, start
from atoll.kernel import Tasks
from atoll.topology.graph import Graph
from atoll.topology.launching import Launch
from atoll.topology.supervisor import Supervisor

_log = logging.getLogger("atoll.reload")


@asynccontextmanager
async def watching(graph: Graph, launch: Launch) -> AsyncGenerator[asyncio.Queue[Path]]:
    """The source and settings files of an application that change while the block lasts."""
    changed: asyncio.Queue[Path] = asyncio.Queue()
    tasks = Tasks("reload")
    config = (launch.config or launch.folder / "atoll.toml").absolute()
    watched = [(folder, True) for folder in source_folders(graph, launch.place)] + [(config, False)]
    try:
        tasks_watching = [
            tasks.spawn(_watch(path, changed, is_source=is_source), f"watch {path}") for path, is_source in watched
        ]
        await asyncio.sleep(0)  # each watches from its first step on
        assert not any(task.done() for task in tasks_watching)
        yield changed
    finally:
        await tasks.close()


async def reloading(supervisor: Supervisor, launch: Launch, changed: asyncio.Queue[Path]) -> None:
    """Replace all processes whenever a file has changed, for ever.

    Where the changed application has mistakes, they are told on standard error, and the processes stay as they are.
    """
    while True:
        path = await changed.get()
        while not changed.empty():
            changed.get_nowait()
        _log.info("%s has changed", path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
        if await _is_in_order(launch):
            if await supervisor.restart_all(lambda _: None):
                _log.info("%s runs as it is written now", launch.application)
            else:
                _log.error("not all of %s runs as it is written now", launch.application)
        else:
            _log.error("what runs stays as it was until that is mended")


def source_folders(graph: Graph, place: str) -> list[Path]:
    """The folders in which an application and its services are written, without those inside of others."""
    found = sorted({folder for module in _modules(graph, place) for folder in _folders(module)})
    return [folder for folder in found if not any(other in folder.parents for other in found)]


def _modules(graph: Graph, place: str) -> Iterator[str]:
    yield place.partition(":")[0].partition(".")[0]
    for service in graph.services:
        yield service.service.__module__.partition(".")[0]


def _folders(name: str) -> Iterator[Path]:
    module = sys.modules.get(name)
    if module is None or name == "atoll":
        return
    paths: list[str] = list(getattr(module, "__path__", ()))
    if not paths and module.__file__:
        paths = [str(Path(module.__file__).parent)]
    yield from (Path(path).absolute() for path in paths)


async def _watch(path: Path, changed: asyncio.Queue[Path], *, is_source: bool) -> None:
    if is_source:
        async for each in changes(path, lambda file: file.suffix == ".py" and "__pycache__" not in file.parts):
            changed.put_nowait(each)
    else:
        async for each in changes(path.parent, lambda file: file.name == path.name, recursive=False):
            changed.put_nowait(each)


async def _is_in_order(launch: Launch) -> bool:
    """Whether the application as it is written now can be imported and fits together, in a process of its own."""
    command = [sys.executable, "-P", "-m", "atoll.cli", "check", launch.place, "--settings"]
    command += ["--config", str(launch.config)] if launch.config is not None else []
    command += ["--json"] if launch.as_json else []
    try:
        child = start("check", command, environment=launch.environment, folder=launch.folder, is_silent=True)
    except NotStarted as error:
        _log.error("%s", error)  # what is wrong is in its words
        return False
    try:
        return await asyncio.shield(child.ended) == 0
    finally:
        child.kill()
        await asyncio.wait([child.ended])
