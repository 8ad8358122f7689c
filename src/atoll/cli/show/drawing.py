"""Who calls whom as a drawing of characters: boxes from left to right, each caller's lines in its own colour."""

from collections.abc import Collection, Sequence
from itertools import groupby

from rich.text import Text

from atoll.cli.show.channels import Channel, routed
from atoll.cli.show.layers import Layers, Node, layered
from atoll.cli.show.rows import Box

COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")
PUBLIC = "◆"
"""Stands before the name of a service that is reachable from outside."""

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
GLYPHS = {
    NORTH | SOUTH: "│",
    EAST | WEST: "─",
    EAST: "─",
    WEST: "─",
    NORTH: "│",
    SOUTH: "│",
    EAST | SOUTH: "┌",
    SOUTH | WEST: "┐",
    NORTH | EAST: "└",
    NORTH | WEST: "┘",
    NORTH | EAST | SOUTH: "├",
    NORTH | SOUTH | WEST: "┤",
    EAST | SOUTH | WEST: "┬",
    NORTH | EAST | WEST: "┴",
    NORTH | EAST | SOUTH | WEST: "┼",
}


def drawn(names: Sequence[str], calls: Sequence[tuple[str, str]], public: Collection[str] = ()) -> list[Text]:
    """The drawing's lines; names without calls are left out. All lines are as wide as the drawing.

    Raises:
        Tangled: it cannot be drawn so that each line can be followed.
    """
    connected = [name for name in names if any(name in call for call in calls)]
    if not connected:
        return []
    layers = layered(connected, calls)
    boxes, channels = routed(layers)
    canvas = _Canvas({name: COLOURS[place % len(COLOURS)] for place, name in enumerate(connected)})
    left = 0
    for index, layer in enumerate(layers.nodes):
        labels = {node: f"{PUBLIC} {node.name}" if node.name in public else node.name for node in layer}
        width = max(len(labels[node]) for node in layer if not node.is_waypoint) + 4
        for node in layer:
            if node.is_waypoint:
                canvas.horizontal(node.name, boxes[node].middle, left, left + width - 1)
            else:
                canvas.box(boxes[node], left, width, labels[node])
        left += width
        if index < len(channels):
            left = _draw_channel(canvas, channels[index], boxes, layers, left)
    return canvas.lines()


def _draw_channel(canvas: "_Canvas", channel: Channel, boxes: dict[Node, Box], layers: Layers, left: int) -> int:
    """Draw the lines right of the column `left`; the column at which the next layer begins."""
    right = left + 2 * channel.width + 3
    for fan in channel.fans:
        if fan.is_straight:
            canvas.horizontal(fan.node.name, fan.start, left, right - 1)
        else:
            upright = left + 1 + 2 * channel.columns[fan.node]
            canvas.horizontal(fan.node.name, fan.start, left, upright)
            canvas.vertical(fan.node.name, upright, min(fan.rows), max(fan.rows))
            for end in fan.ends:
                canvas.horizontal(fan.node.name, end, upright, right - 1)
        for target in layers.next[fan.node]:
            if not target.is_waypoint:
                canvas.put(boxes[target].row_of(fan.node), right - 1, "▶", fan.node.name)
    return right


class _Canvas:
    """Characters and lines on a grid. Where two callers' lines cross, the upright one lies above."""

    def __init__(self, colours: dict[str, str]) -> None:
        self._colours = colours
        self._lines: dict[tuple[int, int], dict[str, int]] = {}
        self._texts: dict[tuple[int, int], tuple[str, str]] = {}

    def horizontal(self, owner: str, row: int, first: int, last: int) -> None:
        for column in range(first, last + 1):
            self._line(owner, row, column, (WEST if column > first else 0) | (EAST if column < last else 0))

    def vertical(self, owner: str, column: int, first: int, last: int) -> None:
        for row in range(first, last + 1):
            self._line(owner, row, column, (NORTH if row > first else 0) | (SOUTH if row < last else 0))

    def put(self, row: int, column: int, character: str, owner: str) -> None:
        self._texts[row, column] = (character, self._colours[owner])

    def box(self, box: Box, left: int, width: int, label: str) -> None:
        inside = width - 2
        for row in range(box.top, box.top + box.height):
            if row == box.top:
                content = f"╭{'─' * inside}╮"
            elif row == box.top + box.height - 1:
                content = f"╰{'─' * inside}╯"
            else:
                content = f"│{f' {label}' if row == box.middle else '':<{inside}}│"
            for column, character in enumerate(content, start=left):
                self._texts[row, column] = (character, "bold" if character.isalnum() or character == "_" else "")

    def lines(self) -> list[Text]:
        """What is on the grid, row by row."""
        cells = self._lines.keys() | self._texts.keys()
        height = max(row for row, _ in cells) + 1
        width = max(column for _, column in cells) + 1
        return [self._row(row, width) for row in range(height)]

    def _row(self, row: int, width: int) -> Text:
        """A row, with neighbours of one style joined."""
        cells = [self._cell(row, column) for column in range(width)]
        runs = groupby(cells, key=lambda cell: cell[1])
        return Text.assemble(*(("".join(character for character, _ in run), style) for style, run in runs))

    def _line(self, owner: str, row: int, column: int, directions: int) -> None:
        owners = self._lines.setdefault((row, column), {})
        owners[owner] = owners.get(owner, 0) | directions

    def _cell(self, row: int, column: int) -> tuple[str, str]:
        if (row, column) in self._texts:
            return self._texts[row, column]
        owners = self._lines.get((row, column))
        if not owners:
            return " ", ""
        above = max(owners, key=lambda owner: bool(owners[owner] & (NORTH | SOUTH)))
        return GLYPHS[owners[above]], self._colours[above]
