"""Reads a drawing of boxes and lines as a person does: follows each line from its box to the boxes it leads to."""

import re
from collections.abc import Iterator, Sequence

NORTH, EAST, SOUTH, WEST = (-1, 0), (0, 1), (1, 0), (0, -1)
WAYS = {
    "─": {EAST, WEST},
    "│": {NORTH, SOUTH},
    "┌": {EAST, SOUTH},
    "┐": {SOUTH, WEST},
    "└": {NORTH, EAST},
    "┘": {NORTH, WEST},
    "├": {NORTH, EAST, SOUTH},
    "┤": {NORTH, SOUTH, WEST},
    "┬": {EAST, SOUTH, WEST},
    "┴": {NORTH, EAST, WEST},
    "┼": {NORTH, EAST, SOUTH, WEST},
}
BOX = re.compile(r"│ (?:◆ )?(?P<name>\w+) *│")

Place = tuple[int, int]


def calls_in(lines: Sequence[str]) -> set[tuple[str, str]]:
    """Caller and callee of every line of the drawing.

    Raises:
        AssertionError: a line ends nowhere, or meets another one so that nobody can tell which is which.
    """
    boxes = {
        (row, found.start(), found.end()): found["name"]
        for row, line in enumerate(lines)
        for found in BOX.finditer(line)
    }
    return {
        (name, _named(boxes, lines, arrow))
        for (row, _, end), name in boxes.items()
        if end < len(lines[row]) and lines[row][end] in WAYS
        for arrow in _arrows(lines, (row, end))
    }


def _arrows(lines: Sequence[str], start: Place) -> Iterator[Place]:
    """Where the line that leaves a box at this place arrives."""
    todo, seen = [(start, EAST)], set[tuple[Place, Place]]()
    while todo:
        (row, column), way = step = todo.pop()
        if step in seen:
            continue
        seen.add(step)
        glyph = lines[row][column]
        if glyph == "▶":
            yield row, column
            continue
        if glyph == "│" and way in (EAST, WEST):  # passes below another line
            todo.append(((row, column + way[1]), way))
            continue
        back = (-way[0], -way[1])
        assert back in WAYS.get(glyph, ()), f"the line breaks off at row {row}, column {column}: {glyph!r}"
        todo += [((row + each[0], column + each[1]), each) for each in WAYS[glyph] - {back}]


def _named(boxes: dict[tuple[int, int, int], str], lines: Sequence[str], arrow: Place) -> str:
    """The name of the box at which an arrow arrives: it may stand some rows above or below."""
    row, column = arrow[0], arrow[1] + 1
    assert lines[row][column] == "│", f"the arrow at row {row} leads to no box"
    top = next(each for each in range(row, -1, -1) if lines[each][column] == "╭")
    bottom = next(each for each in range(row, len(lines)) if lines[each][column] == "╰")
    return next(name for (each, start, _), name in boxes.items() if start == column and top < each < bottom)
