"""OTLP to collectors: to one that is not ours, and to one with moods."""

import asyncio
import logging
import platform
import socket
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from atoll.adapters.otlp import OtlpExporter, Sending
from atoll.telemetry import Figures, LogLine, OtlpTarget, Sample, Span, otlp_target
from tests.adapters.collector import collecting
from tests.patience import PATIENCE_S

QUICK = Sending(every_s=0.01, wait_min_s=0.01, wait_max_s=0.02, gives_up_s=20.0)


def span(number: int = 1) -> Span:
    return Span("stock.take", "orders", 7, number, 0, 1_000.0, 0.25, "ok", service="stock")


def line(message: str = "hello") -> LogLine:
    return LogLine(1_000.0, logging.WARNING, "stock", message, "stock", 7, 1)


def sample() -> Sample:
    figures = Figures()
    figures.count(span())
    return Sample(1_001.0, figures.all, [])


def target(url: str, **variables: str) -> OtlpTarget:
    found, mistakes = otlp_target({"OTEL_EXPORTER_OTLP_ENDPOINT": url} | variables)
    assert found is not None, mistakes
    return found


@contextmanager
def exporting(to: OtlpTarget, sending: Sending = QUICK) -> Generator[OtlpExporter]:
    exporter = OtlpExporter("shop", "1.2.3", to, sending)
    try:
        yield exporter
    finally:
        exporter.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="OtelTap has its core for x86-64 alone")
async def test_a_collector_that_is_not_ours_understands_all_three() -> None:
    """OtelTap, whose core is written in Rust with another implementation of the protocol."""
    from oteltap import (  # noqa: PLC0415  # it loads its core, which not every machine can
        OtelTapHttpProtobufReceiver,
        OtelTapHttpProtobufReceiverSettings,
    )

    port = free_port()
    settings = OtelTapHttpProtobufReceiverSettings(http_port=port)
    async with OtelTapHttpProtobufReceiver(settings) as receiver:
        exporter = OtlpExporter("shop", "1.2.3", target(f"http://127.0.0.1:{port}"), QUICK)
        found = asyncio.gather(
            receiver.await_trace(lambda it: it.name == "stock.take", timeout=PATIENCE_S),
            receiver.await_log(lambda it: it.body.string_value == "hello", timeout=PATIENCE_S),
            receiver.await_metric(lambda it: it.name == "atoll.request_duration", timeout=PATIENCE_S),
        )
        await asyncio.sleep(0)  # they ask before anything is sent
        exporter.take("stock-1", [span()], [line()], sample())
        await asyncio.to_thread(exporter.close)
        trace, log, metric = await found

    assert (trace.trace_id, trace.span_id) == ((7).to_bytes(16, "big"), (1).to_bytes(8, "big"))
    assert (log.severity_text, log.trace_id) == ("WARNING", trace.trace_id)
    assert (metric.unit, metric.histogram.data_points[0].count) == ("s", 1)


def test_each_signal_goes_to_its_own_path() -> None:
    """As protobuf, with the headers that were set; what is left is sent at the end, figures too."""
    with collecting() as collector:
        with exporting(target(collector.url, OTEL_EXPORTER_OTLP_HEADERS="api-key=s%3Dcret")) as exporter:
            exporter.take("stock-1", [span()], [line()], sample())
        sent = {each.path: each for each in (collector.next() for _ in range(3))}

    assert sent.keys() == {"/v1/traces", "/v1/logs", "/v1/metrics"}
    assert {each.headers["content-type"] for each in sent.values()} == {"application/x-protobuf"}
    assert {each.headers["api-key"] for each in sent.values()} == {"s=cret"}
    assert ExportTraceServiceRequest.FromString(sent["/v1/traces"].body).resource_spans
    assert ExportLogsServiceRequest.FromString(sent["/v1/logs"].body).resource_logs
    assert ExportMetricsServiceRequest.FromString(sent["/v1/metrics"].body).resource_metrics


