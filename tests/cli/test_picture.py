"""The picture of who calls whom: whatever the application, each line can be followed."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.cli.show.channels import Tangled
from atoll.cli.show.drawing import drawn
from atoll.cli.show.layers import layered
from atoll.cli.show.rows import placed
from atoll.cli.show.summary import Call, ServiceSummary, Summary
from atoll.cli.show.svg import svg
from tests.cli.reading import calls_in

Graph = tuple[list[str], list[tuple[str, str]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Services and calls between them, without a circle."""
    names = [f"service{number}" for number in range(draw(st.integers(2, 14)))]
    pairs = [(caller, callee) for place, caller in enumerate(names) for callee in names[place + 1 :]]
    return names, draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=20))


def picture(names: list[str], calls: list[tuple[str, str]]) -> list[str]:
    """The drawing's lines as text."""
    return [line.plain for line in drawn(names, calls)]


@given(graphs())
def test_every_call_can_be_followed_and_no_other_is_drawn(graph: Graph) -> None:
    """A reader who follows the lines finds exactly the calls that were declared."""
    names, calls = graph

    try:
        lines = picture(names, calls)
    except Tangled:
        return  # a tree is shown then

    assert calls_in(lines) == set(calls)


@given(graphs())
def test_callers_stand_left_of_those_they_call(graph: Graph) -> None:
    """The picture is read in one direction."""
    names, calls = graph

    layer = {node.name: node.layer for nodes in layered(names, calls).nodes for node in nodes if not node.is_waypoint}

    assert all(layer[caller] < layer[callee] for caller, callee in calls)


@given(graphs())
def test_boxes_do_not_touch(graph: Graph) -> None:
    """Between two boxes of a layer is a free row."""
    layers = layered(*graph)

    boxes = placed(layers)

    for nodes in layers.nodes:
        rows = [boxes[node] for node in nodes]
        assert all(above.top + above.height < below.top for above, below in pairwise(rows))


def test_calls_that_need_no_bend_are_straight() -> None:
    """A chain is a line."""
    assert picture(["a", "b", "c"], [("a", "b"), ("b", "c")]) == [
        "╭───╮   ╭───╮   ╭───╮",
        "│ a │──▶│ b │──▶│ c │",
        "╰───╯   ╰───╯   ╰───╯",
    ]


def test_a_call_over_a_layer_goes_around_it() -> None:
    """The line to the far service passes the near one."""
    assert picture(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")]) == [
        "╭───╮ ┌─────────┐   ╭───╮",
        "│ a │─┤         └──▶│ c │",
        "╰───╯ │   ╭───╮ ┌──▶│   │",
        "      └──▶│ b │─┘   ╰───╯",
        "          ╰───╯          ",
    ]


def test_lines_that_cross_are_not_joined() -> None:
    """One passes below the other; a corner or a branch looks different."""
    lines = picture(["a", "b", "c", "d"], [("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")])

    assert any("─│─" in line for line in lines)


def test_twenty_services_fit_a_wide_terminal() -> None:
    """The size for which the picture is made."""
    names = [f"service{number}" for number in range(20)]
    calls = [
        (names[number], names[number + step]) for number in range(0, 18, 2) for step in (1, 4) if number + step < 20
    ]

    lines = picture(names, calls)

    assert max(map(len, lines)) <= 200


def test_nothing_is_drawn_where_nobody_calls() -> None:
    """Boxes without lines say less than a list."""
    assert picture(["a", "b"], []) == []


@pytest.mark.parametrize("count", [0, 1, 3, 25])
def test_the_svg_holds_every_service_within_its_frame(count: int) -> None:
    """Also those that call nobody, in as many rows as they take."""
    services = tuple(
        ServiceSummary(
            f"service{number}",
            "1.0",
            "team",
            "Does <this> & that.",
            is_edge=False,
            operations=(),
            events=(),
            depends_on=(),
        )
        for number in range(count)
    )
    calls = (Call("service0", "service1", None, is_present=True),) if count > 1 else ()

    root = ElementTree.fromstring(svg(Summary("app", "1.0", "team", "", services, calls)))

    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    boxes = [element.attrib for element in root.iter() if element.attrib.get("class") == "box"]
    assert len(boxes) == count
    assert all(float(box["x"]) + float(box["width"]) <= width for box in boxes)
    assert all(float(box["y"]) + float(box["height"]) <= height for box in boxes)
