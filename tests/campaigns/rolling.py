"""Restarts and changes of scale under load: not one request may fail.

    python -m tests.campaigns.rolling --requests 100000 --per-s 1000

The load goes straight to the services, with Atoll's own client; what is under way when an instance leaves is answered
by it, and what comes after that is sent to another one.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from atoll.kernel import Tasks
from atoll.processes import Supervision, supervision
from tests.load import Ask, Clients, Outcome, Schedule, clients, load
from tests.topology.busy import Order, Orders, Stock
from tests.topology.processes import supervised_program

REST_S = 0.3


@dataclass(frozen=True)
class Round:
    """What was done while requests went on, and what became of them."""

    done: int
    outcome: Outcome


def mixed(application: Clients) -> Ask:
    """Requests of every kind in turn: idempotent and not, to one service and through another."""
    orders, stock = application.client(Orders), application.client(Stock)
    kinds: list[Callable[[int], Awaitable[object]]] = [
        lambda number: stock.level(f"item {number}"),
        lambda number: stock.reserve(Order(item=f"item {number}")),
        lambda number: orders.status(f"item {number}"),
        lambda number: orders.order(Order(item=f"item {number}")),
    ]
    return lambda number: kinds[number % len(kinds)](number)


async def rolling(state: Path, schedule: Schedule) -> Round:
    """Restart and scale both services again and again, while requests go on."""
    done = 0

    async def operate(supervisor: Supervision) -> None:
        nonlocal done
        while True:
            for service, instances in (("stock", 4), ("stock", 2), ("orders", 3), ("orders", 2)):
                for steps in (supervisor.restart(service), supervisor.scale(service, instances)):
                    async for _ in steps:
                        pass
                    done += 1
            await asyncio.sleep(REST_S)

    tasks = Tasks("campaign")
    async with clients(state) as application, supervision(state) as supervisor:
        try:
            operating = tasks.spawn(operate(supervisor), "operate")
            outcome = await load(mixed(application), schedule)
            assert not operating.done(), operating.exception()
        finally:
            await tasks.close()
    return Round(done, outcome)


def campaign(requests: int, per_s: float) -> int:
    """Run it with an application of its own, and print what came of it; 0 where nothing has failed."""
    instances = ("--instances", "stock=2", "--instances", "orders=2")
    with tempfile.TemporaryDirectory() as folder, supervised_program(Path(folder), *instances):
        found = asyncio.run(rolling(Path(folder), Schedule(requests, per_s)))
    print(f"{found.done} restarts and changes of scale: {found.outcome}", flush=True)
    return 1 if found.outcome.failed else 0


def main() -> int:
    """Run the campaign as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--per-s", type=float, default=600)
    given = parser.parse_args()
    return campaign(given.requests, given.per_s)


if __name__ == "__main__":
    sys.exit(main())
