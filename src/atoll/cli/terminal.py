"""How results are printed: coloured and laid out on a terminal, plain when piped, JSON when asked for.

rich keeps to NO_COLOR by itself.
"""

import sys
from typing import IO, Any

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 10_000
"""Wide enough that a row of a table is one line for grep."""


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def screen(stream: IO[str] | None = None) -> Console:
    """A console for standard output, or for another stream; made when needed, since tests replace the streams."""
    console = Console(file=stream or sys.stdout, highlight=False)
    return console if console.is_terminal else Console(file=stream or sys.stdout, highlight=False, width=PIPED_WIDTH)


def print_laid_out(*parts: RenderableType, on: Console) -> None:
    """Print tables and drawings, without the blanks that fill their lines."""
    with on.capture() as captured:
        for part in parts:
            on.print(part, no_wrap=isinstance(part, Text))
    on.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def table(*headings: str, title: str = "") -> Table:
    """An empty table: bare columns, so that it reads the same on a terminal, in a pipe and in a bug report."""
    made = Table(
        box=None,
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def print_json(data: Any, *, indent: int = 2) -> None:  # Any: whatever msgspec encodes
    """Print data as JSON; with `indent` 0 on one line, at once."""
    text = msgspec.json.encode(data)
    sys.stdout.write((msgspec.json.format(text, indent=indent) if indent else text).decode() + "\n")
    sys.stdout.flush()


def print_json_bytes(text: bytes) -> None:
    """Print a line of JSON as it came, at once."""
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()
