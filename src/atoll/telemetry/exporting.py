"""Telemetry on its way out of the application: to whom, which the field's own variables say, and through which port."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from atoll.kernel import Mistake
from atoll.telemetry.record import LogLine, Span
from atoll.telemetry.wire import Sample

T = TypeVar("T")

_PREFIX = "OTEL_EXPORTER_OTLP_"


class Exporter(Protocol):
    """Takes what is kept of the telemetry, and sends it out of the application.

    Promises not to wait and never to raise; what cannot be sent is lost, and said. Called by one thread at a time.
    """

    def take(self, process: str, spans: Sequence[Span], lines: Sequence[LogLine], sample: Sample | None) -> None:
        """Take what one process has recorded; times are seconds since 1970."""
        ...

    def close(self) -> None:
        """Send what is left, within a few seconds, and end."""
        ...


class OtlpTarget(msgspec.Struct, frozen=True):
    """A collector that speaks OTLP over HTTP: a URL for each signal, empty where it does not want that one.

    `certificate` is a file with the authorities that vouch for it, `resource` what else is said of the application.
    """

    traces: str
    logs: str
    metrics: str
    headers: tuple[tuple[str, str], ...] = ()
    timeout_s: float = 10.0
    is_compressed: bool = False
    certificate: str = ""
    resource: tuple[tuple[str, str], ...] = ()
    metrics_every_s: float = 60.0

    def __repr__(self) -> str:  # without the headers, which are secrets
        return f"OtlpTarget(traces={self.traces!r}, logs={self.logs!r}, metrics={self.metrics!r})"


def otlp_target(environment: Mapping[str, str], endpoint: str = "") -> tuple[OtlpTarget | None, list[Mistake]]:
    """Where telemetry is sent, None where nowhere, and everything that is wrong with what was said about that.

    `endpoint` is what the application's own settings say: it comes before the variable for all programs of a machine.
    Source: OpenTelemetry specification 1.x, OTLP exporter and general SDK configuration; times are milliseconds there.

    >>> target, mistakes = otlp_target({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
    >>> target and target.traces
    'http://collector:4318/v1/traces'
    """
    said = _Said(environment)
    if said.text("OTEL_SDK_DISABLED").lower() == "true":
        return None, []
    root = endpoint or said.text(f"{_PREFIX}ENDPOINT")
    urls = {signal: said.url(signal, root, is_set=bool(endpoint)) for signal in ("traces", "logs", "metrics")}
    protocol = said.text(f"{_PREFIX}PROTOCOL")
    if not any(urls.values()):
        return None, said.mistakes
    if protocol and protocol != "http/protobuf":
        said.wrong(f"{_PREFIX}PROTOCOL", "is not `http/protobuf`, the one that is spoken here", "leave it out")
    compression = said.text(f"{_PREFIX}COMPRESSION")
    if compression not in ("", "none", "gzip"):
        said.wrong(f"{_PREFIX}COMPRESSION", "is neither `gzip` nor `none`", "write one of them")
    target = OtlpTarget(
        **urls,
        headers=said.read(f"{_PREFIX}HEADERS", (), _pairs, "is not `name=value,name=value`"),
        timeout_s=said.read(f"{_PREFIX}TIMEOUT", 10.0, _seconds, "is no number of milliseconds above zero"),
        is_compressed=compression == "gzip",
        certificate=said.text(f"{_PREFIX}CERTIFICATE"),
        resource=said.read("OTEL_RESOURCE_ATTRIBUTES", (), _pairs, "is not `name=value,name=value`"),
        metrics_every_s=said.read(
            "OTEL_METRIC_EXPORT_INTERVAL", 60.0, _seconds, "is no number of milliseconds above zero"
        ),
    )
    return (None if said.mistakes else target), said.mistakes


class _Said:
    """What the environment says, and what is wrong with it. No mistake repeats a value: it may be a secret."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.mistakes: list[Mistake] = []

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def wrong(self, name: str, what: str, fix: str) -> None:
        self.mistakes.append(Mistake(None, f"environment variable {name} {what}", fix))

    def read(self, name: str, default: T, parse: Callable[[str], T], what: str) -> T:
        text = self.text(name)
        try:
            return parse(text) if text else default
        except ValueError:
            self.wrong(name, what, "mend it, or leave it out")
            return default

    def url(self, signal: str, root: str, *, is_set: bool) -> str:
        """Where one signal goes: its own variable as it stands, else a path below the root."""
        if self.text(f"OTEL_{signal.upper()}_EXPORTER") == "none":
            return ""
        name = f"{_PREFIX}{signal.upper()}_ENDPOINT"
        own = "" if is_set else self.text(name)
        url = own or (f"{root.rstrip('/')}/v1/{signal}" if root else "")
        try:
            parts = urlsplit(url)
            is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_url = False
        if url and not is_url and (own or signal == "traces"):  # one root, one mistake
            where = name if own else "`otlp` in [telemetry]" if is_set else f"{_PREFIX}ENDPOINT"
            fix = "write where the collector listens: http://127.0.0.1:4318"
            prefix = "" if is_set else "environment variable "
            self.mistakes.append(Mistake(None, f"{prefix}{where} is no http or https URL", fix))
        return url


def _seconds(text: str) -> float:
    seconds = float(text) / 1000
    if not 0 < seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Names and values, written as in W3C Baggage: split by commas, with percent signs for what is special."""
    found: list[tuple[str, str]] = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise ValueError(part)
        found.append((unquote(name.strip()), unquote(value.strip())))
    return tuple(found)
