"""Rows for a layered layout: each box near those it is connected with, so that most lines are straight."""

from collections.abc import Sequence
from dataclasses import dataclass

from atoll.cli.show.layers import Layers, Node

SWEEPS = 8
GAP = 1
"""Empty rows between two boxes of a layer."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its first row and how many it takes. A waypoint takes one row and has no border.

    Lines leave on the middle row. Each line that arrives has a row of its own, so that it can be followed.
    """

    top: int
    height: int
    arriving: tuple[Node, ...]

    @property
    def middle(self) -> int:
        """The row of its name, on which lines leave."""
        return self.top + (self.height - 1) // 2

    def row_of(self, node: Node) -> int:
        """The row on which the line from `node` arrives."""
        return self.middle - (len(self.arriving) - 1) // 2 + self.arriving.index(node)


def placed(layers: Layers) -> dict[Node, Box]:
    """A box for each node; the topmost begins at row 0."""
    arriving = {node: layers.previous(node) for layer in layers.nodes for node in layer}
    height = {node: 1 if node.is_waypoint else max(1, len(arriving[node])) + 2 for node in arriving}
    middles: dict[Node, float] = {}
    for layer in layers.nodes:
        middles |= _spread(layer, [0.0] * len(layer), height)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 1  # the last pass goes forth
        for layer in layers.nodes if forth else layers.nodes[::-1]:
            neighbours = [arriving[node] if forth else layers.next[node] for node in layer]
            wanted = [
                sum(middles[each] for each in beside) / len(beside) if beside else middles[node]
                for node, beside in zip(layer, neighbours, strict=True)
            ]
            middles |= _spread(layer, wanted, height)
    tops = {node: round(middle) - (height[node] - 1) // 2 for node, middle in middles.items()}
    first = min(tops.values(), default=0)
    boxes = {node: Box(top - first, height[node], ()) for node, top in tops.items()}
    return {
        node: Box(box.top, box.height, tuple(sorted(arriving[node], key=lambda each: boxes[each].middle)))
        for node, box in boxes.items()
    }


def _spread(layer: Sequence[Node], wanted: Sequence[float], height: dict[Node, int]) -> dict[Node, float]:
    """Middles as near to the wanted ones as order and heights allow: least squares, by pooling what collides."""
    offsets: list[int] = []
    below = 0
    for node in layer:
        offsets.append(below + (height[node] - 1) // 2)
        below += height[node] + GAP
    blocks: list[tuple[float, int]] = []  # mean and number of nodes
    for offset, middle in zip(offsets, wanted, strict=True):
        mean, count = middle - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, nodes = blocks.pop()
            mean, count = (before * nodes + mean * count) / (nodes + count), nodes + count
        blocks.append((mean, count))
    shifts = [round(mean) for mean, count in blocks for _ in range(count)]
    return {node: float(offset + shift) for node, offset, shift in zip(layer, offsets, shifts, strict=True)}
