"""Findings as a picture: small charts, two in a row, one SVG that is light or dark as its reader prefers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 300, 190
"""Of the area in which the lines of a panel are."""

LEFT, TOP, RIGHT, BELOW = 62, 66, 26, 72
COLUMNS = 2
ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
"""With which digits a scale may end."""

STYLE = """\
.chart{--paper:#fff;--ink:#1c2330;--quiet:#667085;--grid:#e3e8ef;--c0:#0e7490;--c1:#b45309;--c2:#9d3bc4;\
font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
@media(prefers-color-scheme:dark){.chart{--paper:#11151c;--ink:#e8ecf3;--quiet:#96a0b2;--grid:#2a323e;\
--c0:#4cc3dd;--c1:#f0a750;--c2:#d193ee}}
.chart .paper{fill:var(--paper)}.chart text{fill:var(--ink);font-size:12px}.chart .title{font-weight:600;font-size:14px}
.chart .quiet{fill:var(--quiet);font-size:11px}.chart .grid{stroke:var(--grid);stroke-width:1}
.chart .line{fill:none;stroke-width:2}
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: `lines` have a value for each of `steps`, which stand at equal distances, or as their numbers say.

    A value that is missing is None; what is before and behind it is not joined. Values are written beside the line, and
    where there are several lines, at their ends alone.
    """

    title: str
    unit: str
    along: str
    steps: Sequence[int]
    lines: Mapping[str, Sequence[float | None]]
    is_to_scale: bool = False


def drawn(title: str, panels: Sequence[Panel]) -> str:
    """All panels in one SVG document."""
    across, down = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BELOW
    width, height = min(COLUMNS, len(panels)) * across, -(-len(panels) // COLUMNS) * down
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        '<rect class="paper" width="100%" height="100%" rx="10"/>',
    ]
    for number, panel in enumerate(panels):
        row, column = divmod(number, COLUMNS)
        parts += [f'<g transform="translate({column * across + LEFT} {row * down + TOP})">', *_panel(panel), "</g>"]
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def scale_of(values: Sequence[float]) -> float:
    """A round number that none of them exceeds.

    >>> scale_of([3.0, 17.0]), scale_of([2400.0]), scale_of([])
    (20.0, 2500.0, 1.0)
    """
    most = max(values, default=0.0)
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(digit * power for digit in ROUND if digit * power >= most)


def read_as(value: float) -> str:
    """A value as people read it, with three digits that count.

    >>> read_as(0.0613), read_as(8.144), read_as(234.4), read_as(8123.4)
    ('0.0613', '8.14', '234', '8,123')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _panel(panel: Panel) -> Iterator[str]:
    """From where its lines are: what is left of that and above has numbers below nought."""
    top = scale_of([value for values in panel.lines.values() for value in values if value is not None])
    yield f'<text class="title" x="{14 - LEFT}" y="{26 - TOP}">{escape(panel.title)}</text>'
    yield f'<text class="quiet" x="{14 - LEFT}" y="{44 - TOP}">{escape(panel.unit)}</text>'
    for part in (0.0, 0.5, 1.0):
        y = HEIGHT * (1 - part)
        yield f'<path class="grid" d="M0 {y:.1f}h{WIDTH}"/>'
        yield f'<text class="quiet" x="-8" y="{y + 4:.1f}" text-anchor="end">{top * part:,g}</text>'
    places = _places(panel)
    for x, step in zip(places, panel.steps, strict=True):
        yield f'<text class="quiet" x="{x:.1f}" y="{HEIGHT + 17}" text-anchor="middle">{step:,}</text>'
    yield f'<text x="{WIDTH / 2}" y="{HEIGHT + 35}" text-anchor="middle">{escape(panel.along)}</text>'
    x = 0.0
    for hue, (name, values) in enumerate(panel.lines.items()):
        yield from _line(name, [value if value is None else value / top for value in values], places, hue)
        for place, value in list(zip(places, values, strict=True))[0 if len(panel.lines) == 1 else -1 :]:
            if value is not None:
                y = HEIGHT * (1 - value / top) - 8
                yield f'<text class="quiet" x="{place:.1f}" y="{y:.1f}" text-anchor="middle">{read_as(value)}</text>'
        yield f'<path class="line" style="stroke:var(--c{hue})" d="M{x:.1f} {HEIGHT + 51}h18"/>'
        yield f'<text class="quiet" x="{x + 23:.1f}" y="{HEIGHT + 55}">{escape(name)}</text>'
        x += 23 + 6.4 * len(name) + 16


def _places(panel: Panel) -> list[float]:
    """Where the steps stand, from left to right."""
    if panel.is_to_scale:
        return [WIDTH * step / (max(panel.steps) * 1.05) for step in panel.steps]
    return [WIDTH * (number + 0.5) / len(panel.steps) for number in range(len(panel.steps))]


def _line(name: str, parts: Sequence[float | None], places: Sequence[float], hue: int) -> Iterator[str]:
    path, pen = "", "M"
    for x, part in zip(places, parts, strict=True):
        if part is None:
            pen = "M"
            continue
        y = HEIGHT * (1 - part)
        path += f"{pen}{x:.1f} {y:.1f}"
        pen = "L"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" style="fill:var(--c{hue})"/>'
    yield f'<path class="line" style="stroke:var(--c{hue})" d="{path}"><title>{escape(name)}</title></path>'
