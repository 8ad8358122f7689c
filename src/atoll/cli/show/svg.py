"""Who calls whom as an SVG, and who is told by whom: self-contained, light or dark as its reader prefers.

It needs no font but the reader's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from atoll.cli.show.circles import without_circles
from atoll.cli.show.layers import Layers, Node, layered
from atoll.cli.show.rows import Box, placed
from atoll.cli.show.summary import Call, ServiceSummary, Summary

ROW = 17
LETTER = 8.2
"""Width of a letter of a name; generous, since fonts differ."""
CHANNEL = 72
MARGIN = 28
HEADER = 50
FOOTER = 30
HUES = 6

STYLE = """\
.atoll{--paper:#fff;--ink:#1c2330;--quiet:#667085;--box:#f7f9fc;--edge:#cfd6e1;\
--c0:#0e7490;--c1:#9d3bc4;--c2:#b45309;--c3:#15803d;--c4:#2f5fd0;--c5:#c2344a;\
font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
@media(prefers-color-scheme:dark){.atoll{--paper:#11151c;--ink:#e8ecf3;--quiet:#96a0b2;--box:#1a202a;--edge:#394354;\
--c0:#4cc3dd;--c1:#d193ee;--c2:#f0a750;--c3:#5fd08a;--c4:#8caef8;--c5:#f58a99}}
.atoll .paper{fill:var(--paper)}.atoll .box{fill:var(--box);stroke:var(--edge)}.atoll .dot{fill:var(--c0)}
.atoll text{fill:var(--ink);font-size:14px}.atoll .name{font-weight:600}.atoll .title{font-size:16px;font-weight:600}
.atoll .quiet{fill:var(--quiet);font-size:11px}.atoll .call{fill:none;stroke-width:1.6}
.atoll .fallback{stroke-dasharray:5 4}.atoll .event{stroke-width:2.4;stroke-dasharray:.1 5;stroke-linecap:round}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A line between two services: its classes, and what it says."""

    source: str
    target: str
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Place:
    """A node in pixels."""

    left: float
    width: float
    box: Box

    @property
    def top(self) -> float:
        """Its upper edge."""
        return HEADER + self.box.top * ROW

    @property
    def height(self) -> float:
        """How high it is."""
        return self.box.height * ROW

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def middle(self) -> float:
        """Where lines leave."""
        return self.top + self.height / 2

    def arrival(self, node: Node) -> float:
        """Where the line from `node` arrives: spread evenly over the height."""
        if self.box.height == 1:
            return self.middle
        return self.top + self.height * (self.box.arriving.index(node) + 1) / (len(self.box.arriving) + 1)


def svg(summary: Summary) -> str:
    """The picture as one SVG document; where there are events, who reacts to them stands below who calls whom."""
    services = {service.name: service for service in summary.drawn_services}
    calls = [_call_line(call) for call in summary.calls if call.is_present]
    told, closing = without_circles(tuple(summary.followed))
    events = [_event_line(pair, summary) for pair in told]
    upper = _Part(services, calls, 0)
    alone = [
        service for name, service in services.items() if name not in upper.connected | {n for t in told for n in t}
    ]
    upper.places |= _in_a_row(alone, upper.below + (ROW if upper.places else 0))
    lower = _Part(services, events, round((upper.below - HEADER) / ROW) + 4 if upper.places else 1)
    places = [*upper.places.values(), *lower.places.values()]
    width = max([place.right for place in places] + [LETTER * 40]) + MARGIN
    height = max([place.top + place.height for place in places] + [HEADER]) + FOOTER + MARGIN / 2
    title = f"{summary.name} {summary.version}"
    heading = lower.top - 1.2 * ROW
    parts = [
        f'<svg class="atoll" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img"',
        f' width="{width:.0f}" height="{height:.0f}" aria-label="{escape(title)}: who calls whom">',
        f"<title>{escape(title)}: who calls whom</title>",
        f"<style>{STYLE}</style>",
        *(_marker(hue) for hue in range(HUES)),
        '<rect class="paper" width="100%" height="100%" rx="10"/>',
        f'<text class="title" x="{MARGIN}" y="28">{escape(title)}</text>',
        *upper.drawn(),
        *([f'<text class="quiet" x="{MARGIN}" y="{heading:.0f}">{escape(_told(closing))}</text>'] if events else []),
        *lower.drawn(),
        _legend(services, [line for line in calls if "fallback" in line.kind], height - MARGIN / 2),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Part:
    """Services and the lines between them, with nothing below row `first` taken before."""

    def __init__(self, services: dict[str, ServiceSummary], lines: Sequence[Line], first: int) -> None:
        self._services = services
        self._lines = lines
        self._names = [name for name in services if any(name in (line.source, line.target) for line in lines)]
        layers = layered(self._names, [(line.source, line.target) for line in lines])
        self.places = _places(layers, services, first)

    @property
    def connected(self) -> set[str]:
        """The names of those that a line leads to or from."""
        return set(self._names)

    @property
    def top(self) -> float:
        """Where it begins."""
        return min((place.top for place in self.places.values()), default=HEADER)

    @property
    def below(self) -> float:
        """Where it ends."""
        return max((place.top + place.height for place in self.places.values()), default=HEADER)

    def drawn(self) -> list[str]:
        """Its lines and boxes."""
        lines = [_line(line, self._names.index(line.source) % HUES, self.places) for line in self._lines]
        boxes = [(node.name, place) for node, place in self.places.items() if not node.is_waypoint]
        return [*lines, *(_service(self._services[name], place) for name, place in boxes)]


def _call_line(call: Call) -> Line:
    said = f"{call.caller} calls {call.callee}" + (f"; without it, {call.fallback} answers" if call.fallback else "")
    return Line(call.caller, call.callee, "call fallback" if call.fallback else "call", said)


def _event_line(pair: tuple[str, str], summary: Summary) -> Line:
    publisher, subscriber = pair
    names = ", ".join(each.event_name for each in summary.followed[pair])
    return Line(publisher, subscriber, "call event", f"{subscriber} reacts to {names} of {publisher}")


def _told(closing: Sequence[tuple[str, str]]) -> str:
    """What stands above the events."""
    back = [f"and back from {publisher} to {subscriber}" for publisher, subscriber in closing]
    return ", ".join(["events: from who publishes to who reacts", *back])


def _places(layers: Layers, services: dict[str, ServiceSummary], first: int) -> dict[Node, Place]:
    boxes = {node: replace(box, top=box.top + first) for node, box in placed(layers).items()}
    places: dict[Node, Place] = {}
    left = float(MARGIN)
    for layer in layers.nodes:
        width = max(_width(services[node.name]) for node in layer if not node.is_waypoint)
        places |= {node: Place(left, width, boxes[node]) for node in layer}
        left += width + CHANNEL + 4 * len(layer)
    return places


def _in_a_row(services: Sequence[ServiceSummary], top: float) -> dict[Node, Place]:
    """Services that call nobody and are called by nobody, below the others."""
    places: dict[Node, Place] = {}
    left, row = float(MARGIN), round((top - HEADER) / ROW)
    for service in services:
        if left > MARGIN and left + _width(service) > 900:
            left, row = float(MARGIN), row + 4
        places[Node(service.name, 0)] = Place(left, _width(service), Box(row, 3, ()))
        left += _width(service) + ROW
    return places


def _width(service: ServiceSummary) -> float:
    return max(LETTER * len(service.name) + 44, 6.2 * len(_subtitle(service)) + 30)


def _subtitle(service: ServiceSummary) -> str:
    count = len(service.operations)
    version = f"{service.version} · " if service.version else ""
    return f"{version}{count} operation{'' if count == 1 else 's'}"


def _box_of(name: str, places: dict[Node, Place]) -> Node:
    return next(node for node in places if node.name == name and not node.is_waypoint)


def _marker(hue: int) -> str:
    return (
        f'<marker id="a{hue}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .8 7.5 4 0 7.2z" style="fill:var(--c{hue})"/></marker>'
    )


def _line(line: Line, hue: int, places: dict[Node, Place]) -> str:
    """One smooth line from its source over its waypoints to its target."""
    node, target = _box_of(line.source, places), _box_of(line.target, places)
    x, y = places[node].right, places[node].middle
    path = f"M{x:.1f} {y:.1f}"
    while node != target:
        following = target if target.layer == node.layer + 1 else Node(line.source, node.layer + 1, is_waypoint=True)
        place = places[following]
        end_x, end_y = place.left - (0 if following.is_waypoint else 2), place.arrival(node)
        bend = (end_x - x) / 2
        path += f"C{x + bend:.1f} {y:.1f} {end_x - bend:.1f} {end_y:.1f} {end_x:.1f} {end_y:.1f}"
        x, y, node = end_x, end_y, following
        if node.is_waypoint:
            x = place.right
            path += f"H{x:.1f}"
    return (
        f'<path class="{line.kind}" style="stroke:var(--c{hue})" marker-end="url(#a{hue})" d="{path}">'
        f"<title>{escape(line.said)}</title></path>"
    )


def _service(service: ServiceSummary, place: Place) -> str:
    x, y = place.left + 14, place.middle
    dot = f'<circle class="dot" cx="{place.right - 14:.1f}" cy="{y - 8:.1f}" r="4"/>' if service.is_public else ""
    said = f"{service.description} Owner: {service.owner}."
    return (
        f'<g><title>{escape(said)}</title><rect class="box" x="{place.left:.1f}" y="{place.top:.1f}" '
        f'width="{place.width:.1f}" height="{place.height:.1f}" rx="9"/>'
        f'<text class="name" x="{x:.1f}" y="{y - 3:.1f}">{escape(service.name)}</text>'
        f'<text class="quiet" x="{x:.1f}" y="{y + 13:.1f}">{escape(_subtitle(service))}</text>{dot}</g>'
    )


def _legend(services: dict[str, ServiceSummary], fallbacks: Sequence[Line], y: float) -> str:
    parts: list[str] = []
    x = float(MARGIN)
    if any(service.is_public for service in services.values()):
        parts.append(f'<circle class="dot" cx="{x + 4:.0f}" cy="{y - 4:.0f}" r="4"/>')
        parts.append(f'<text class="quiet" x="{x + 14:.0f}" y="{y:.0f}">reachable from outside</text>')
        x += 150
    if fallbacks:
        line = f"M{x:.0f} {y - 4:.0f}h26"
        parts.append(f'<path class="call fallback" style="stroke:var(--quiet)" d="{line}"/>')
        parts.append(f'<text class="quiet" x="{x + 34:.0f}" y="{y:.0f}">a call with a fallback</text>')
    return "".join(parts)
