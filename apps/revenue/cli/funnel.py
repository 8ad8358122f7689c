"""`revenue funnel`: how far leads have come, and that none is missing: accepted = routed + waiting + parked."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import click
from rich.markup import escape

from atoll import AtollError, read_config
from atoll.elsewhere import Connected
from atoll.operating import Which, operated
from revenue.capture.contract import Capture
from revenue.enrichment.contract import Enrichment
from revenue.identity.contract import Identity
from revenue.routing.contract import AssignmentNotFound, Routing
from revenue.scoring.contract import Scoring

from .answers import to_json
from .options import Options, with_options
from .plots import bars, save_bars, with_picture
from .screen import Screen

FLOW = ("identity", "enrichment", "scoring", "routing")
"""Who handles a lead after Capture, in its order."""
LETTERS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Stage:
    """A service on the way: so many leads have come out of it, so many wait for it, so many are parked there."""

    name: str
    leads: int
    waiting: int
    parked: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """All stages. `is_whole`: every accepted lead is routed, waits, or is parked; none is missing and none is extra."""

    accepted: int
    stages: tuple[Stage, ...]

    @property
    def routed(self) -> int:
        """Leads with an owner."""
        return self.stages[-1].leads

    @property
    def waiting(self) -> int:
        """Leads on their way."""
        return sum(stage.waiting for stage in self.stages)

    @property
    def parked(self) -> int:
        """Leads that need somebody's decision."""
        return sum(stage.parked for stage in self.stages)

    @property
    def is_whole(self) -> bool:
        """Whether the count is whole: no service has handled more leads than came to it."""
        whole = self.accepted == self.routed + self.waiting + self.parked
        return whole and all(stage.waiting >= 0 for stage in self.stages)


def funnel_of(accepted: int, handled: Sequence[int], parked: Sequence[int]) -> Funnel:
    """The funnel of so many leads that each service has handled, and that are parked there, in the order of `FLOW`.

    >>> funnel = funnel_of(10, [10, 9, 8, 7], [0, 0, 1, 0])
    >>> funnel.routed, funnel.waiting, funnel.parked, funnel.is_whole
    (7, 2, 1, True)
    """
    stages: list[Stage] = []
    before = accepted
    for name, leads, stuck in zip(FLOW, handled, parked, strict=True):
        stages.append(Stage(name, leads, before - leads - stuck, stuck))
        before = leads
    return Funnel(accepted, tuple(stages))


@click.command("funnel")
@with_picture("it")
@with_options
def funnel_command(options: Options, plot: Path | None) -> None:
    """Show how many leads have come how far, and that the count is whole."""
    funnel = asyncio.run(funnel_now(options))
    if plot is not None:
        save_bars(plot, "Leads", _bars(funnel))
    if options.as_json:
        click.echo(to_json(_as_json(funnel)))
        return
    screen = Screen()
    rows = [["accepted", str(funnel.accepted), "", "", bars(funnel.accepted, funnel.accepted)]]
    rows += [
        [stage.name, str(stage.leads), str(stage.waiting or ""), _parked(stage), bars(stage.leads, funnel.accepted)]
        for stage in funnel.stages
    ]
    screen.table("Leads", ("stage", "leads", "waiting", "parked", ""), rows, numbers=(1, 2, 3))
    screen.say(summed(funnel))
    if funnel.parked:
        screen.say("Parked leads need a decision: `atoll events dead revenue.application:revenue` shows why.")


async def funnel_now(options: Options) -> Funnel:
    """How far leads have come by now.

    Raises:
        ClickException: nothing answers, or the databases cannot be looked at.
    """
    async with AsyncExitStack() as stack:
        it = await stack.enter_async_context(options.reached())
        # From the end to the beginning, so that a lead on its way is counted where it was, and never twice.
        routed = await it.client(Routing).count()
        scored = await it.client(Scoring).count()
        enriched = await it.client(Enrichment).count()
        resolved = await it.client(Identity).count()
        captured = await it.client(Capture).count()
        parked = await _parked_leads(options, it)
    handled = [resolved.leads, enriched.leads, scored.leads, routed.leads]
    return funnel_of(captured.leads, handled, parked)


async def _parked_leads(options: Options, it: Connected) -> list[int]:
    """How many leads without an owner each service has put aside; known where the databases can be reached."""
    from revenue.application import revenue  # noqa: PLC0415  # only this looks into databases itself

    if options.url is not None:
        return [0] * len(FLOW)
    try:
        async with operated(revenue, options.state, read_config(Path.cwd())) as operator:
            letters = await operator.letters(Which(), limit=LETTERS_MAX)
    except AtollError as error:
        raise click.ClickException(f"the databases cannot be looked at: {error}") from None
    routing, known, counts = it.client(Routing), set[str](), list[int]()
    for name in FLOW:
        keys = {letter.key for letter in letters.get(name, []) if letter.key} - known
        known |= keys
        counts.append(sum([await _is_unrouted(routing, key) for key in keys]))
    return counts


async def _is_unrouted(routing: Routing, lead_id: str) -> bool:
    try:
        await routing.assignment(lead_id)
    except AssignmentNotFound:
        return True
    return False


def summed(funnel: Funnel) -> str:
    """The count as a line: accepted = routed + waiting + parked."""
    line = f"accepted {funnel.accepted} = routed {funnel.routed} + waiting {funnel.waiting} + parked {funnel.parked}"
    return f"[green]{line}[/]" if funnel.is_whole else f"[bold red]The count is not whole:[/] {escape(line)}"


def _parked(stage: Stage) -> str:
    return f"[bold red]{stage.parked}[/]" if stage.parked else ""


def _bars(funnel: Funnel) -> dict[str, int]:
    return {"accepted": funnel.accepted} | {stage.name: stage.leads for stage in funnel.stages}


def _as_json(funnel: Funnel) -> dict[str, object]:
    return {
        "accepted": funnel.accepted,
        "routed": funnel.routed,
        "waiting": funnel.waiting,
        "parked": funnel.parked,
        "is_whole": funnel.is_whole,
        "stages": {
            stage.name: {"leads": stage.leads, "waiting": stage.waiting, "parked": stage.parked}
            for stage in funnel.stages
        },
    }
