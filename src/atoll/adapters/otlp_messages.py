"""Spans, lines and figures as messages of OTLP: who has recorded them, under the names of the semantic conventions.

A service is a resource of its own, in the namespace of its application, with its process as the instance. What the
conventions have no word for begins with `atoll.`. Metrics are called so that a reader of Prometheus knows them under
the names that the gateway shows.

Source: OpenTelemetry protocol 1.x; semantic conventions for RPC, messaging, exceptions and services.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1 import logs_pb2 as logs  # pyright: ignore[reportMissingTypeStubs]  # they are there
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2 as traces

from atoll.telemetry import BOUNDS_S, FORMS, Figure, Kind, LogLine, Sample, Span

_KINDS = {
    Kind.CALL: traces.Span.SPAN_KIND_SERVER,
    Kind.ASKED: traces.Span.SPAN_KIND_CLIENT,
    Kind.DELIVERY: traces.Span.SPAN_KIND_CONSUMER,
    Kind.TURN: traces.Span.SPAN_KIND_INTERNAL,
    Kind.PUBLISHED: traces.Span.SPAN_KIND_PRODUCER,
    Kind.INNER: traces.Span.SPAN_KIND_INTERNAL,
}
PROCESSES_MAX = 10_000
"""Of so many processes it is remembered since when they count."""

_SAMPLED = 1
_CUMULATIVE = metrics.AGGREGATION_TEMPORALITY_CUMULATIVE

_SEVERITIES = (
    (logging.CRITICAL, logs.SEVERITY_NUMBER_FATAL),
    (logging.ERROR, logs.SEVERITY_NUMBER_ERROR),
    (logging.WARNING, logs.SEVERITY_NUMBER_WARN),
    (logging.INFO, logs.SEVERITY_NUMBER_INFO),
    (logging.DEBUG, logs.SEVERITY_NUMBER_DEBUG),
)


class Origin(msgspec.Struct, frozen=True):
    """Whose telemetry it is: the application, the version of Atoll, and what else is said of all of it."""

    application: str
    version: str
    more: tuple[tuple[str, str], ...] = ()

    def resource(self, process: str, service: str) -> Resource:
        """A service in a process; what no service has done is the application's own."""
        said: dict[str, str] = {
            "service.name": service or self.application,
            "service.namespace": self.application,
            "service.instance.id": process,
            "telemetry.sdk.name": "atoll",
            "telemetry.sdk.language": "python",
            "telemetry.sdk.version": self.version,
        }
        return Resource(attributes=_attributes((said | dict(self.more)).items()))

    @property
    def scope(self) -> InstrumentationScope:
        """What has recorded it."""
        return InstrumentationScope(name="atoll", version=self.version)


def trace_request(origin: Origin, spans: Iterable[tuple[str, Span]]) -> bytes:
    """Spans, each with the process that has recorded it."""
    grouped: defaultdict[tuple[str, str], list[traces.Span]] = defaultdict(list)
    for process, span in spans:
        grouped[process, span.service].append(_span(span))
    return ExportTraceServiceRequest(
        resource_spans=[
            traces.ResourceSpans(
                resource=origin.resource(*where), scope_spans=[traces.ScopeSpans(scope=origin.scope, spans=found)]
            )
            for where, found in grouped.items()
        ]
    ).SerializeToString()


def _span(span: Span) -> traces.Span:
    started_at = _nanoseconds(span.started_at)
    return traces.Span(
        trace_id=span.trace_id.to_bytes(16, "big"),
        span_id=span.span_id.to_bytes(8, "big"),
        parent_span_id=span.parent_id.to_bytes(8, "big") if span.parent_id else b"",
        flags=_SAMPLED,
        name=_name(span),
        kind=_KINDS[span.kind],
        start_time_unix_nano=started_at,
        end_time_unix_nano=started_at + _nanoseconds(span.duration_s),
        attributes=_attributes(_said_of(span)),
        status=traces.Status(code=traces.Status.STATUS_CODE_UNSET if span.is_well else traces.Status.STATUS_CODE_ERROR),
    )


