"""Messages of OTLP, compared with those of OpenTelemetry's own exporter for the same work."""

import logging
from collections.abc import Mapping, Sequence

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from atoll.adapters.otlp_messages import Beginnings, Origin, log_request, metric_request, trace_request
from atoll.telemetry import BOUNDS_S, Figures, Kind, LogLine, Sample, Span
from atoll.telemetry import Gauge as OurGauge

ORIGIN = Origin("shop", "1.2.3", (("deployment.environment.name", "test"),))
SCOPE = InstrumentationScope("atoll", "1.2.3", "")

Attributes = Mapping[str, str | int | Sequence[str]]


def resource(service: str, process: str = "stock-1") -> Resource:
    return Resource(
        {
            "service.name": service,
            "service.namespace": "shop",
            "service.instance.id": process,
            "telemetry.sdk.name": "atoll",
            "telemetry.sdk.language": "python",
            "telemetry.sdk.version": "1.2.3",
            "deployment.environment.name": "test",
        }
    )


def position(span_id: int) -> SpanContext:
    return SpanContext(0xABCD << 64 | 7, span_id, is_remote=False, trace_flags=TraceFlags(1))


def span(kind: Kind, name: str, outcome: str = "ok", **said: str) -> Span:
    return Span(
        name, said.get("caller", ""), 0xABCD << 64 | 7, 2, 1, 1_000.5, 0.25, outcome, kind=kind, service="stock"
    )


def theirs(name: str, kind: SpanKind, attributes: Attributes, code: StatusCode = StatusCode.UNSET) -> ReadableSpan:
    return ReadableSpan(
        name,
        position(2),
        position(1),
        resource("stock"),
        attributes,
        kind=kind,
        status=Status(code),
        start_time=1_000_500_000_000,
        end_time=1_000_750_000_000,
        instrumentation_scope=SCOPE,
    )


RPC = {"rpc.system.name": "atoll", "rpc.method": "stock.take"}
MESSAGING = {"messaging.system": "atoll"}


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        (
            span(Kind.CALL, "stock.take", caller="orders"),
            theirs("stock.take", SpanKind.SERVER, RPC | {"atoll.kind": "call", "atoll.caller": "orders"}),
        ),
        (
            span(Kind.ASKED, "stock.take", "timed_out"),
            theirs(
                "stock.take",
                SpanKind.CLIENT,
                RPC | {"error.type": "timed_out", "atoll.kind": "asked"},
                StatusCode.ERROR,
            ),
        ),
        (
            span(Kind.DELIVERY, "orders.placed.v1", caller="orders"),
            theirs(
                "process orders.placed.v1",
                SpanKind.CONSUMER,
                MESSAGING
                | {
                    "messaging.operation.type": "process",
                    "messaging.operation.name": "process",
                    "messaging.destination.name": "orders.placed.v1",
                    "messaging.consumer.group.name": "stock",
                    "atoll.kind": "delivery",
                    "atoll.caller": "orders",
                },
            ),
        ),
        (
            span(Kind.PUBLISHED, "stock.taken.v1"),
            theirs(
                "send stock.taken.v1",
                SpanKind.PRODUCER,
                MESSAGING
                | {
                    "messaging.operation.type": "send",
                    "messaging.operation.name": "send",
                    "messaging.destination.name": "stock.taken.v1",
                    "atoll.kind": "published",
                },
            ),
        ),
        (
            span(Kind.TURN, "restock", "failed"),
            theirs("restock", SpanKind.INTERNAL, {"error.type": "failed", "atoll.kind": "turn"}, StatusCode.ERROR),
        ),
        (span(Kind.INNER, "pick"), theirs("pick", SpanKind.INTERNAL, {"atoll.kind": "inner"})),
    ],
    ids=lambda it: it.kind.value if isinstance(it, Span) else "",
)
def test_a_span_is_what_opentelemetry_sends(ours: Span, other: ReadableSpan) -> None:
    """The whole message but for the flags: theirs says whether the parent is in another process, which is not known."""
    expected = encode_spans([other])
    expected.resource_spans[0].scope_spans[0].spans[0].flags = 1

    assert ExportTraceServiceRequest.FromString(trace_request(ORIGIN, [("stock-1", ours)])) == expected


def test_what_else_is_known_of_a_span_is_said() -> None:
    """Under names of our own, where the conventions have none; what is usual is not said."""
    ours = Span(
        "a.b", "c", 1, 2, 0, 1.0, 0.5, "ok", 3, ("x.y",), ("retried",), Kind.INNER, "stock", key="7", tenant="acme"
    )

    (told,) = ExportTraceServiceRequest.FromString(trace_request(ORIGIN, [("p", ours)])).resource_spans
    (span,) = told.scope_spans[0].spans
    said = {each.key: each.value for each in span.attributes}

    assert span.parent_span_id == b""
    assert said["atoll.key"].string_value == "7"
    assert said["atoll.tenant"].string_value == "acme"
    assert said["atoll.attempt"].int_value == 3
    assert [each.string_value for each in said["atoll.degraded"].array_value.values] == ["x.y"]
    assert [each.string_value for each in said["atoll.met"].array_value.values] == ["retried"]


