"""Where telemetry is sent, as an application is told: by its settings, or by the field's own variables."""

import pytest

from atoll import Config, Mistakes
from atoll.adapters.otlp import OtlpExporter
from atoll.telemetry import OtlpTarget
from atoll.topology.exporting import export_target, exporter_to


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
