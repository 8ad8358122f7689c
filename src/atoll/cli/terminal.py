"""How results are printed: coloured and laid out on a terminal, plain when piped, JSON when asked for.

rich keeps to NO_COLOR by itself.
"""

import sys
from collections.abc import Iterator
from typing import IO, Any

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 10_000
"""Wide enough that a row of a table is one line for grep."""
WORD = 12
"""A cell of so many characters is not broken, for names and figures have to be read whole."""
APART = 2


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def screen(stream: IO[str] | None = None) -> Console:
    """A console for standard output, or for another stream; made when needed, since tests replace the streams."""
    console = Console(file=stream or sys.stdout, highlight=False)
    return console if console.is_terminal else Console(file=stream or sys.stdout, highlight=False, width=PIPED_WIDTH)


def print_laid_out(*parts: RenderableType, on: Console) -> None:
    """Print tables and drawings, without the blanks that fill their lines.

    A table in which words would be broken, for the terminal is narrow, becomes a list: a line for each cell.
    """
    with on.capture() as captured:
        for part in parts:
            if isinstance(part, Table) and not _fitted(part, on):
                on.print(_listed(part))
            else:
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


def _fitted(made: Table, on: Console) -> bool:
    """Whether a table has room for its short cells; they are kept whole, and the long ones share what is left."""
    texts = [[str(column.header), *(_plain(cell) for cell in column.cells)] for column in made.columns]
    longest = [max(map(len, each)) for each in texts]
    between = APART * max(len(longest) - 1, 0)
    if sum(longest) + between > on.width:
        for column, length in zip(made.columns, longest, strict=True):
            column.no_wrap = length <= WORD
    return sum(min(length, WORD) for length in longest) + between <= on.width


def _plain(cell: RenderableType) -> str:
    """What a cell says; of one that is drawn nobody knows how long it is."""
    return cell.plain if isinstance(cell, Text) else Text.from_markup(cell).plain if isinstance(cell, str) else "…"


def _listed(made: Table) -> Table:
    """The rows below each other, apart by an empty line, each cell behind its heading; empty cells are left out."""
    listed = table("", "", title=str(made.title or ""))
    listed.show_header = False
    listed.columns[0].style, listed.columns[0].no_wrap = "dim", True
    for number, row in enumerate(_rows(made)):
        if number:
            listed.add_row("", "")
        for column, cell in zip(made.columns, row, strict=True):
            if _plain(cell) not in ("", "-"):
                listed.add_row(column.header, cell)
    return listed


def _rows(made: Table) -> Iterator[tuple[RenderableType, ...]]:
    return zip(*(column.cells for column in made.columns), strict=True)


def print_json(data: Any, *, indent: int = 2) -> None:  # Any: whatever msgspec encodes
    """Print data as JSON; with `indent` 0 on one line, at once."""
    text = msgspec.json.encode(data)
    sys.stdout.write((msgspec.json.format(text, indent=indent) if indent else text).decode() + "\n")
    sys.stdout.flush()


def print_json_bytes(text: bytes) -> None:
    """Print a line of JSON as it came, at once."""
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()
