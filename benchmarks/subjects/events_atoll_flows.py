"""The stacks of events in Atoll: on either database, in one process or in two, each running until its block is left."""

import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from atoll.testing import PostgresServer, postgres_server
from benchmarks.measuring import Flow, Programs
from benchmarks.measuring.processor import cpu_s
from benchmarks.subjects.events_atoll import AtollPlace
from benchmarks.subjects.events_flows import SIDE, sides

MODULE = "benchmarks.subjects.events_atoll"

Topology = Literal["single", "processes"]

IN_FLIGHT, AHEAD_MAX = 64, 1000
"""So many transactions wait for the disk at once on SQLite, and so many events for their effects."""

POSTGRES_IN_FLIGHT, POSTGRES_AHEAD_MAX = 32, 500
"""Twice as many transactions as a service has connections."""


@contextmanager
def atoll_flow(
    topology: Topology,
    *,
    on_postgres: bool = False,
    idle: bool = False,
    subscribers: int = 1,
    keys: int = 1000,
    ahead_max: int | None = None,
) -> Generator[Flow]:
    """A producer and its subscribers. Of the rest `AtollPlace` says what it means.

    In processes the producer is held on one core and the subscribers, all in one process, on another; one process by
    itself, and a server, may use both.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="atoll-events-"))
        server = stack.enter_context(postgres_server()) if on_postgres else None
        programs = stack.enter_context(Programs())
        place = AtollPlace(folder, _url(server), keys, subscribers, idle)
        address = msgspec.json.encode(place).decode()
        name = f"{'platform alone' if idle else 'atoll'} {topology}, {'PostgreSQL' if on_postgres else 'SQLite'}"
        if topology == "processes":
            producer, subscriber = sides(programs, name, MODULE, address, Path(folder))
        else:
            producer = subscriber = programs.start(name, SIDE, "both", MODULE, address, str(Path(folder) / "followed"))
            producer.ready()
        others = {} if server is None else {"postgres": lambda: cpu_s(server.pid)}
        in_flight, most = (POSTGRES_IN_FLIGHT, POSTGRES_AHEAD_MAX) if on_postgres else (IN_FLIGHT, AHEAD_MAX)
        yield Flow(name, producer, subscriber, in_flight, ahead_max or most, others)


def _url(server: PostgresServer | None) -> str:
    """By its Unix socket, as the others connect."""
    return "" if server is None else f"postgresql://{server.user}@/postgres?host={server.folder}&port={server.port}"
