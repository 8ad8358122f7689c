"""Storms of retries: a load that is too much, taken away again, and what lives on of it. In virtual time.

Five seconds of 0.8 times what a service can bear, ten seconds of three times as much, and ten of 0.8 times again. The
callers are as greedy as any: each asks three times, without a budget and without a breaker. The control has no door, no
deadline that travels and no cancellation either: whoever is not answered leaves his request where it is and asks again.
There the storm feeds itself, and goes on without its cause (a metastable failure: Bronson et al., HotOS 2021).

`python -m tests.campaigns.storm --runs 20`
"""

import argparse
import asyncio
import dataclasses
import sys
from collections.abc import Callable, Coroutine
from statistics import median
from typing import Any

from rich.progress import Progress

from atoll import Application, Context
from atoll.cli.terminal import print_json, screen, table
from atoll.kernel import Criticality, current
from atoll.resilience import Policies, Retry
from atoll.testing import running, simulate, test_world
from tests.calls.test_retrying import without_budget
from tests.mill import CAPACITY, DEADLINE_S, PLACES, Load, Mill, MillService, overloaded
from tests.plain import PLAIN

USUAL, TIMES = 0.8, 3.0
"""How much of what can be borne there is all the time, and for a while."""

AFTER = (18, 24)
"""The seconds that count: from three seconds after the end of the load on."""

BACK = 0.95
"""What of the load has to be answered then."""

ATTEMPTS = 3

GREEDY = Policies(Retry(throttled_base_s=0.05), without_budget)


class Impatient(Load):
    """Load of callers who wait, go away without a word, and ask again; nothing says until when they wait."""

    def __init__(self, mill: Mill, seed: int) -> None:
        super().__init__(mill, "patient", seed)
        self._left: set[asyncio.Future[None]] = set()

    async def ask(self, at: float, criticality: Criticality) -> None:
        """One call, made three times at most."""
        current.set(Context(criticality=criticality))
        self.made[int(at)] += 1
        for _ in range(ATTEMPTS):
            asked = asyncio.ensure_future(self.call())
            self._left.add(asked)
            asked.add_done_callback(self._forget)
            done, _ = await asyncio.wait([asked], timeout=DEADLINE_S)
            if done and asked.exception() is None:
                self.good[int(at)] += 1
                return

    async def gone(self) -> None:
        """End what nobody waits for."""
        for asked in self._left:
            asked.cancel()
        await asyncio.gather(*self._left, return_exceptions=True)

    def _forget(self, asked: "asyncio.Future[None]") -> None:
        self._left.discard(asked)
        if not asked.cancelled():
            asked.exception()  # retrieved here: nobody waits for it any more


async def guarded(seed: int) -> Load:
    """With all that a process has by itself."""
    return await overloaded(TIMES, operation="wait", policies=GREEDY, seed=seed)


async def unguarded(seed: int) -> Load:
    """The control: what others do all the time, and what is too much for ten seconds."""
    PLACES[:] = [asyncio.Semaphore(10)]
    world = dataclasses.replace(test_world(seed), policies=PLAIN)
    async with running(Application("mill", services=[MillService]), world=world) as app:
        mill = app.client(Mill)
        usual, more = Impatient(mill, seed), Impatient(mill, seed + 1)

        async def trigger() -> None:
            await asyncio.sleep(5)
            await more.run((TIMES - USUAL) * CAPACITY, 10)

        await asyncio.gather(usual.run(USUAL * CAPACITY, 25), trigger())
        for load in (usual, more):
            await load.gone()
    return usual


def afterwards(run: Callable[[int], Coroutine[Any, Any, Load]], seed: int) -> float:  # Any: a coroutine's own
    """What share of the calls is answered that were made when all should be as before."""
    load = simulate(lambda: run(seed), seed)
    seconds = range(*AFTER)
    return sum(load.good[each] for each in seconds) / sum(load.made[each] for each in seconds)


def main() -> int:
    """Run them; 0 where what is guarded is as before each time, and the control never is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="tell it to a program")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.runs)
    shares: dict[str, list[float]] = {"guarded": [], "control": []}
    with Progress(console=screen(sys.stderr), transient=True) as progress:
        task = progress.add_task("storms", total=2 * len(seeds))
        for seed in seeds:
            for name, run in (("guarded", guarded), ("control", unguarded)):
                shares[name].append(afterwards(run, seed))
                progress.advance(task)
    is_well = min(shares["guarded"]) >= BACK and max(shares["control"]) < BACK
    if given.json:
        print_json({"runs": len(seeds), "first_seed": given.seed, "is_well": is_well} | shares)
    else:
        made = table("answered, three seconds after the load", "least", "median", "most")
        for name, found in shares.items():
            made.add_row(name, *(f"{each:.1%}" for each in (min(found), median(found), max(found))))
        screen().print(made)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
