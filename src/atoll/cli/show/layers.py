"""A layered layout of who calls whom: callers on the left, callees on the right (after Sugiyama, 1981).

Boxes get a layer and an order within it, so that few calls cross. A call that spans layers passes through waypoints,
which all calls of one caller share. Rows come next (`rows.py`); what is drawn knows nothing of how it was found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12
"""Passes of the ordering; it settles long before."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A box, or a waypoint at which the calls of `name` pass through a layer."""

    name: str
    layer: int
    is_waypoint: bool = False


@dataclass(frozen=True, slots=True)
class Layers:
    """Nodes by layer in their order, and for each node those that it leads to in the next layer."""

    nodes: tuple[tuple[Node, ...], ...]
    next: Mapping[Node, tuple[Node, ...]]

    def previous(self, node: Node) -> tuple[Node, ...]:
        """The nodes that lead to this one, in their order."""
        return tuple(each for each in self.nodes[node.layer - 1] if node in self.next[each]) if node.layer else ()


def layered(names: Sequence[str], calls: Sequence[tuple[str, str]]) -> Layers:
    """The layout of these names and the calls between them, which form no circle."""
    layer = _layers(names, calls)
    following = _segments(names, calls, layer)
    nodes: list[list[Node]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in following:
        nodes[node.layer].append(node)
    return Layers(_with_few_crossings(nodes, following), following)


def _layers(names: Sequence[str], calls: Sequence[tuple[str, str]]) -> dict[str, int]:
    """As far left as its callers allow; whoever is called by nobody stands next to what it calls first."""
    callers = {name: [caller for caller, callee in calls if callee == name] for name in names}
    callees = {name: [callee for caller, callee in calls if caller == name] for name in names}
    layer: dict[str, int] = {}

    def place(name: str) -> int:
        if name not in layer:
            layer[name] = max((place(caller) + 1 for caller in callers[name]), default=0)
        return layer[name]

    for name in names:
        place(name)
    for name in names:
        if not callers[name] and callees[name]:
            layer[name] = min(layer[callee] for callee in callees[name]) - 1
    return layer


def _segments(
    names: Sequence[str], calls: Sequence[tuple[str, str]], layer: Mapping[str, int]
) -> dict[Node, tuple[Node, ...]]:
    """For each box and each waypoint, where it leads to in the next layer."""
    following: dict[Node, tuple[Node, ...]] = {}
    for name in names:
        callees = [callee for caller, callee in calls if caller == name]
        furthest = max((layer[callee] for callee in callees), default=layer[name])
        here = Node(name, layer[name])
        while True:
            targets = [Node(callee, layer[callee]) for callee in callees if layer[callee] == here.layer + 1]
            if furthest > here.layer + 1:
                targets.append(Node(name, here.layer + 1, is_waypoint=True))
            following[here] = tuple(dict.fromkeys(targets))
            if furthest <= here.layer + 1:
                break
            here = Node(name, here.layer + 1, is_waypoint=True)
    return following


def _with_few_crossings(
    nodes: list[list[Node]], following: Mapping[Node, tuple[Node, ...]]
) -> tuple[tuple[Node, ...], ...]:
    """The best order that sweeps by barycenters find, forth and back."""
    leading: dict[Node, list[Node]] = {node: [] for node in following}
    for node, targets in following.items():
        for target in targets:
            leading[target].append(node)
    best = [list(layer) for layer in nodes]
    least = _crossings(best, following)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        neighbours = leading if forth else following
        for index in range(1, len(nodes)) if forth else range(len(nodes) - 2, -1, -1):
            beside = {node: place for place, node in enumerate(nodes[index - 1 if forth else index + 1])}
            nodes[index] = _by_barycenter(nodes[index], neighbours, beside)
        if (crossings := _crossings(nodes, following)) < least:
            least, best = crossings, [list(layer) for layer in nodes]
    return tuple(tuple(layer) for layer in best)


def _by_barycenter(
    layer: list[Node], neighbours: Mapping[Node, Sequence[Node]], beside: Mapping[Node, int]
) -> list[Node]:
    own = {node: float(place) for place, node in enumerate(layer)}

    def middle(node: Node) -> float:
        places = [beside[each] for each in neighbours[node]]
        return sum(places) / len(places) if places else own[node]

    return sorted(layer, key=middle)


def _crossings(nodes: Sequence[Sequence[Node]], following: Mapping[Node, tuple[Node, ...]]) -> int:
    """How many pairs of lines cross."""
    count = 0
    for left, right in pairwise(nodes):
        places = {node: place for place, node in enumerate(right)}
        lines = [(start, places[target]) for start, node in enumerate(left) for target in following[node]]
        count += sum((a < c and b > d) or (a > c and b < d) for i, (a, b) in enumerate(lines) for c, d in lines[:i])
    return count
