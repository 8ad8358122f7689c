"""A dependency that hangs, for real: how late the answer is, and whether anybody goes on with the work.

    python -m tests.campaigns.hung --runs 20

A caller gives Orders 300 ms, which asks Stock, which would take a minute. All three are processes. The answer should be
there by the deadline and 50 ms, and a moment later neither Orders nor Stock should have a call in progress.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass
from statistics import median

from rich.progress import Progress

from atoll import Context, DeadlineExceeded
from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemEntropy
from atoll.calls import Caller, client
from atoll.cli.terminal import print_json, screen, table
from atoll.hosting import Directory, Peers
from atoll.identity import OPERATOR
from atoll.kernel import current
from atoll.testing import running_processes
from atoll.testing.processes import RunningProcesses
from atoll.topology.reporting import Reporting
from tests.topology.busy import Orders

DEADLINE_S = 0.3

LATE_S_MAX = 0.05

SOON_S = 0.05
"""How soon nobody works any more: the news of a deadline travels as a closed connection."""


@dataclass(frozen=True)
class Hung:
    """By how much each answer was late, in seconds, and how many calls went on afterwards."""

    late_s: list[float]
    going_on: int

    @property
    def is_well(self) -> bool:
        """Whether each answer was there in time, and nothing went on."""
        return max(self.late_s) <= LATE_S_MAX and not self.going_on


async def hung(runs: int, progress: Progress) -> Hung:
    """Ask so many times, one after the other."""
    late_s: list[float] = []
    going_on = 0
    task = progress.add_task("hung", total=runs)
    async with running_processes("tests.topology.busy:busy") as application:
        orders = application.client(Orders)
        loop = asyncio.get_running_loop()
        for _ in range(runs):
            deadline_at = loop.time() + DEADLINE_S
            token = current.set(Context(deadline_at=deadline_at))
            try:
                await orders.order_slowly(60)
            except DeadlineExceeded:
                late_s.append(loop.time() - deadline_at)
            finally:
                current.reset(token)
            await asyncio.sleep(SOON_S)
            going_on += await _in_progress(application)
            progress.advance(task)
    return Hung(late_s, going_on)


async def _in_progress(application: RunningProcesses) -> int:
    """How many calls are in progress in all processes."""
    found = 0
    for process in await application.supervisor.processes():
        carrier = HttpClient(
            Directory(Peers({"atoll_process": (process.address,)})),
            SystemEntropy(),
            proving=application.supervisor.membership.operator,
        )
        report = await client(Reporting, Caller(OPERATOR, carrier, SystemEntropy())).report()
        await carrier.close()
        found += sum(instance.active for instance in report.instances)
    return found


def main() -> int:
    """Run it; 0 where each answer was there in time, and nothing went on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="tell it to a program")
    given = parser.parse_args()
    with Progress(console=screen(sys.stderr), transient=True) as progress:
        found = asyncio.run(hung(given.runs, progress))
    if given.json:
        print_json({"late_s": found.late_s, "going_on": found.going_on, "is_well": found.is_well})
    else:
        made = table("answers behind the deadline", "median", "most", "calls that went on")
        most = f"{max(found.late_s) * 1_000:.1f} ms"
        made.add_row(str(len(found.late_s)), f"{median(found.late_s) * 1_000:.1f} ms", most, str(found.going_on))
        screen().print(made)
    return 0 if found.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
