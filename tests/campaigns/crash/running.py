"""One run: an application under load, deaths of one kind, and what is there when all is over."""

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemEntropy
from atoll.testing import PostgresServer, postgres_server
from tests.campaigns.crash.book import Book, Load
from tests.campaigns.crash.fleet import Fleet
from tests.campaigns.crash.forking import forked_fleet
from tests.campaigns.crash.keeper import Armed, Spec
from tests.campaigns.crash.killing import LEASE_S, kill
from tests.campaigns.crash.oracle import Eye, PostgresEye, SqliteEye, Verdict, are_even, judged, look
from tests.campaigns.crash.points import LEAVING, POINTS, POSTGRES_POINTS, SQLITE_POINTS
from tests.campaigns.crash.scenarios import Scenario
from tests.campaigns.crash.supervised import supervised_fleet

DEATHS = 9
"""How many deaths at crash points await each service in a run."""
CATCH_UP_S = 60.0
"""In how many seconds after the last death everything has to have arrived."""


@dataclass
class Outcome:
    """What came of a run."""

    scenario: Scenario
    seed: int
    book: Book
    verdict: Verdict
    caught_up_s: float | None
    """How long after the last death everything had arrived; None where it had not."""
    kills: Counter[str] = field(default_factory=Counter[str])
    points: Counter[str] = field(default_factory=Counter[str])
    """How often which point was reached."""
    unreached: Counter[str] = field(default_factory=Counter[str])
    kept: Path | None = None
    """The folder of a run that has failed."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found, everything has arrived, and something was killed at all."""
        return self.verdict.is_clean and self.caught_up_s is not None and bool(self.kills)


async def run(
    scenario: Scenario,
    seed: int,
    *,
    deaths: Mapping[str, list[Armed]] | None = None,
    sabotage: str = "",
    has_keys: bool = True,
    patience_s: float = CATCH_UP_S,
) -> Outcome:
    """Run a scenario. All chance of the campaign comes from the seed; that of the processes' scheduler does not.

    `deaths` at crash points are drawn by chance, too, unless they are given; `sabotage` takes a safeguard away, and so
    does `has_keys=False`: calls that are sent again have no idempotency key then.
    """
    folder = Path(tempfile.mkdtemp(prefix="atoll-crash-"))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(_server()) if scenario.database == "postgresql" else None
        chance = random.Random(seed)
        spec = _spec(scenario, folder, server, chance)
        spec = msgspec.structs.replace(spec, sabotage=sabotage)
        if deaths is not None:
            spec = msgspec.structs.replace(spec, deaths=dict(deaths))
        try:
            outcome = await _run(scenario, seed, spec, server, chance, has_keys=has_keys, patience_s=patience_s)
        except (AssertionError, OSError) as error:  # it could not be run to its end, which is a failure as any other
            broken = Verdict(findings=[f"it broke off: {type(error).__name__}: {error}"])
            outcome = Outcome(scenario, seed, Book(), broken, None)
    if outcome.is_clean:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        outcome.kept = folder
    return outcome


async def _run(
    scenario: Scenario,
    seed: int,
    spec: Spec,
    server: PostgresServer | None,
    chance: random.Random,
    *,
    has_keys: bool,
    patience_s: float,
) -> Outcome:
    loop = asyncio.get_running_loop()
    eye: Eye | None = None
    start = supervised_fleet if scenario.victim == "supervisor" else forked_fleet
    async with start(spec) as made:
        await made.listening()
        carrier = HttpClient(made.directory, SystemEntropy())
        stumbles = start is forked_fleet  # at the pace of production a message that stumbles is long on its way
        load = Load(carrier, SystemEntropy(), chance, str(seed), stumbles=stumbles, has_keys=has_keys)
        try:
            load.start()
            await load.answered()
            await kill(scenario, made, server, chance, load)
            await load.answered()
            await load.stop()
            await asyncio.sleep(max(0.0, load.book.quiet_at - loop.time()))
            eye = SqliteEye(Path(spec.state)) if server is None else PostgresEye(server.url())
            caught_up_at = await _caught_up(eye, made, patience_s)
        finally:
            await carrier.close()
    assert eye is not None
    last = max((death.at for death in made.deaths if death.is_violent), default=loop.time())
    verdict = judged(load.book, await look(eye))
    await eye.close()
    kills = Counter(death.service for death in made.deaths if death.is_violent)
    points = Counter(f"{death.service} {death.point}" for death in made.deaths if death.point)
    unreached = Counter(f"{service} {armed.point}" for service, many in spec.deaths.items() for armed in many)
    unreached.subtract(points)
    caught_up_s = None if caught_up_at is None else max(0.0, caught_up_at - last)
    return Outcome(scenario, seed, load.book, verdict, caught_up_s, kills, points, +unreached)


def _spec(scenario: Scenario, folder: Path, server: PostgresServer | None, chance: random.Random) -> Spec:
    counts = {"till": scenario.instances, "ledger": scenario.instances, "archive": 1}
    places = {f"{service}-{number}": service for service, count in counts.items() for number in range(1, count + 1)}
    settings = {} if server is None else {"CRASH_DATABASE_URL": server.url()}
    deaths: dict[str, list[Armed]] = {}
    if scenario.victim == "points":
        for service, points in POINTS.items():
            known = [*points, *(POSTGRES_POINTS if server else SQLITE_POINTS)[service]]
            chosen = chance.sample(known, min(DEATHS, len(known)))
            deaths[service] = [
                Armed(each, 1 if each in LEAVING else chance.choice((1, 1, 2, 3, 8, 25))) for each in chosen
            ]
    return Spec(str(folder), places, settings, LEASE_S, deaths)


async def _caught_up(eye: Eye, made: Fleet, patience_s: float) -> float | None:
    """When everything had arrived; None where it has not in time.

    Processes go on dying at crash points that they had not come to before: each death gives those after it more time.
    """
    loop = asyncio.get_running_loop()
    begun_at = loop.time()
    while loop.time() < max([begun_at, *(death.at for death in made.deaths)]) + patience_s:
        if await are_even(eye):
            at = loop.time()
            await asyncio.sleep(0.2)
            if await are_even(eye):
                return at
        await asyncio.sleep(0.02)
    return None


@asynccontextmanager
async def _server() -> AsyncGenerator[PostgresServer]:
    """A PostgreSQL server of its own."""
    loop = asyncio.get_running_loop()
    running = postgres_server(settings={"max_connections": "200"})
    server = await loop.run_in_executor(None, running.__enter__)
    try:
        yield server
    finally:
        await loop.run_in_executor(None, running.__exit__, None, None, None)