def test_it_is_compressed_where_that_is_wanted() -> None:
    """And read again, by the test's collector."""
    with collecting() as collector, exporting(target(collector.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")) as exporter:
        exporter.take("stock-1", [span()], [], None)
        sent = collector.next()

    assert sent.headers["content-encoding"] == "gzip"
    assert spans_in(sent.body) == [1]


def test_a_signal_that_is_not_wanted_is_not_sent() -> None:
    """Some collectors take traces alone."""
    variables = {"OTEL_LOGS_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    with collecting() as collector:
        with exporting(target(collector.url, **variables)) as exporter:
            exporter.take("stock-1", [span()], [line()], sample())
        assert collector.next().path == "/v1/traces"
        assert collector.sent.empty()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_taken_later_is_sent_again(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """The same bytes; it is said once that it is not taken, and once that it is."""
    caplog.set_level(logging.INFO, "atoll.telemetry")
    refused = (status, {"retry-after": "0"}, b"")
    with collecting(refused, refused, refused) as collector, exporting(target(collector.url)) as exporter:
        exporter.take("stock-1", [span()], [], None)
        sent = [collector.next().body for _ in range(4)]

    assert len(set(sent)) == 1
    assert exporter.lost == 0
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "INFO"]
    assert str(status) in caplog.text


@pytest.mark.parametrize("moment", ["3600", "Thu, 31 Dec 2099 23:59:59 GMT"])
def test_a_collector_says_when_it_may_be_asked_again(moment: str) -> None:
    """`Retry-After`, however short the waits would be: what comes before that is lost rather than sent."""
    with collecting((503, {"retry-after": moment}, b"")) as collector:
        with exporting(target(collector.url)) as exporter:
            exporter.take("stock-1", [span(1)], [], None)
            collector.next()
            exporter.take("stock-1", [span(2)], [line()], None)
            other = collector.next()

        assert other.path == "/v1/logs"  # another signal goes on
        assert collector.sent.empty()
    assert exporter.lost == 2


@pytest.mark.parametrize("status", [400, 401, 404, 500, 301])
def test_what_is_refused_is_not_sent_again(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """It would be refused again; and a collector with no place for it is no reason to stop."""
    refused = (status, {"content-type": "text/plain"}, b"no such key")
    with collecting(refused) as collector, exporting(target(collector.url)) as exporter:
        exporter.take("stock-1", [span(1)], [], None)
        first = collector.next()
        exporter.take("stock-1", [span(2)], [], None)
        second = collector.next()

    assert (spans_in(first.body), spans_in(second.body)) == ([1], [2])
    assert exporter.lost == 1
    assert "no such key" in caplog.text


def test_a_collector_that_is_not_there_is_given_up_in_time(caplog: pytest.LogCaptureFixture) -> None:
    """The application ends all the same, and says what was lost."""
    with exporting(target(f"http://127.0.0.1:{free_port()}")) as exporter:
        for number in range(1, 4):
            exporter.take("stock-1", [span(number)], [line()], sample())

    assert exporter.lost == 7
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3  # one for each signal
    assert "Connection refused" in caplog.text


def test_the_oldest_records_make_room() -> None:
    """A collector that is away for long does not take the memory."""
    small = Sending(queued_max=10, every_s=20.0)
    with collecting() as collector:
        with exporting(target(collector.url), small) as exporter:
            exporter.take("stock-1", [span(number) for number in range(1, 26)], [], None)
        sent = collector.next()

    assert spans_in(sent.body) == list(range(16, 26))
    assert exporter.lost == 15


def test_more_than_a_batch_is_sent_in_several() -> None:
    """Collectors bound what they read at once."""
    few = Sending(batch_max=2, every_s=20.0)
    with collecting() as collector, exporting(target(collector.url), few) as exporter:
        exporter.take("stock-1", [span(number) for number in range(1, 6)], [], None)
        sent = [spans_in(collector.next().body) for _ in range(3)]

    assert sent == [[1, 2], [3, 4], [5]]


def test_what_a_collector_takes_in_part_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Partial success: it is not sent again."""
    partly = ExportTracePartialSuccess(rejected_spans=1, error_message="too old")
    answer = ExportTraceServiceResponse(partial_success=partly).SerializeToString()
    with collecting((200, {}, answer)) as collector, exporting(target(collector.url)) as exporter:
        exporter.take("stock-1", [span(1), span(2)], [], None)
        collector.next()

    assert exporter.lost == 1
    assert "without 1 of 2: too old" in caplog.text


def test_a_connection_that_was_closed_meanwhile_is_opened_again(caplog: pytest.LogCaptureFixture) -> None:
    """A collector closes idle ones: that is no failure."""
    with collecting((200, {"connection": "close"}, b"")) as collector, exporting(target(collector.url)) as exporter:
        exporter.take("stock-1", [span(1)], [], None)
        collector.next()
        exporter.take("stock-1", [span(2)], [], None)
        collector.next()

    assert not caplog.records
    assert exporter.lost == 0


def test_a_record_that_cannot_be_written_does_not_end_it() -> None:
    """An id that is too long for its field, say."""
    with collecting() as collector, exporting(target(collector.url)) as exporter:
        exporter.take("stock-1", [span(1 << 64)], [], None)
        while not exporter.lost:
            exporter.take("stock-1", [], [line()], None)
            collector.next()
        exporter.take("stock-1", [span(2)], [], None)
        while (sent := collector.next()).path != "/v1/traces":
            pass

    assert spans_in(sent.body) == [2]


def spans_in(body: bytes) -> list[int]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        int.from_bytes(each.span_id, "big")
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    ]
