"""Figures in the formats of Prometheus, read by a parser that is not ours."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric

from atoll.telemetry import Figure, Figures, Gauge, Kind, ProcessFigures, Sample, Span, expose
from atoll.telemetry.exposition import OPENMETRICS, TEXT, media_type_for
from tests.telemetry.scraped import families_in

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""What Prometheus 3 sends."""


def span(kind: Kind, name: str, caller: str, duration_s: float, outcome: str = "ok") -> Span:
    return Span(name, caller, 1, 2, 3, 0.0, duration_s, outcome, kind=kind, service="stock")


def counted() -> list[Figure]:
    figures = Figures()
    for duration_s in (0.0004, 0.003, 31.0):
        figures.count(span(Kind.CALL, "stock.take", "orders", duration_s))
    figures.count(span(Kind.CALL, "stock.take", "orders", 0.003, "sold_out"))
    figures.count(span(Kind.DELIVERY, "orders.placed.v1", "orders", 0.02))
    figures.count(span(Kind.TURN, "restock", "", 1.5, "failed"))
    figures.count(span(Kind.PUBLISHED, "stock.taken.v1", "", 0.0))
    return figures.all


def process(
    name: str = "stock-1", *, is_alive: bool = True, at: float = 100.0, gauges: tuple[Gauge, ...] = ()
) -> ProcessFigures:
    return ProcessFigures(name, is_alive, Sample(at, counted(), list(gauges)))


def read(processes: list[ProcessFigures], accept: str = "") -> dict[str, Metric]:
    exposed = expose(processes, accept)
    return families_in(exposed.body.decode(), exposed.media_type)


@pytest.mark.parametrize("accept", ["", PROMETHEUS])
def test_both_formats_say_the_same(accept: str) -> None:
    """Counters by outcome, histograms with the classes that are counted, gauges."""
    found = read([process(gauges=(Gauge("calls_in_progress", 3.0, "stock"),))], accept)

    labels = {"service": "stock", "operation": "stock.take", "caller": "orders", "process": "stock-1"}
    requests = {sample.labels["outcome"]: sample.value for sample in found["atoll_requests"].samples}
    assert requests == {"ok": 3, "sold_out": 1}
    assert found["atoll_requests"].samples[0].labels == labels | {"outcome": "ok"}
    durations = found["atoll_request_duration_seconds"]
    assert durations.type == "histogram"
    by_bound = {float(each.labels["le"]): each.value for each in durations.samples if each.name.endswith("_bucket")}
    assert [by_bound[bound] for bound in (0.0005, 0.0025, 0.005, 30.0, math.inf)] == [1, 1, 3, 3, 4]
    assert [each.value for each in durations.samples if each.name.endswith("_sum")] == [pytest.approx(31.0064)]
    assert found["atoll_deliveries"].samples[0].labels == {
        "service": "stock",
        "event": "orders.placed.v1",
        "publisher": "orders",
        "outcome": "ok",
        "process": "stock-1",
    }
    turns = {each.labels["outcome"]: each.value for each in found["atoll_turns"].samples}
    assert turns == {"ok": 0, "failed": 1}
    (gauge,) = found["atoll_calls_in_progress"].samples
    assert (gauge.labels, gauge.value) == ({"of": "stock", "process": "stock-1"}, 3.0)
    assert [family.documentation for family in found.values() if not family.documentation] == []


def test_each_process_counts_for_itself() -> None:
    """Of a sum, one part falls when a process begins anew, and all of the rest would be counted again."""
    found = read([process("stock-2"), process("stock-1")])

    who = [sample.labels["process"] for sample in found["atoll_requests"].samples if sample.labels["outcome"] == "ok"]
    assert who == ["stock-1", "stock-2"]


def test_a_series_is_there_once() -> None:
    """A process that has ended leaves its name to the one that was started in its place."""
    found = read([process(is_alive=True, at=7.0), process(is_alive=False, at=9.0)])

    assert [sample.value for sample in found["atoll_process_up"].samples] == [1.0]
    assert [sample.value for sample in found["atoll_process_sampled_timestamp_seconds"].samples] == [7.0]


def test_a_process_that_has_ended_keeps_its_counters_and_has_no_gauges() -> None:
    """What it has counted last is not lost; how much memory it takes is nothing that can be said."""
    found = read([process(is_alive=False, gauges=(Gauge("process_threads", 4.0),))])

    assert found["atoll_process_up"].samples[0].value == 0.0
    assert "atoll_requests" in found
    assert "atoll_process_threads" not in found


def test_names_of_gauges_are_made_legal_and_clash_with_nothing() -> None:
    """A gauge is called as its process likes; a document that cannot be read would hide all the others."""
    gauges = (Gauge("queue.size", 1.0), Gauge("requests", 2.0), Gauge("process_up", 3.0), Gauge("queue.size", 4.0))

    found = read([process(gauges=gauges)], PROMETHEUS)

    assert found["atoll_queue_size"].samples[0].value == 4.0
    assert found["atoll_requests_gauge"].samples[0].value == 2.0
    assert found["atoll_process_up_gauge"].samples[0].value == 3.0


def test_nothing_is_a_document_too() -> None:
    """An application that has not begun to count is no error of its own."""
    assert (
        read([], PROMETHEUS).keys()
        == read([]).keys()
        == {"atoll_process_up", "atoll_process_sampled_timestamp_seconds"}
    )


def test_the_order_is_the_same_each_time() -> None:
    """So that two documents can be compared."""
    backwards = ProcessFigures("a", True, Sample(1.0, counted()[::-1], []))
    forwards = ProcessFigures("a", True, Sample(1.0, counted(), []))

    assert expose([backwards]) == expose([forwards])


@given(st.text(), st.text(), st.floats(), st.sampled_from(["", PROMETHEUS]))
def test_any_name_and_any_number_comes_through(name: str, of: str, value: float, accept: str) -> None:
    """Quotes, line ends, backslashes, infinity: escaped for the reader, who reads what was meant."""
    figure = Figure(Kind.CALL, "s", name, "c", 1, 0.5, {}, [1] + [0] * 15)
    sample = Sample(1.0, [figure], [Gauge("g", value, of)])

    found = read([ProcessFigures("p", True, sample)], accept)

    said = name.encode(errors="replace").decode()
    assert found["atoll_requests"].samples[0].labels["operation"] == said
    (gauge,) = found["atoll_g"].samples
    assert gauge.labels.get("of", "") == of.encode(errors="replace").decode()
    assert gauge.value == value or (math.isnan(gauge.value) and math.isnan(value))


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html, */*;q=0.1", TEXT),
        (PROMETHEUS, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ('application/openmetrics-text; version="1.0.0"', OPENMETRICS),
        ("APPLICATION/OpenMetrics-Text;version=1.0.0", OPENMETRICS),
        ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.3", TEXT),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.9", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=much,,;;", TEXT),
    ],
)
def test_a_reader_is_given_what_he_prefers(accept: str, media_type: str) -> None:
    """By weight; what he cannot have is answered with the format that everybody reads."""
    assert media_type_for(accept) == media_type
