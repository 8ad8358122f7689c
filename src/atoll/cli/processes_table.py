"""Processes as a table, for `atoll ps` and for the banner."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from atoll.cli.terminal import table
from atoll.processes import Health, ProcessStatus, State

_COLOURS = {
    State.READY: "green",
    State.REMOTE: "green",
    State.FAILED: "red",
    State.STOPPED: "dim",
    State.BACKING_OFF: "red",
}


def processes_table(processes: Sequence[ProcessStatus], *, fully: bool = False) -> Table:
    """A row a process; `fully` with how each fares."""
    headings = ["process", "services", "version", "owner", "state"]
    more = ["health", "calls/s", "memory", "restarts", "pid", "last exit"] if fully else []
    made = table(*headings, *more, "address")
    for heading in ("calls/s", "memory", "restarts", "pid"):
        for column in made.columns:
            if column.header == heading:
                column.justify = "right"
    for process in processes:
        made.add_row(
            f"[bold]{process.name}[/]",
            ", ".join(service.name for service in process.services),
            ", ".join(service.version or "-" for service in process.services),
            escape(", ".join(dict.fromkeys(service.owner for service in process.services))),
            _coloured(process.state, _COLOURS.get(process.state, "yellow")),
            *(_figures(process) if fully else ()),
            escape(process.address) or "-",
        )
    return made


def _figures(process: ProcessStatus) -> list[str]:
    is_well = process.health in (Health.WELL, Health.NONE)
    return [
        _coloured(process.health, "green" if is_well else "red"),
        f"{process.calls_per_s:g}" if process.pid else "-",
        f"{process.memory_bytes / 2**20:.0f} MiB" if process.memory_bytes else "-",
        str(process.restarts),
        str(process.pid or "-"),
        process.last_exit or "-",
    ]


def _coloured(word: str, colour: str) -> str:
    return "-" if word == Health.NONE else f"[{colour}]{word.replace('_', ' ')}[/]"
