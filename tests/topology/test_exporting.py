"""Where telemetry is sent, as an application is told: by its settings, or by the field's own variables."""

from pathlib import Path
from typing import Protocol

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from atoll import Application, Config, Mistakes, Service, World, contract, get, single
from atoll.adapters.otlp import OtlpExporter
from atoll.telemetry import OtlpTarget
from atoll.topology.exporting import export_target, exporter_to
from tests.adapters.collector import collecting
from tests.telemetry import librarian


@contract(version="1.0")
class Library(Protocol):
    """Lends books."""

    @get("/titles/{title}")
    async def title(self, title: str) -> str:
        """A book."""
        ...


class _LibraryService(Service, Library, owner="tests"):
    """Lends books, by a library that is instrumented with OpenTelemetry."""

    async def title(self, title: str) -> str:
        return librarian.found(title)


LIBRARY = Application("library", services=[_LibraryService], edges=())


def test_nothing_is_sent_by_default() -> None:
    """Telemetry is the application's own."""
    assert export_target("shop", Config({})) == (None, [])


@pytest.mark.parametrize(
    "config",
    [
        Config({}, text='[telemetry]\notlp = "http://collector:4318"'),
        Config({"SHOP_TELEMETRY_OTLP": "http://collector:4318"}),
        Config({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}),
        Config({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://other:1", "SHOP_TELEMETRY_OTLP": "http://collector:4318"}),
    ],
    ids=["file", "variable", "standard", "nearest"],
)
def test_a_collector_is_named_in_one_of_these_places(config: Config) -> None:
    """The nearest to the application counts."""
    target, mistakes = export_target("shop", config)

    assert not mistakes
    assert target is not None
    assert target.traces == "http://collector:4318/v1/traces"


def test_all_that_is_wrong_is_told() -> None:
    """With the line where there is one."""
    config = Config({"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, text='[telemetry]\notlp = "collector"\nrate = 1')

    _, mistakes = export_target("shop", config)
    _, wrong = export_target("shop", Config(config.environment, text='[telemetry]\notlp = "collector"'))

    assert "rate" in mistakes[0].what
    assert mistakes[0].where is not None
    assert mistakes[0].where.line == 3
    assert len(wrong) == 2


def test_an_exporter_is_made_for_a_target() -> None:
    """And ends."""
    exporter = exporter_to(OtlpTarget("http://127.0.0.1:9/v1/traces", "", ""), "shop")
    exporter.close()

    assert isinstance(exporter, OtlpExporter)


def test_a_certificate_that_cannot_be_read_is_a_mistake() -> None:
    """Found at the start, not at the first batch."""
    target = OtlpTarget("https://127.0.0.1:9/v1/traces", "", "", certificate="/nowhere/ca.pem")

    with pytest.raises(Mistakes, match="OTEL_EXPORTER_OTLP_CERTIFICATE"):
        exporter_to(target, "shop")


async def test_what_an_application_does_arrives_at_a_collector(tmp_path: Path) -> None:
    """Calls, with what instrumented code does below them, and what was counted; to the last of it."""
    with collecting() as collector:
        config = Config({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
        async with single(LIBRARY, world=World.real(tmp_path), config=config) as running:
            await running.client(Library).title("Moby Dick")
        sent = [collector.sent.get(timeout=1) for _ in range(collector.sent.qsize())]

    traces = [ExportTraceServiceRequest.FromString(each.body) for each in sent if each.path == "/v1/traces"]
    spans = {
        span.name: span
        for request in traces
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    assert spans["SELECT books"].parent_span_id == spans["library.title"].span_id
    assert spans["SELECT books"].trace_id == spans["library.title"].trace_id
    metrics = [ExportMetricsServiceRequest.FromString(each.body) for each in sent if each.path == "/v1/metrics"]
    names = {
        metric.name
        for request in metrics
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert "atoll.requests" in names


async def test_an_application_does_not_start_where_it_cannot_send(tmp_path: Path) -> None:
    """Whoever has asked for it would miss it when it is needed."""
    with pytest.raises(Mistakes, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        async with single(LIBRARY, world=World.real(tmp_path), config=Config({"OTEL_EXPORTER_OTLP_ENDPOINT": "here"})):
            pass
