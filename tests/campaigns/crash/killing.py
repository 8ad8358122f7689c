"""How a scenario kills: processes at random moments and at crash points, their supervisor, the database server."""

import asyncio
import os
import random
import signal

from atoll.testing import PostgresServer
from tests.campaigns.crash.book import Load
from tests.campaigns.crash.fleet import SERVICES, Death, Fleet
from tests.campaigns.crash.scenarios import Scenario
from tests.campaigns.crash.supervised import SupervisedFleet

KILLS = 12
"""How many processes are killed in a run at random moments."""
POINTS_S = 8.0
"""How long a run waits for processes to get to their crash points."""
PAUSES = 4
"""How often an instance is paused in a run."""
LEASE_S = 0.5
"""How long the leases of a dead process last: so long the ledger rests after each death, so that there are many."""


async def kill(
    scenario: Scenario, made: Fleet, server: PostgresServer | None, chance: random.Random, load: Load
) -> None:
    """Kill what the scenario says, while the load goes on."""
    loop = asyncio.get_running_loop()
    if scenario.victim == "points":
        ends_at = loop.time() + POINTS_S
        while loop.time() < ends_at and (made.armed or not made.deaths):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.02)
    elif scenario.victim == "postgresql":
        assert server is not None
        await _kill_server(made, server, chance, load)
    elif scenario.victim == "paused":
        for _ in range(PAUSES):
            await asyncio.sleep(chance.uniform(0.1, 0.4))
            await _pause(made, chance)
    elif isinstance(made, SupervisedFleet):
        for _ in range(KILLS // 6):
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            _kill_some("any", made, chance)
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            await made.kill_supervisor()
    else:
        for number in range(KILLS):
            if number % 3 == 0:
                await load.answered()  # else a slow machine would only ever start
            await asyncio.sleep(chance.uniform(0.01, 0.35))
            _kill_some(scenario.victim, made, chance)


def _kill_some(victim: str, made: Fleet, chance: random.Random) -> None:
    if victim == "all at once":
        victims = made.pids(SERVICES)
    else:
        living = made.pids(SERVICES if victim == "any" else [victim])
        victims = [chance.choice(living)] if living else []
    for pid in victims:
        made.kill(pid)


async def _pause(made: Fleet, chance: random.Random) -> None:
    """Pause an instance of the ledger for longer than its leases last; then it goes on, and has missed all that."""
    pid = chance.choice(made.pids(["ledger"]))
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(LEASE_S * chance.uniform(1.5, 3.0))
    finally:
        os.kill(pid, signal.SIGCONT)
    made.deaths.append(Death(asyncio.get_running_loop().time(), "ledger, paused"))


async def _kill_server(made: Fleet, server: PostgresServer, chance: random.Random, load: Load) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(KILLS // 4):
        await load.answered()
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        await loop.run_in_executor(None, server.kill)
        made.deaths.append(Death(loop.time(), "postgresql"))
        await asyncio.sleep(chance.choice((0.0, 0.3)))
        await loop.run_in_executor(None, server.restart)