def _name(span: Span) -> str:
    """What the conventions call such work: a method, or what was done with which channel."""
    match span.kind:
        case Kind.DELIVERY:
            return f"process {span.name}"
        case Kind.PUBLISHED:
            return f"send {span.name}"
        case _:
            return span.name


def _said_of(span: Span) -> Iterator[tuple[str, object]]:
    match span.kind:
        case Kind.CALL | Kind.ASKED:
            yield from (("rpc.system.name", "atoll"), ("rpc.method", span.name))
        case Kind.DELIVERY:
            yield from (("messaging.system", "atoll"), ("messaging.operation.type", "process"))
            yield from (("messaging.operation.name", "process"), ("messaging.destination.name", span.name))
            yield "messaging.consumer.group.name", span.service
        case Kind.PUBLISHED:
            yield from (("messaging.system", "atoll"), ("messaging.operation.type", "send"))
            yield from (("messaging.operation.name", "send"), ("messaging.destination.name", span.name))
        case Kind.TURN | Kind.INNER:
            pass
    if not span.is_well:
        yield "error.type", span.outcome
    for name, value, usual in (
        ("atoll.kind", span.kind.value, ""),
        ("atoll.caller", span.caller, ""),
        ("atoll.key", span.key, ""),
        ("atoll.tenant", span.tenant, "main"),
        ("atoll.attempt", span.attempt, 1),
        ("atoll.degraded", span.degraded, ()),
        ("atoll.met", span.met, ()),
    ):
        if value != usual:
            yield name, value


def log_request(origin: Origin, lines: Iterable[tuple[str, LogLine]]) -> bytes:
    """Lines of logs, each with the process that has logged it. The logger is their scope."""
    grouped: defaultdict[tuple[str, str], defaultdict[str, list[logs.LogRecord]]]
    grouped = defaultdict(lambda: defaultdict(list))
    for process, line in lines:
        grouped[process, line.service][line.logger].append(_line(line))
    return ExportLogsServiceRequest(
        resource_logs=[
            logs.ResourceLogs(
                resource=origin.resource(*where),
                scope_logs=[
                    logs.ScopeLogs(scope=InstrumentationScope(name=logger), log_records=found)
                    for logger, found in by_logger.items()
                ],
            )
            for where, by_logger in grouped.items()
        ]
    ).SerializeToString()


def _line(line: LogLine) -> logs.LogRecord:
    at = _nanoseconds(line.at)
    severity = next((number for level, number in _SEVERITIES if line.level >= level), logs.SEVERITY_NUMBER_TRACE)
    said = list(_more(line.more))
    if line.error:
        said.append(("exception.stacktrace", line.error))
    return logs.LogRecord(
        time_unix_nano=at,
        observed_time_unix_nano=at,
        severity_number=severity,
        severity_text=logging.getLevelName(line.level),
        body=AnyValue(string_value=line.message),
        attributes=_attributes(said),
        flags=_SAMPLED if line.trace_id else 0,
        trace_id=line.trace_id.to_bytes(16, "big") if line.trace_id else b"",
        span_id=line.span_id.to_bytes(8, "big") if line.span_id else b"",
    )


def _more(text: str) -> Iterator[tuple[str, object]]:
    """What else was said with a line; as text, where that was cut off."""
    if not text:
        return
    try:
        yield from msgspec.json.decode(text, type=dict[str, object]).items()
    except msgspec.DecodeError:
        yield "atoll.more", text


def metric_request(origin: Origin, samples: Iterable[tuple[str, Sample, float]]) -> bytes:
    """What processes have counted, each since a moment in seconds since 1970, and their gauges."""
    found: list[metrics.ResourceMetrics] = []
    for process, sample, began_at in samples:
        now, began = _nanoseconds(sample.at), _nanoseconds(began_at)
        by_service: defaultdict[str, list[Figure]] = defaultdict(list)
        for figure in sample.figures:
            by_service[figure.service].append(figure)
        told = {service: list(_counted(figures, began, now)) for service, figures in by_service.items()}
        if sample.gauges:
            told.setdefault("", []).extend(_gauges(sample, now))
        found += (
            metrics.ResourceMetrics(
                resource=origin.resource(process, service),
                scope_metrics=[metrics.ScopeMetrics(scope=origin.scope, metrics=each)],
            )
            for service, each in told.items()
        )
    return ExportMetricsServiceRequest(resource_metrics=found).SerializeToString()


