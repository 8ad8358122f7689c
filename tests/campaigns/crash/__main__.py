"""The campaign: `python -m tests.campaigns.crash --runs 10`, or `make crash RUNS=10 SEED=1`."""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Sequence
from typing import TextIO

import uvloop
from rich.console import Console

from tests.campaigns.crash.report import as_json, never_reached, show, show_failed
from tests.campaigns.crash.running import Outcome, run
from tests.campaigns.crash.scenarios import SCENARIOS, scenario_of


async def campaign(seeds: Sequence[int], said: Console, *, only: str = "", jobs: int = 1) -> list[Outcome]:
    """A run for each seed, so many at a time. `only` names the scenarios, by how what they say of themselves begins."""
    outcomes: list[Outcome] = []
    places = asyncio.Semaphore(jobs)

    async def one(seed: int) -> None:
        async with places:
            outcome = await run(scenario_of(seed, only), seed)
        outcomes.append(outcome)
        tell(outcome, said)

    async with asyncio.TaskGroup() as group:
        for seed in seeds:
            group.create_task(one(seed))
    return sorted(outcomes, key=lambda outcome: outcome.seed)


def tell(outcome: Outcome, said: Console) -> None:
    """A line for a run that has ended, and more where it has failed."""
    caught_up = "did not catch up" if outcome.caught_up_s is None else f"caught up in {outcome.caught_up_s:.2f} s"
    counts = f"{outcome.kills.total()} kills, {len(outcome.book.acknowledged)} acknowledged, {caught_up}"
    said.print(f"seed {outcome.seed}: {outcome.scenario}: {counts}", highlight=False, style="dim")
    if not outcome.is_clean:
        show_failed(outcome, said)


def console(stream: TextIO) -> Console:
    """Where to show something: as wide as the table needs where it is no terminal."""
    return Console(file=stream, width=None if stream.isatty() else 140)


def main() -> int:
    """Run the campaign as the command line says; 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of the first run; the others follow (by chance)")
    parser.add_argument("--only", default="", help='scenarios that begin so: "points", "till, sqlite", ...')
    parser.add_argument("--jobs", type=int, default=3, help="so many runs at a time")
    parser.add_argument("--json", action="store_true", help="tell it to a program")
    given = parser.parse_args()
    seed = secrets.randbelow(100_000) * len(SCENARIOS) if given.seed is None else given.seed
    seeds = range(seed, seed + given.runs)
    outcomes = uvloop.run(campaign(seeds, console(sys.stderr), only=given.only, jobs=given.jobs))
    if given.json:
        print(json.dumps(as_json(outcomes, seed), indent=2))
    else:
        show(outcomes, seed, console(sys.stdout))
    return 1 if never_reached(outcomes) or not all(outcome.is_clean for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
