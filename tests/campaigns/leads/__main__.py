"""kill -9 of each of Revenue's services during an import, and each of them away throughout: is the count whole?

    python -m tests.campaigns.leads --leads 5000 --seed 1 [--only routing]

First services die one after the other, at moments that the seed decides, some hundred times; then, once for each
service but the one that takes leads in, an import is done while that service is away. In the end each lead of the file
must be there exactly once, with one owner or a place in a queue, turns fair within one lead, and each message that
tells of it under one id.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.table import Table

from atoll.cli.terminal import screen, table

from .count import SERVICES, wrong_with
from .running import Plan, Ran, run


def plans(leads: int, seed: int, only: str | None) -> dict[str, Plan]:
    """What is done, by what it is called."""
    away = {
        f"{service} away": Plan(leads, away=service, seed=seed)
        for service in SERVICES
        if service != "capture" and only in (None, service)
    }
    killed = (only,) if only else SERVICES
    return {f"kill -9 of {only or 'all'}": Plan(leads, killed=killed, every=1, seed=seed), **away}


def main() -> int:
    """Run it; 0 where each count was whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SERVICES, help="the only service that dies or is away")
    given = parser.parse_args()
    made = table("run", "killed", "import", "caught up", "owned", "waiting", "parked", "apart", "told again", "whole")
    is_whole = True
    for name, plan in plans(given.leads, given.seed, given.only).items():
        with tempfile.TemporaryDirectory(prefix="atoll-") as folder:
            ran = asyncio.run(run(plan, Path(folder)))
        wrong = wrong_with(ran.books)
        is_whole = is_whole and not wrong
        _add(made, name, ran, is_whole=not wrong)
        print(name, *(wrong or ["whole"]), sep="\n  ", flush=True)
    screen().print(made)
    return 0 if is_whole else 1


def _add(made: Table, name: str, ran: Ran, *, is_whole: bool) -> None:
    books = ran.books
    figures = (books.owned.total(), books.waiting, books.parked, books.apart, books.again)
    spans = (f"{ran.imported_s:.0f} s", f"{ran.settled_s:.0f} s")
    made.add_row(name, str(ran.killed.total()), *spans, *map(str, figures), "yes" if is_whole else "no")


if __name__ == "__main__":
    sys.exit(main())
