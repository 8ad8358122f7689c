"""`revenue funnel`: how far leads have come, and that none is missing: accepted = routed + waiting + parked."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import click

from atoll import AtollError, DeadlineExceeded, Unavailable, read_config
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
    """A service on the way: so many leads have come out of it, so many wait for it, so many are parked there.

    What a service that does not answer has handled is not known (None). Whoever waits for it or for one behind it is
    counted where it is, up to the next one that answers; behind the last of those nobody knows (`waiting` None).
    """

    name: str
    leads: int | None
    waiting: int | None
    parked: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """All stages; what is not known, since the service that counts it does not answer, is None."""

    accepted: int | None
    stages: tuple[Stage, ...]

    @property
    def routed(self) -> int | None:
        """Leads with an owner."""
        return self.stages[-1].leads

    @property
    def waiting(self) -> int | None:
        """Leads on their way."""
        each = [stage.waiting for stage in self.stages if stage.waiting is not None]
        return sum(each) if len(each) == len(self.stages) else None

    @property
    def parked(self) -> int:
        """Leads that need somebody's decision."""
        return sum(stage.parked for stage in self.stages)

    @property
    def away(self) -> list[str]:
        """Those that do not answer."""
        capture = ["capture"] if self.accepted is None else []
        return capture + [stage.name for stage in self.stages if stage.leads is None]

    @property
    def is_whole(self) -> bool | None:
        """Whether none is missing and none is extra: no service has handled more leads than came to it."""
        if self.accepted is None or self.routed is None or self.waiting is None:
            return None
        whole = self.accepted == self.routed + self.waiting + self.parked
        return whole and all((stage.waiting or 0) >= 0 for stage in self.stages)


def funnel_of(accepted: int | None, handled: Sequence[int | None], parked: Sequence[int]) -> Funnel:
    """The funnel of so many leads that each service has handled, and that are parked there, in the order of `FLOW`.

    >>> funnel = funnel_of(10, [10, 9, 8, 7], [0, 0, 1, 0])
    >>> funnel.routed, funnel.waiting, funnel.parked, funnel.is_whole, funnel.away
    (7, 2, 1, True, [])
    >>> funnel = funnel_of(10, [10, None, None, 7], [0, 0, 1, 0])
    >>> [stage.waiting for stage in funnel.stages], funnel.waiting, funnel.is_whole, funnel.away
    ([0, 2, 0, 0], 2, True, ['enrichment', 'scoring'])
    """
    stages: list[Stage] = []
    before, parked_since = accepted, 0
    for name, leads, stuck in zip(FLOW, handled, parked, strict=True):
        stages.append(Stage(name, leads, None, stuck))
        parked_since += stuck
        if leads is None:
            continue
        since = next(place for place in range(len(stages)) if stages[place].waiting is None)
        waiting = None if before is None else before - leads - parked_since
        for place in range(since, len(stages)):
            stages[place] = replace(stages[place], waiting=waiting if place == since else 0)
        before, parked_since = leads, 0
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
    most = max((leads for leads in (funnel.accepted, *(stage.leads for stage in funnel.stages)) if leads), default=0)
    rows = [["accepted", _known(funnel.accepted), "", "", bars(funnel.accepted or 0, most)]]
    rows += [
        [stage.name, _known(stage.leads), str(stage.waiting or ""), _parked(stage), bars(stage.leads or 0, most)]
        for stage in funnel.stages
    ]
    screen.table("Leads", ("stage", "leads", "waiting", "parked", ""), rows, numbers=(1, 2, 3))
    screen.say(summed(funnel))
    if funnel.parked:
        screen.say("Parked leads need a decision: `atoll events dead revenue.application:revenue` shows why.")


async def funnel_now(options: Options) -> Funnel:
    """How far leads have come by now, as far as those who count them answer.

    Raises:
        ClickException: nothing answers, or the databases cannot be looked at.
    """
    async with AsyncExitStack() as stack:
        it = await stack.enter_async_context(options.reached())
        # From the end to the beginning, so that a lead on its way is counted where it was, and never twice.
        routed = await _counted(it.client(Routing).count())
        scored = await _counted(it.client(Scoring).count())
        enriched = await _counted(it.client(Enrichment).count())
        resolved = await _counted(it.client(Identity).count())
        captured = await _counted(it.client(Capture).count())
        handled = [resolved, enriched, scored, routed]
        if captured is None and handled == [None] * len(FLOW):
            await it.client(Capture).count()  # nothing answers at all: that is told as everywhere
        parked = await _parked_leads(options, it)
    return funnel_of(captured, handled, parked)


class _Count(Protocol):
    @property
    def leads(self) -> int: ...


async def _counted(asked: Awaitable[_Count]) -> int | None:
    """How many leads a service counts; None where it does not answer."""
    try:
        return (await asked).leads
    except (Unavailable, DeadlineExceeded):
        return None


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
    except (AssignmentNotFound, Unavailable, DeadlineExceeded):  # who has an owner, Routing would say
        return True
    return False


def summed(funnel: Funnel) -> str:
    """The count as a line: accepted = routed + waiting + parked."""
    accepted, routed, waiting = map(_known, (funnel.accepted, funnel.routed, funnel.waiting))
    line = f"accepted {accepted} = routed {routed} + waiting {waiting} + parked {funnel.parked}"
    if funnel.is_whole is False:
        return f"[bold red]The count is not whole:[/] {line}"
    if funnel.away:
        return f"[yellow]{line}[/]\nNo answer from {', '.join(funnel.away)}: what waits for those is kept."
    return f"[green]{line}[/]"


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


def _parked(stage: Stage) -> str:
    return f"[bold red]{stage.parked}[/]" if stage.parked else ""


def _bars(funnel: Funnel) -> dict[str, int]:
    return {"accepted": funnel.accepted or 0} | {stage.name: stage.leads or 0 for stage in funnel.stages}


def _as_json(funnel: Funnel) -> dict[str, object]:
    return {
        "accepted": funnel.accepted,
        "routed": funnel.routed,
        "waiting": funnel.waiting,
        "parked": funnel.parked,
        "is_whole": funnel.is_whole,
        "away": funnel.away,
        "stages": {
            stage.name: {"leads": stage.leads, "waiting": stage.waiting, "parked": stage.parked}
            for stage in funnel.stages
        },
    }
