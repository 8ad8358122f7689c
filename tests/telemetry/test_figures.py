"""Figures: counted where work happens, and what they say."""

import itertools
import math
import random
from collections.abc import Sequence

import pytest

from atoll.telemetry import BOUNDS_S, Figure, Figures, Gauge, Kind, ProcessFigures, Sample, Span, rates
from atoll.telemetry.figures import NAMES_MAX


def span(duration_s: float = 0.01, outcome: str = "ok", name: str = "scoring.score") -> Span:
    """A call of scoring by capture."""
    return Span(name, "capture", 1, 2, 3, 0.0, duration_s, outcome, service="scoring")


def test_each_kind_of_work_has_its_own_count() -> None:
    """By what it was, who did it, and for whom."""
    figures = Figures()

    for outcome in ("ok", "unavailable", "ok", "not_found", "unavailable"):
        figures.count(span(0.25, outcome))
    figures.count(span(name="scoring.latest"))

    score, latest = figures.all
    assert (score.kind, score.service, score.name, score.caller) == (Kind.CALL, "scoring", "scoring.score", "capture")
    assert (score.count, score.failed, score.errors) == (5, 3, {"unavailable": 2, "not_found": 1})
    assert score.duration_s == pytest.approx(1.25)
    assert (latest.count, latest.failed) == (1, 0)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_quantile_is_within_its_class(share: float) -> None:
    """Of durations as they are met: the figure names the class in which the exact one is."""
    chance = random.Random(7)
    durations = sorted(chance.lognormvariate(-4.0, 1.5) for _ in range(5_000))
    figures = Figures()
    for duration_s in durations:
        figures.count(span(duration_s))

    found = figures.all[0].quantile_s(share)

    exact = durations[math.ceil(share * len(durations)) - 1]
    bounds = (0.0, *BOUNDS_S, 2 * BOUNDS_S[-1])
    lower, upper = next((low, high) for low, high in itertools.pairwise(bounds) if low < exact <= high)
    assert lower <= found <= upper


def test_nothing_has_no_duration() -> None:
    """And the longest class has an end, so that a figure is never without bound."""
    assert Figure(Kind.CALL, "a", "a.b", "").quantile_s(0.99) == 0.0
    figures = Figures()
    figures.count(span(1_000.0))
    assert BOUNDS_S[-1] < figures.all[0].quantile_s(0.5) <= 2 * BOUNDS_S[-1]


def test_names_without_end_are_not_all_counted() -> None:
    """Only a defect makes so many; the process keeps its memory, and says how many it has left out."""
    figures = Figures()

    for number in range(NAMES_MAX + 10):
        figures.count(span(name=f"scoring.{number}"))

    assert (len(figures.all), figures.uncounted) == (NAMES_MAX, 10)


def test_what_was_counted_before_is_taken_away() -> None:
    """And all of it stays where the process has begun anew."""
    figures = Figures()
    figures.count(span())
    before = _copied(figures)
    figures.count(span(0.3, "unavailable"))

    (now,) = figures.all
    more = now.minus(before)

    assert (more.count, more.errors, sum(more.buckets)) == (1, {"unavailable": 1}, 1)
    assert more.plus(before) == now
    assert before.minus(now) == before  # fewer than before: another process
    assert now.minus(None) == now


def test_rates_are_those_of_all_processes_together() -> None:
    """Each over its own time; one that is new is not taken for a burst, one that has ended does nothing."""
    before = [_process("a", 100.0, 10), _process("b", 100.0, 50), _process("gone", 100.0, 7)]
    after = [_process("a", 102.0, 30), _process("b", 101.0, 55, failed=5), _process("new", 102.0, 1_000)]

    (rate,) = rates(before, after)

    assert rate.counted.count == 20 + 5
    assert rate.per_s == pytest.approx(20 / 2.0 + 5 / 1.0)
    assert rate.failed_per_s == pytest.approx(5.0)


def test_rates_put_the_busiest_first() -> None:
    """What does nothing is last, and there."""
    before, after = [_process("a", 0.0, 1)], [_process("a", 1.0, 1)]
    after[0].sample.figures.append(Figure(Kind.CALL, "busy", "busy.bee", "", 9, 0.1, {}, [9] + [0] * len(BOUNDS_S)))

    assert [(rate.counted.service, rate.per_s) for rate in rates(before, after)] == [("busy", 9.0), ("scoring", 0.0)]


def _process(name: str, at: float, count: int, *, failed: int = 0) -> ProcessFigures:
    errors = {"unavailable": failed} if failed else {}
    buckets = [count, *([0] * len(BOUNDS_S))]
    figure = Figure(Kind.CALL, "scoring", "scoring.score", "capture", count, 0.1, errors, buckets)
    gauges: Sequence[Gauge] = ()
    return ProcessFigures(name, True, Sample(at, [figure], list(gauges)))  # a record's own order


def _copied(figures: Figures) -> Figure:
    (one,) = figures.all
    return one.plus(Figure(one.kind, one.service, one.name, one.caller))
