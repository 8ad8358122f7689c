"""kill -9 of instances under load: idempotent calls all succeed, others succeed or are told that nobody knows.

    python -m tests.campaigns.killing --requests 20000 --per-s 500

Instances of one service die one after the other, each once the last one has been started again.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
from pathlib import Path

from atoll.kernel import Tasks
from atoll.processes import State, Supervision, supervision
from tests.campaigns.rolling import Round, mixed
from tests.load import Ask, Clients, Schedule, clients, load
from tests.topology.busy import Orders, Stock
from tests.topology.processes import supervised_program

PAUSE_S = 0.5


def idempotent(application: Clients) -> Ask:
    """Requests that may be sent again, to the service itself and through another one."""
    orders, stock = application.client(Orders), application.client(Stock)
    return lambda number: (stock.level if number % 2 else orders.status)(f"item {number}")


async def killing(state: Path, schedule: Schedule, *, is_mixed: bool, seed: int = 0) -> Round:
    """Kill one instance of Stock after the other, while requests go on."""
    done = 0
    chance = random.Random(seed)

    async def kill(supervisor: Supervision) -> None:
        nonlocal done
        while True:
            await asyncio.sleep(PAUSE_S)
            processes = [each for each in await supervisor.processes() if each.name.startswith("stock")]
            if len(processes) > 2 and all(each.state is State.READY for each in processes):
                os.kill(chance.choice(processes).pid, signal.SIGKILL)
                done += 1

    tasks = Tasks("campaign")
    async with clients(state) as application, supervision(state) as supervisor:
        try:
            running = tasks.spawn(kill(supervisor), "kill")
            outcome = await load((mixed if is_mixed else idempotent)(application), schedule)
            assert not running.done(), running.exception()
        finally:
            await tasks.close()
    return Round(done, outcome)


def campaign(requests: int, per_s: float, seed: int = 0) -> int:
    """Run it with applications of its own, and print what came of it; 0 where nothing has failed that must not."""
    found: list[Round] = []
    for is_mixed in (False, True):
        with tempfile.TemporaryDirectory() as folder, supervised_program(Path(folder), "--instances", "stock=3"):
            schedule = Schedule(requests, per_s)
            found.append(asyncio.run(killing(Path(folder), schedule, is_mixed=is_mixed, seed=seed)))
        kind = "mixed" if is_mixed else "idempotent"
        print(f"{kind} requests, {found[-1].done} instances killed: {found[-1].outcome}", flush=True)
    return 1 if found[0].outcome.failed or found[1].outcome.failures.keys() - {"unavailable"} else 0


def main() -> int:
    """Run the campaign as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--per-s", type=float, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    return campaign(given.requests, given.per_s, given.seed)


if __name__ == "__main__":
    sys.exit(main())
