"""What the map shows of a service, out of what was counted at two moments."""

import pytest

from atoll import describe
from atoll.console.mapping import Node, Seen, mapped
from atoll.seeing import Figure, Kind, ProcessFigures, Sample
from tests.cli.post import office


def figure(kind: Kind, name: str, count: int, errors: int = 0) -> Figure:
    """So much work of one kind in Post, none of which took longer than five milliseconds."""
    buckets = [0, 0, 0, count, *[0] * 12]
    return Figure(kind, "post", name, "", count, 0.004 * count, {"failed": errors} if errors else {}, buckets)


def shown(*figures: Figure) -> Node:
    """Post on the map, when it has done this within ten seconds."""
    nothing = [figure(each.kind, each.name, 0) for each in figures]
    before = Seen(0.0, [ProcessFigures("office", True, Sample(0.0, nothing, []))], None, [])
    now = Seen(10.0, [ProcessFigures("office", True, Sample(10.0, list(figures), []))], None, [])
    nodes, _ = mapped(describe(office), before, now)
    return next(node for node in nodes if node.name == "post")


def test_a_service_that_only_takes_its_turns_has_no_rate() -> None:
    """Nobody asks it for anything: whether a turn finds something to do is not counted."""
    idle = shown(figure(Kind.TURN, "tidy", 20))

    assert (idle.rate_per_s, idle.errors_per_s, idle.p95_ms, idle.state) == (0.0, 0.0, 0.0, "well")


def test_what_a_service_is_asked_for_is_its_rate() -> None:
    """Its turns add nothing to it, nor to how long it takes."""
    asked = [figure(Kind.CALL, "send", 5), figure(Kind.DELIVERY, "keep", 15)]

    assert shown(*asked, figure(Kind.TURN, "tidy", 500)).rate_per_s == pytest.approx(2.0)
    assert shown(*asked, figure(Kind.TURN, "tidy", 500)).p95_ms == shown(*asked).p95_ms > 0


def test_turns_that_fail_are_seen() -> None:
    """A service whose turns fail does not do what it is there for."""
    failing = shown(figure(Kind.TURN, "tidy", 20, errors=5))

    assert (failing.rate_per_s, failing.errors_per_s) == (0.5, 0.5)
    assert failing.state == "degraded"
    assert failing.reasons == ["25% of its work fails"]