class Beginnings:
    """Since when processes count: since they were first seen, or seen to have begun anew."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Sample]] = {}

    def since(self, process: str, sample: Sample) -> float:
        """In seconds since 1970; remembers the sample."""
        began_at, before = self._known.pop(process, (sample.at, None))
        if before is not None:
            counts = {(each.kind, each.service, each.name, each.caller): each.count for each in sample.figures}
            fell = any(counts.get((e.kind, e.service, e.name, e.caller), 0) < e.count for e in before.figures)
            began_at = before.at if fell else began_at
        self._known[process] = began_at, sample
        if len(self._known) > PROCESSES_MAX:
            del self._known[next(iter(self._known))]
        return began_at


def _counted(figures: Sequence[Figure], began: int, now: int) -> Iterator[metrics.Metric]:
    for kind, form in FORMS.items():
        these = [figure for figure in figures if figure.kind is kind]
        if not these:
            continue
        counts: list[metrics.NumberDataPoint] = []
        durations: list[metrics.HistogramDataPoint] = []
        for figure in these:
            named = [(form.name, figure.name), (form.caller, figure.caller)]
            labels = [(name, value) for name, value in named if name]
            for outcome, count in ({"ok": figure.count - figure.failed} | figure.errors).items():
                attributes = _attributes([*labels, ("outcome", outcome)])
                point = metrics.NumberDataPoint(
                    attributes=attributes, start_time_unix_nano=began, time_unix_nano=now, as_int=count
                )
                counts.append(point)
            durations.append(
                metrics.HistogramDataPoint(
                    attributes=_attributes(labels),
                    start_time_unix_nano=began,
                    time_unix_nano=now,
                    count=sum(figure.buckets),
                    sum=figure.duration_s,
                    bucket_counts=figure.buckets,
                    explicit_bounds=BOUNDS_S,
                )
            )
        total = metrics.Sum(data_points=counts, aggregation_temporality=_CUMULATIVE, is_monotonic=True)
        yield metrics.Metric(name=_dotted(form.counter), description=form.counted, unit="1", sum=total)
        if form.histogram:
            lasted = metrics.Histogram(data_points=durations, aggregation_temporality=_CUMULATIVE)
            name, unit = _with_unit(_dotted(form.histogram))
            yield metrics.Metric(name=name, description=form.lasted, unit=unit, histogram=lasted)


def _gauges(sample: Sample, now: int) -> Iterator[metrics.Metric]:
    by_name: defaultdict[str, list[metrics.NumberDataPoint]] = defaultdict(list)
    for gauge in sample.gauges:
        attributes = _attributes([("of", gauge.of)] if gauge.of else [])
        point = metrics.NumberDataPoint(attributes=attributes, time_unix_nano=now, as_double=gauge.value)
        by_name[gauge.name].append(point)
    for gauge_name, points in by_name.items():
        name, unit = _with_unit(f"atoll.{gauge_name}")
        yield metrics.Metric(name=name, unit=unit, gauge=metrics.Gauge(data_points=points))


def _dotted(name: str) -> str:
    return name.replace("atoll_", "atoll.", 1)


def _with_unit(name: str) -> tuple[str, str]:
    """A name without its unit, which stands beside it, and which a reader of Prometheus puts back (UCUM)."""
    for ending, unit in (("_seconds", "s"), ("_bytes", "By")):
        if name.endswith(ending):
            return name.removesuffix(ending), unit
    return name, ""


def _attributes(said: Iterable[tuple[str, object]]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in said]


def _value(value: object) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case list() | tuple():
            items = cast("Sequence[object]", value)
            return AnyValue(array_value=ArrayValue(values=[_value(item) for item in items]))
        case _:
            return AnyValue(string_value=msgspec.json.encode(value).decode())


def _nanoseconds(seconds: float) -> int:
    return max(0, round(seconds * 1e9))
