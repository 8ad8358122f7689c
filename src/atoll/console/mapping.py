"""The map: services, their databases, and what goes between them, out of what is known at two moments. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from atoll import Graph
from atoll.console.links import SERVICE
from atoll.operating import SubscriptionStatus
from atoll.processes import Health, ProcessStatus, State
from atoll.seeing import Figure, Kind, ProcessFigures, Rate, rates, together

FAILING = 0.05
"""From this share of failures on a service is called degraded."""
OUTSIDE = "outside"
SILENT_S = 5.0
"""A process that has said nothing for so long is taken for down."""


class Node(msgspec.Struct):
    """A service, its database, or the outside."""

    id: str
    kind: str
    name: str
    owner: str = ""
    version: str = ""
    state: str = "unknown"
    reasons: list[str] = msgspec.field(default_factory=list[str])
    instances: int = 0
    instances_ready: int = 0
    rate_per_s: float = 0.0
    errors_per_s: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    in_progress: int = 0
    can_scale: bool = False


class Edge(msgspec.Struct):
    """What goes from one node to another one: calls, events, or a service's own data."""

    id: str
    source: str
    target: str
    kind: str
    rate_per_s: float = 0.0
    errors_per_s: float = 0.0
    p95_ms: float = 0.0
    backlog: int = 0
    parked: int = 0
    dead: int = 0
    breaker: str = ""


class Seen(msgspec.Struct, frozen=True):
    """What is known at a moment (seconds since 1970). `processes` is None where no supervisor runs."""

    at: float
    figures: Sequence[ProcessFigures]
    processes: Sequence[ProcessStatus] | None
    subscriptions: Sequence[SubscriptionStatus]


def mapped(graph: Graph, before: Seen, now: Seen) -> tuple[list[Node], list[Edge]]:
    """All nodes, and what goes between them: rates are those between both moments."""
    found = rates(before.figures, now.figures)
    nodes = _nodes(graph, found, now)
    edges = _edges(graph, found, now)
    by_id = {node.id: node for node in nodes}
    for edge in edges:
        source, target = by_id.get(edge.source), by_id.get(edge.target)
        if edge.breaker and source is not None:
            _worsen(source, f"{edge.target} is left alone: its breaker is {edge.breaker}")
        if edge.dead and target is not None:
            _worsen(target, f"{edge.dead} dead letters of {edge.source}")
    return nodes, edges


def _nodes(graph: Graph, found: Sequence[Rate], now: Seen) -> list[Node]:
    nodes = [Node(OUTSIDE, "outside", "outside", state="well")] if graph.edges else []
    in_progress = _gauges(now, "calls_in_progress")
    for service in graph.services:
        kind = "edge" if service.name in graph.edges else "service"
        contract = service.contract
        node = Node(service.name, kind, service.name, service.owner, contract.version if contract else "")
        own = [rate for rate in found if rate.counted.service == service.name and _is_work(rate.counted)]
        _figure(node, own)
        node.in_progress = int(in_progress.get(service.name, 0.0))
        _fare(node, now)
        node.can_scale = now.processes is not None and kind == "service" and node.state != "unknown"
        all_per_s = sum(rate.per_s for rate in own)
        if node.errors_per_s > FAILING * max(all_per_s, 1e-9) and node.state == "well":
            _worsen(node, f"{node.errors_per_s / all_per_s:.0%} of its work fails")
        nodes.append(node)
        if service.has_database:
            nodes.append(Node(f"db:{service.name}", "database", f"{service.name} data", state=node.state))
    return nodes


def _is_work(counted: Figure) -> bool:
    return counted.kind in (Kind.CALL, Kind.DELIVERY, Kind.TURN)


def _figure(node: Node, own: Sequence[Rate]) -> None:
    """The figures of a node: of what its service is asked for and told of. Of its own turns those count that fail.

    A turn that finds nothing to do is counted like any other, so that a service which does nothing would have a rate.
    """
    asked = [rate for rate in own if rate.counted.kind is not Kind.TURN]
    node.errors_per_s = sum(rate.failed_per_s for rate in own)
    node.rate_per_s = sum(rate.failed_per_s if rate.counted.kind is Kind.TURN else rate.per_s for rate in own)
    whole = together(asked)
    if whole is not None:
        node.p50_ms, node.p95_ms, node.p99_ms = (whole.quantile_s(share) * 1e3 for share in (0.5, 0.95, 0.99))


