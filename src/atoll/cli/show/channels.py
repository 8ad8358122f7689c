"""The lines between two layers: each caller's lines share one upright, and no two callers' lines lie on each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atoll.cli.show.layers import Layers, Node
from atoll.cli.show.rows import Box, placed

MOVES_MAX = 4
"""How often a layer is moved by a row to untangle its lines."""


class Tangled(Exception):
    """No order of uprights keeps the lines apart."""


@dataclass(frozen=True, slots=True)
class Fan:
    """The lines of one node: from its row over an upright to the rows of those it leads to."""

    node: Node
    start: int
    ends: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """All rows on which the upright is met."""
        return (self.start, *self.ends)

    @property
    def is_straight(self) -> bool:
        """Whether it needs no upright."""
        return set(self.ends) == {self.start}

    def meets(self, other: "Fan") -> bool:
        """Whether the uprights share a row, and so cannot share a column."""
        return min(self.rows) <= max(other.rows) and min(other.rows) <= max(self.rows)


@dataclass(frozen=True, slots=True)
class Channel:
    """The fans between two layers, and the column of each upright, counted from the left."""

    fans: tuple[Fan, ...]
    columns: Mapping[Node, int]

    @property
    def width(self) -> int:
        """How many columns it needs."""
        return max(self.columns.values(), default=-1) + 1


def routed(layers: Layers) -> tuple[dict[Node, Box], list[Channel]]:
    """A box for each node, and a channel to the right of each layer but the last.

    Raises:
        Tangled: some layers cannot be untangled; a tree says it better then.
    """
    boxes = placed(layers)
    channels: list[Channel] = []
    for index in range(len(layers.nodes) - 1):
        for move in range(MOVES_MAX + 1):
            fans = _fans(layers.nodes[index], layers, boxes)
            try:
                channels.append(_channel(fans))
                break
            except Tangled:
                if move == MOVES_MAX:
                    raise
            boxes |= {
                node: Box(boxes[node].top + 1, boxes[node].height, boxes[node].arriving)
                for layer in layers.nodes[index + 1 :]
                for node in layer
            }
    return boxes, channels


def _fans(layer: Sequence[Node], layers: Layers, boxes: Mapping[Node, Box]) -> list[Fan]:
    return [
        Fan(node, boxes[node].middle, tuple(boxes[target].row_of(node) for target in layers.next[node]))
        for node in layer
        if layers.next[node]
    ]


def _channel(fans: Sequence[Fan]) -> Channel:
    """A column for each upright: a line that leaves on the row where another arrives turns off before it."""
    bent = sorted((fan for fan in fans if not fan.is_straight), key=_from_the_left)
    before = {fan.node: [other for other in bent if other is not fan and other.start in fan.ends] for fan in bent}
    columns: dict[Node, int] = {}
    placed_fans: list[Fan] = []
    while len(placed_fans) < len(bent):
        free = [
            fan for fan in bent if fan.node not in columns and all(each.node in columns for each in before[fan.node])
        ]
        if not free:
            raise Tangled
        fan = free[0]
        least = max((columns[each.node] + 1 for each in before[fan.node]), default=0)
        taken = {columns[other.node] for other in placed_fans if other.meets(fan)}
        columns[fan.node] = next(column for column in range(least, least + len(bent) + 1) if column not in taken)
        placed_fans.append(fan)
    return Channel(tuple(fans), columns)


def _from_the_left(fan: Fan) -> tuple[bool, int]:
    """Of lines that go down the lowest turns first, of lines that go up the highest: then they do not cross."""
    goes_down = sum(fan.ends) > fan.start * len(fan.ends)
    return goes_down, -fan.start if goes_down else fan.start
