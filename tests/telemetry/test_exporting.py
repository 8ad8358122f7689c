"""Where telemetry is sent: the standard variables of OpenTelemetry, and what is wrong with them."""

import pytest

from atoll.telemetry import otlp_target

ROOT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


def test_nothing_is_sent_unless_somebody_says_where() -> None:
    """No default: nobody's telemetry leaves because something listens on port 4318."""
    assert otlp_target({}) == (None, [])
    assert otlp_target({"OTEL_EXPORTER_OTLP_HEADERS": "a=b"}) == (None, [])


@pytest.mark.parametrize("root", ["http://collector:4318", "http://collector:4318/"])
def test_each_signal_has_a_path_below_the_root(root: str) -> None:
    """As the specification has it."""
    target, mistakes = otlp_target({"OTEL_EXPORTER_OTLP_ENDPOINT": root})

    assert not mistakes
    assert target is not None
    assert target.traces == "http://collector:4318/v1/traces"
    assert target.logs == "http://collector:4318/v1/logs"
    assert target.metrics == "http://collector:4318/v1/metrics"


def test_a_signals_own_endpoint_stands_as_it_is() -> None:
    """And alone, where nothing else is said."""
    target, _ = otlp_target({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example/otlp"})

    assert target is not None
    assert (target.traces, target.logs, target.metrics) == ("https://traces.example/otlp", "", "")


def test_the_applications_own_setting_comes_before_the_machines() -> None:
    """It is nearer."""
    target, _ = otlp_target(
        ROOT | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://other/v1/traces"}, "http://127.0.0.1:4318"
    )

    assert target is not None
    assert target.traces == "http://127.0.0.1:4318/v1/traces"


def test_everything_that_can_be_said() -> None:
    """Times are milliseconds, pairs are written as in W3C Baggage."""
    target, mistakes = otlp_target(
        ROOT
        | {
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc, x-tenant = a=b ,",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "/etc/ca.pem",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=prod",
            "OTEL_METRIC_EXPORT_INTERVAL": "5000",
            "OTEL_LOGS_EXPORTER": "none",
        }
    )

    assert not mistakes
    assert target is not None
    assert target.headers == (("authorization", "Bearer abc"), ("x-tenant", "a=b"))
    assert (target.timeout_s, target.metrics_every_s) == (2.5, 5.0)
    assert target.is_compressed
    assert target.certificate == "/etc/ca.pem"
    assert target.resource == (("deployment.environment.name", "prod"),)
    assert target.logs == ""
    assert "abc" not in repr(target)


def test_it_can_be_switched_off_for_all() -> None:
    """`OTEL_SDK_DISABLED`, as for every other program."""
    assert otlp_target(ROOT | {"OTEL_SDK_DISABLED": "true"}) == (None, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[oops"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host:99999"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "grpc://collector"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "nan"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "s3cret"),
        ("OTEL_RESOURCE_ATTRIBUTES", "=x"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
    ],
)
def test_a_mistake_is_told_once_by_its_variable_without_its_value(name: str, value: str) -> None:
    """Found at the start; a value may be a secret."""
    target, mistakes = otlp_target(ROOT | {name: value})

    assert target is None
    assert len(mistakes) == 1
    assert name in mistakes[0].what
    assert value not in str(mistakes[0])


def test_a_mistake_in_the_applications_own_setting_names_it() -> None:
    """It stands in `[telemetry]`."""
    _, (mistake,) = otlp_target({}, "collector")

    assert "`otlp` in [telemetry]" in mistake.what
