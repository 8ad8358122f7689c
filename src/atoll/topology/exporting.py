"""Where telemetry is sent, by settings and by the field's own variables; and who sends it.

    [telemetry]
    otlp = "http://127.0.0.1:4318"          where a collector listens, for OTLP over HTTP

In the environment it is `SHOP_TELEMETRY_OTLP`, or `OTEL_EXPORTER_OTLP_ENDPOINT` for all programs of a machine.
"""

from importlib import metadata
from importlib.util import find_spec

from atoll.contract import Value
from atoll.kernel import Config, Mistake, Mistakes, read_settings
from atoll.telemetry import Exporter, OtlpTarget, otlp_target

SECTION = "telemetry"
"""The section of the settings that is the platform's own: no service can be called so."""


class TelemetrySettings(Value):
    """What becomes of telemetry. `otlp` is where a collector listens; empty: what the environment says."""

    otlp: str = ""


def export_target(application: str, config: Config) -> tuple[OtlpTarget | None, list[Mistake]]:
    """Where telemetry is sent, None where nowhere, and everything that is wrong with what was said about that."""
    others = config.tables()[0]
    values, mistakes = read_settings({SECTION: TelemetrySettings}, application, config, others)
    target, wrong = otlp_target(config.environment, values.get(SECTION, TelemetrySettings()).otlp)
    if target is not None and not _is_installed():
        what = "telemetry is to be sent to a collector, and the package that writes OTLP is not installed"
        wrong.append(Mistake(None, what, "pip install 'atoll[otlp]'"))
    return target, mistakes + wrong


def exporter_to(target: OtlpTarget, application: str) -> Exporter:
    """Who sends the telemetry of an application there: close it at the end.

    Raises:
        Mistakes: the file of certificates cannot be read.
    """
    from atoll.adapters.otlp import OtlpExporter  # noqa: PLC0415  # loaded by those alone who send

    try:
        return OtlpExporter(application, metadata.version("atoll"), target)
    except OSError as error:
        what = f"environment variable OTEL_EXPORTER_OTLP_CERTIFICATE: the file cannot be read: {error.strerror}"
        raise Mistakes([Mistake(None, what, "name a file with certificates in PEM")]) from None


def _is_installed() -> bool:
    """Whether the messages of OTLP are there; other parts of OpenTelemetry may be, without them."""
    try:
        return find_spec("opentelemetry.proto") is not None
    except ModuleNotFoundError:  # nothing of OpenTelemetry is
        return False
