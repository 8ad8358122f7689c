"""Steps of a restart or a change of scale, told as they happen."""

import sys
from collections.abc import AsyncIterator

import msgspec
from rich.markup import escape

from atoll.cli.terminal import print_json, screen
from atoll.processes import Did, Step

_MARKS = {Did.READY: "[green]●[/]", Did.FAILED: "[red]✗[/]", Did.STARTED: "[yellow]○[/]", Did.DRAINING: "[yellow]◐[/]"}


class Told:
    """Tells steps: a line each for people, an object each with `--json`."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    async def follow(self, what: str, steps: AsyncIterator[Step]) -> None:
        """Tell the steps of one thing that was asked for, until it is done."""
        is_first = True
        async for step in steps:
            if is_first and not self._as_json:
                screen().print(f"[bold]{escape(what)}[/]")
            is_first = False
            if self._as_json:
                print_json(msgspec.to_builtins(step), indent=0)
            else:
                said = f"  [dim]{escape(step.said)}[/]" if step.said else ""
                screen().print(f"  {_MARKS.get(step.did, '[dim]·[/]')} {escape(step.process):<16} {step.did}{said}")
                sys.stdout.flush()

    def done(self, what: str) -> None:
        """Tell a person that all is done."""
        if not self._as_json:
            screen().print(f"[bold green]✓[/] {escape(what)}")
