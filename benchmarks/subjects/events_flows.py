"""The stacks of events beside Atoll's, each running with its servers until its block is left."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from atoll.testing import nats_server, postgres_server
from benchmarks.measuring import Flow, Program, Programs, cores
from benchmarks.measuring.processor import cpu_s
from benchmarks.subjects.events_place import Place

SIDE = "benchmarks.subjects.events_side"
FASTSTREAM_MODULE = "benchmarks.subjects.events_faststream"
NATS_MODULE = "benchmarks.subjects.events_nats"

FASTSTREAM, NATS = "sqlalchemy+faststream", "nats-py on JetStream"

FASTSTREAM_IN_FLIGHT, FASTSTREAM_AHEAD_MAX = 32, 256
"""As many transactions as there are connections, and always more events on their way than are handled at once."""

NATS_IN_FLIGHT, NATS_AHEAD_MAX = 256, 1000
"""As many messages wait for their acknowledgement at once, and for their effect."""


def sides(programs: Programs, name: str, module: str, address: str, folder: Path) -> tuple[Program, Program]:
    """The producer and the subscriber of a stack, both ready: a module that is a `Peer`, and where its servers are.

    Each is held on a core of its own; servers are not. The file by which they tell each other how far they are lies in
    the folder.
    """
    arguments = (module, address, str(folder / "followed"))
    first, second = cores()
    producer = programs.start(f"{name}: producer", SIDE, "produce", *arguments, core=first)
    subscriber = programs.start(f"{name}: subscriber", SIDE, "subscribe", *arguments, core=second)
    producer.ready()
    subscriber.ready()
    return producer, subscriber


@contextmanager
def faststream_flow(*, sync_always: bool = False) -> Generator[Flow]:
    """The field's habit, with PostgreSQL on both sides: a producer, a relay, a subscriber, a process each.

    The broker flushes its files every two minutes, as it does by itself; with `sync_always`, before it acknowledges.
    """
    with postgres_server() as postgres, nats_server(sync_always=sync_always) as broker, Programs() as programs:
        place = Place(str(postgres.folder), postgres.port, postgres.user, broker.url)
        address = msgspec.json.encode(place).decode()
        producer, subscriber = sides(programs, FASTSTREAM, FASTSTREAM_MODULE, address, broker.folder)
        relay = programs.start(f"{FASTSTREAM}: relay", f"{FASTSTREAM_MODULE}_relay", address)
        relay.ready()
        others = {
            "relay": relay.cpu_s,
            "postgres": lambda: cpu_s(postgres.pid),
            "nats-server": lambda: cpu_s(broker.pid),
        }
        yield Flow(FASTSTREAM, producer, subscriber, FASTSTREAM_IN_FLIGHT, FASTSTREAM_AHEAD_MAX, others)


@contextmanager
def nats_flow(*, sync_always: bool = False) -> Generator[Flow]:
    """nats-py alone, without a database: what any stack on the broker is bound by. `sync_always` is as above."""
    with nats_server(sync_always=sync_always) as broker, Programs() as programs:
        producer, subscriber = sides(programs, NATS, NATS_MODULE, broker.url, broker.folder)
        others = {"nats-server": lambda: cpu_s(broker.pid)}
        yield Flow(NATS, producer, subscriber, NATS_IN_FLIGHT, NATS_AHEAD_MAX, others)