def _fare(node: Node, now: Seen) -> None:
    """How a service fares: by its processes where there is a supervisor, else by whether anything runs."""
    if now.processes is None:
        alive = [each for each in now.figures if each.is_alive and now.at - each.sample.at < SILENT_S]
        node.instances = node.instances_ready = len(alive)
        node.state = "well" if alive else "down"
        if not alive:
            node.reasons.append("no process has said anything for some seconds")
        return
    own = [each for each in now.processes if any(service.name == node.id for service in each.services)]
    running = [each for each in own if each.state is not State.STOPPED]
    ready = [each for each in running if each.state in (State.READY, State.REMOTE)]
    node.instances, node.instances_ready = len(running), len(ready)
    if own and not running:
        node.state = "stopped"
        node.reasons.append(f"somebody has stopped it: `atoll start {node.id}`")
    elif not own:
        node.state = "unknown"
    elif not ready:
        node.state = "down"
        node.reasons += [f"{each.name} is {each.state.replace('_', ' ')} {each.last_exit}".strip() for each in running]
    else:
        node.state = "well"
        for each in running:
            if each.state in (State.BACKING_OFF, State.FAILED):
                _worsen(node, f"{each.name} is {each.state.replace('_', ' ')}")
            elif each.health in (Health.NOT_READY, Health.SILENT):
                _worsen(node, f"{each.name} is {each.health.replace('_', ' ')}")


def _worsen(node: Node, reason: str) -> None:
    if node.state == "well":
        node.state = "degraded"
    node.reasons.append(reason)


class _Edges(dict[str, Edge]):
    """Edges by their id, each made when it is asked for."""

    def of(self, source: str, target: str, kind: str) -> Edge:
        """The edge between two nodes."""
        which = f"{kind}:{source}>{target}"
        return self.setdefault(which, Edge(which, source, target, kind))


def _edges(graph: Graph, found: Sequence[Rate], now: Seen) -> list[Edge]:
    edges = _Edges()
    _declared(edges, graph)
    nodes = {OUTSIDE, *(service.name for service in graph.services)}
    counted: dict[str, list[Rate]] = {}
    for rate in found:
        ends = _ends(rate.counted, graph)
        if ends is not None and {ends[0], ends[1]} <= nodes:
            counted.setdefault(edges.of(*ends).id, []).append(rate)
    for which, several in counted.items():
        _count(edges[which], several)
    for status in now.subscriptions:
        one = edges.of(status.publisher, status.subscriber, "events")
        one.backlog, one.parked, one.dead = status.lag or 0, status.waiting + status.behind, status.dead
    for of, openness in _gauges(now, "breaker_open").items():
        is_event = "<" in of
        here, _, there = of.partition("<" if is_event else ">")
        which = f"events:{there}>{here}" if is_event else f"call:{here}>{there}"
        if which in edges:
            edges[which].breaker = "open" if openness >= 1 else "trying"
    return list(edges.values())


def _declared(edges: _Edges, graph: Graph) -> None:
    """What goes between nodes by what they declare, whether it does now or not."""
    for name in graph.edges:
        edges.of(OUTSIDE, name, "call")
        for service in graph.services if name != SERVICE else ():
            if service.contract is not None and any(each.public for each in service.contract.operations):
                edges.of(name, service.name, "call")
    for caller, callee in graph.calls:
        edges.of(caller, callee, "call")
    for publisher, _, subscriber in graph.events:
        edges.of(publisher, subscriber, "events")
    for service in graph.services:
        if service.has_database:
            edges.of(service.name, f"db:{service.name}", "data")


def _count(edge: Edge, several: Sequence[Rate]) -> None:
    """The figures of an edge. A call that was not answered is counted by who asked, the others by who answered."""
    answered = [rate for rate in several if rate.counted.kind is not Kind.ASKED]
    edge.rate_per_s = sum(rate.per_s for rate in answered)
    unanswered_per_s = sum(rate.failed_per_s for rate in several if rate.counted.kind is Kind.ASKED)
    edge.errors_per_s = max(unanswered_per_s, sum(rate.failed_per_s for rate in answered))
    whole = together(answered)
    edge.p95_ms = whole.quantile_s(0.95) * 1e3 if whole is not None else 0.0


def _ends(counted: Figure, graph: Graph) -> tuple[str, str, str] | None:
    """Between which nodes some work was, and what it was: the caller's and the service's, or the publisher's."""
    match counted.kind:
        case Kind.CALL if counted.service in graph.edges:
            return OUTSIDE, counted.service, "call"
        case Kind.CALL if counted.caller:
            return counted.caller, counted.service, "call"
        case Kind.ASKED:
            return counted.service, counted.name.partition(".")[0], "call"
        case Kind.DELIVERY:
            return counted.caller, counted.service, "events"
        case _:
            return None


def _gauges(now: Seen, name: str) -> Mapping[str, float]:
    """A gauge of all processes that run, summed up by what it is of."""
    found: dict[str, float] = {}
    for process in now.figures:
        for gauge in process.sample.gauges if process.is_alive else ():
            if gauge.name == name:
                found[gauge.of] = found.get(gauge.of, 0.0) + gauge.value
    return found