def test_spans_are_told_by_service_and_process() -> None:
    """Each a resource of its own: that is how backends tell instances."""
    here, there = span(Kind.INNER, "a"), Span("b", "", 1, 2, 0, 1.0, 0.5, "ok", service="orders")

    told = ExportTraceServiceRequest.FromString(trace_request(ORIGIN, [("p", here), ("q", here), ("p", there)]))

    names = [{each.key: each.value.string_value for each in it.resource.attributes} for it in told.resource_spans]
    where = [(each["service.name"], each["service.instance.id"]) for each in names]
    assert where == [("stock", "p"), ("stock", "q"), ("orders", "p")]


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        (logging.DEBUG, SeverityNumber.DEBUG),
        (logging.INFO, SeverityNumber.INFO),
        (logging.WARNING, SeverityNumber.WARN),
        (logging.ERROR, SeverityNumber.ERROR),
        (logging.CRITICAL, SeverityNumber.FATAL),
        (5, SeverityNumber.TRACE),
    ],
)
def test_a_line_is_what_opentelemetry_sends(level: int, severity: SeverityNumber) -> None:
    """With its trace, what was given as extra, and the traceback."""
    line = LogLine(
        1_000.5,
        level,
        "stock.shelf",
        "empty",
        "stock",
        0xABCD << 64 | 7,
        2,
        "Traceback ...",
        '{"shelf":7,"is_top":true}',
    )
    other = ReadableLogRecord(
        LogRecord(
            timestamp=1_000_500_000_000,
            observed_timestamp=1_000_500_000_000,
            context=set_span_in_context(NonRecordingSpan(position(2))),
            severity_text=logging.getLevelName(level),
            severity_number=severity,
            body="empty",
            attributes={"shelf": 7, "is_top": True, "exception.stacktrace": "Traceback ..."},
        ),
        resource("stock"),
        InstrumentationScope("stock.shelf", "", ""),
    )

    ours = ExportLogsServiceRequest.FromString(log_request(ORIGIN, [("stock-1", line)]))

    assert ours == encode_logs([other])


def test_a_line_of_nobody_is_the_applications() -> None:
    """And what cannot be read is told as text."""
    line = LogLine(1.0, logging.INFO, "root", "hello", more='{"cut": "o')

    (told,) = ExportLogsServiceRequest.FromString(log_request(ORIGIN, [("p", line)])).resource_logs

    assert told.resource.attributes[0].value.string_value == "shop"
    (record,) = told.scope_logs[0].log_records
    assert (record.trace_id, record.span_id, record.flags) == (b"", b"", 0)
    assert record.attributes[0].value.string_value == '{"cut": "o'


def test_figures_are_what_opentelemetry_sends() -> None:
    """Cumulative: a monotonic sum by outcome, a histogram with our bounds, and gauges."""
    figures = Figures()
    figures.count(Span("stock.take", "orders", 1, 2, 3, 0.0, 0.003, "ok", service="stock"))
    figures.count(Span("stock.take", "orders", 1, 2, 3, 0.0, 40.0, "sold_out", service="stock"))
    sample = Sample(
        1_060.0, figures.all, [OurGauge("loop_lag_seconds", 0.25), OurGauge("calls_in_progress", 2.0, "stock")]
    )
    began, now = 1_000_000_000_000, 1_060_000_000_000
    labels = {"operation": "stock.take", "caller": "orders"}
    total = Sum(
        [NumberDataPoint(labels | {"outcome": outcome}, began, now, 1) for outcome in ("ok", "sold_out")],
        AggregationTemporality.CUMULATIVE,
        is_monotonic=True,
    )
    buckets = [1 if at in (3, len(BOUNDS_S)) else 0 for at in range(len(BOUNDS_S) + 1)]
    point = HistogramDataPoint(labels, began, now, 2, 40.003, buckets, BOUNDS_S, 0.0, 0.0)
    durations = Histogram([point], AggregationTemporality.CUMULATIVE)
    said = [
        Metric("atoll.requests", "Calls of operations, as the service saw that answered them.", "1", total),
        Metric("atoll.request_duration", "How long they took.", "s", durations),
    ]
    lag = Metric("atoll.loop_lag", "", "s", Gauge([NumberDataPoint({}, 0, now, 0.25)]))
    progress = Metric("atoll.calls_in_progress", "", "", Gauge([NumberDataPoint({"of": "stock"}, 0, now, 2.0)]))
    expected = encode_metrics(
        MetricsData(
            [
                ResourceMetrics(resource("stock"), [ScopeMetrics(SCOPE, said, "")], ""),
                ResourceMetrics(resource("shop"), [ScopeMetrics(SCOPE, [lag, progress], "")], ""),
            ]
        )
    )
    for each in expected.resource_metrics[0].scope_metrics[0].metrics[1].histogram.data_points:
        each.ClearField("min")  # not counted here
        each.ClearField("max")

    ours = ExportMetricsServiceRequest.FromString(metric_request(ORIGIN, [("stock-1", sample, 1_000.0)]))

    assert ours == expected


def counted(at: float, *names: str) -> Sample:
    figures = Figures()
    for name in names:
        figures.count(Span(name, "", 1, 2, 3, 0.0, 0.1, "ok"))
    return Sample(at, figures.all, [])


def test_counts_begin_anew_with_their_process() -> None:
    """A count that falls, or is gone: then it has begun after the last time that it was seen."""
    begun = Beginnings()

    since = [
        begun.since("p", counted(10.0, "a")),
        begun.since("p", counted(20.0, "a", "a", "b")),
        begun.since("p", counted(30.0, "a")),
        begun.since("p", counted(40.0, "a", "b")),
        begun.since("p", counted(50.0, "a")),
        begun.since("q", counted(50.0, "a")),
    ]

    assert since == [10.0, 10.0, 20.0, 20.0, 40.0, 50.0]
