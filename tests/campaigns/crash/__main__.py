"""The campaign: `python -m tests.campaigns.crash --runs 10`, or `make crash RUNS=10 SEED=1`."""

import argparse
import json
import secrets
import sys
from typing import TextIO

import uvloop
from rich.console import Console

from tests.campaigns.crash.report import as_json, never_reached, show, show_failed
from tests.campaigns.crash.running import Outcome, run
from tests.campaigns.crash.scenarios import scenario_of


async def campaign(runs: int, seed: int, said: Console, only: str = "") -> list[Outcome]:
    """So many runs, each with the next seed. `only` names the scenarios, by what they say of themselves."""
    outcomes: list[Outcome] = []
    for number in range(seed, seed + runs):
        scenario = scenario_of(number, only)
        outcome = await run(scenario, number)
        outcomes.append(outcome)
        book, kills = outcome.book, outcome.kills.total()
        told = f"seed {number}: {scenario}: {kills} kills, {len(book.acknowledged)} acknowledged"
        said.print(f"{told}, caught up in {outcome.caught_up_s or 0:.2f} s", highlight=False, style="dim")
        if not outcome.is_clean:
            show_failed(outcome, said)
    return outcomes


def console(stream: TextIO) -> Console:
    """Where to show something: as wide as the table needs where it is no terminal."""
    return Console(file=stream, width=None if stream.isatty() else 140)


def main() -> int:
    """Run the campaign as the command line says; 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of the first run; the others follow (by chance)")
    parser.add_argument("--only", default="", help='scenarios that begin so: "points", "till, sqlite", ...')
    parser.add_argument("--json", action="store_true", help="tell it to a program")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    outcomes = uvloop.run(campaign(given.runs, seed, console(sys.stderr), given.only))
    if given.json:
        print(json.dumps(as_json(outcomes, seed), indent=2))
    else:
        show(outcomes, seed, console(sys.stdout))
    return 1 if never_reached(outcomes) or not all(outcome.is_clean for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
