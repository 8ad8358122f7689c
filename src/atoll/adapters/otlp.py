"""OTLP over HTTP: sends spans, lines and figures to a collector, in a thread of its own.

A queue of bounded length lies between: while the collector does not answer, the oldest records make room. What a
collector may take later (429, 502, 503, 504, no answer) is sent again, more and more slowly and for a bounded time, and
no earlier than it asks for; what it refuses is not. That it does not take anything is said once, and once that it does.

Source: OpenTelemetry protocol 1.x, OTLP/HTTP.
"""

import email.utils
import gzip
import http.client
import logging
import random
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from atoll.adapters.otlp_messages import Beginnings, Origin, log_request, metric_request, trace_request
from atoll.telemetry import LogLine, OtlpTarget, Sample, Span

T = TypeVar("T")

_log = logging.getLogger("atoll.telemetry")

LATER = frozenset({429, 502, 503, 504})
"""What a collector answers that may take it later."""

ANSWER_BYTES_MAX = 64 * 1024


class Sending(msgspec.Struct, frozen=True):
    """How it is sent: in batches, when one is full or at the latest after `every_s`; waits between tries double."""

    queued_max: int = 50_000
    batch_max: int = 1_000
    every_s: float = 1.0
    wait_min_s: float = 1.0
    wait_max_s: float = 30.0
    gives_up_s: float = 120.0
    close_s: float = 5.0


_SENDING = Sending()


class OtlpExporter:
    """Sends to one collector. Fulfils `Exporter`. Owns its queue, its connections and its thread.

    Raises:
        OSError: the file of certificates cannot be read.
    """

    def __init__(self, application: str, version: str, target: OtlpTarget, sending: Sending = _SENDING) -> None:
        self.lost = 0
        """Records that were not taken, or that had to make room."""
        self._origin = Origin(application, version, target.resource)
        self._target = target
        self._sending = sending
        self._changed = threading.Condition()
        self._spans: deque[tuple[str, Span]] = deque()
        self._lines: deque[tuple[str, LogLine]] = deque()
        self._samples: dict[str, Sample] = {}
        self._begun = Beginnings()
        self._metrics_due_at = time.monotonic() + target.metrics_every_s
        self._ends_at = float("inf")
        urls = {"traces": target.traces, "logs": target.logs, "metrics": target.metrics}
        self._doors = {signal: _Door(url, target, _REJECTED[signal]) for signal, url in urls.items() if url}
        self._thread = threading.Thread(target=self._run, name="atoll-otlp", daemon=True)
        self._thread.start()

    def take(self, process: str, spans: Sequence[Span], lines: Sequence[LogLine], sample: Sample | None) -> None:
        """Take what one process has recorded."""
        with self._changed:
            if "traces" in self._doors:
                self._queue(self._spans, [(process, span) for span in spans if span.trace_id and span.span_id])
            if "logs" in self._doors:
                self._queue(self._lines, [(process, line) for line in lines])
            if sample is not None and "metrics" in self._doors:
                self._samples[process] = sample
            if self._is_full:
                self._changed.notify()

    def close(self) -> None:
        """Send what is left within a few seconds; what a collector does not take until then is lost."""
        with self._changed:
            self._ends_at = time.monotonic() + self._sending.close_s
            self._changed.notify()
        self._thread.join(self._sending.close_s + 1.0)  # what still waits for an answer then, ends with the process

    def _queue(self, queue: deque[T], items: list[T]) -> None:
        queue.extend(items)
        while len(queue) > self._sending.queued_max:
            queue.popleft()
            self.lost += 1

    @property
    def _is_full(self) -> bool:
        return max(len(self._spans), len(self._lines)) >= self._sending.batch_max

    @property
    def _is_closing(self) -> bool:
        return self._ends_at < float("inf")

    def _run(self) -> None:
        is_last = False
        while not is_last:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closing or self._is_full, self._sending.every_s)
                is_last = self._is_closing
            self._send_all(is_last=is_last)
        for door in self._doors.values():
            door.close()

    def _send_all(self, *, is_last: bool) -> None:
        """Everything that is queued now, and the figures when it is time."""
        while True:
            with self._changed:
                spans, lines = self._batch(self._spans), self._batch(self._lines)
            if not spans and not lines:
                break
            self._send("traces", partial(trace_request, self._origin, spans), len(spans))
            self._send("logs", partial(log_request, self._origin, lines), len(lines))
        if not is_last and time.monotonic() < self._metrics_due_at:
            return
        self._metrics_due_at = time.monotonic() + self._target.metrics_every_s
        with self._changed:
            samples, self._samples = self._samples, {}
        told = [(process, sample, self._begun.since(process, sample)) for process, sample in samples.items()]
        self._send("metrics", partial(metric_request, self._origin, told), len(told))

    def _batch(self, queue: deque[T]) -> list[T]:
        return [queue.popleft() for _ in range(min(len(queue), self._sending.batch_max))]

    def _send(self, signal: str, write: Callable[[], bytes], count: int) -> None:
        """One request, until it is taken, refused or given up."""
        if not count:
            return
        door, sending = self._doors[signal], self._sending
        try:
            body = write()
        except (ValueError, TypeError, OverflowError) as error:  # a record that is none: the others go on
            self._fails(door, signal, f"a record cannot be written ({error})")
            self.lost += count
            return
        packed = gzip.compress(body) if self._target.is_compressed else body
        gives_up_at, wait_s = time.monotonic() + sending.gives_up_s, sending.wait_min_s
        while True:
            if door.not_before < gives_up_at:
                self._pause(door.not_before - time.monotonic())
            now = time.monotonic()
            if now < door.not_before or now > self._ends_at:  # it may not send yet, or has to end
                break
            told = door.post(packed)
            if told.is_taken:
                self._works(door, signal, told, count)
                return
            wait = max(told.retry_after_s, wait_s * random.uniform(0.5, 1.0))
            door.not_before = now + told.retry_after_s
            self._fails(door, signal, told.why)
            if not told.is_later or self._is_closing or now + wait > gives_up_at:
                break
            self._pause(wait)
            wait_s = min(2 * wait_s, sending.wait_max_s)
        self.lost += count
        door.lost += count

    def _pause(self, seconds: float) -> None:
        """Wait, unless it is time to end."""
        if seconds > 0:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closing, seconds)

    def _works(self, door: "_Door", signal: str, told: "_Told", count: int) -> None:
        if told.rejected:
            self.lost += told.rejected
            if not door.is_rejecting:
                _log.warning("%s has taken %s without %d of %d: %s", door.shown, signal, told.rejected, count, told.why)
        door.is_rejecting = told.rejected > 0
        if door.is_failing:
            _log.info("%s takes %s again; %d records were lost meanwhile", door.shown, signal, door.lost)
        door.is_failing, door.lost = False, 0

    def _fails(self, door: "_Door", signal: str, why: str) -> None:
        if not door.is_failing:
            _log.warning("%s does not take %s: %s; it is asked again, and said when it does", door.shown, signal, why)
        door.is_failing = True


class _Told(msgspec.Struct, frozen=True):
    """What a collector has answered; `status` 0 where it has not."""

    status: int
    why: str = ""
    rejected: int = 0
    retry_after_s: float = 0.0

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_later(self) -> bool:
        return self.status == 0 or self.status in LATER


def _rejected_spans(answer: bytes) -> tuple[int, str]:
    partly = ExportTraceServiceResponse.FromString(answer).partial_success
    return partly.rejected_spans, partly.error_message


def _rejected_lines(answer: bytes) -> tuple[int, str]:
    partly = ExportLogsServiceResponse.FromString(answer).partial_success
    return partly.rejected_log_records, partly.error_message


def _rejected_points(answer: bytes) -> tuple[int, str]:
    partly = ExportMetricsServiceResponse.FromString(answer).partial_success
    return partly.rejected_data_points, partly.error_message


_Rejected = Callable[[bytes], tuple[int, str]]
_REJECTED: Mapping[str, _Rejected] = {"traces": _rejected_spans, "logs": _rejected_lines, "metrics": _rejected_points}
"""How much a collector has not taken, and why, by its answer."""


class _Door:
    """Where a collector takes one signal. Owns the connection, and what is known of how it fares."""

    def __init__(self, url: str, target: OtlpTarget, rejected: _Rejected) -> None:
        parts = urlsplit(url)
        self.shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self.not_before = 0.0
        self.is_failing = False
        self.is_rejecting = False
        self.lost = 0
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {
            "user-agent": "atoll-otlp",
            **dict(target.headers),
            "content-type": "application/x-protobuf",
            **({"content-encoding": "gzip"} if target.is_compressed else {}),
        }
        self._rejected = rejected
        self._connection = _connection(parts, target)

    def post(self, body: bytes) -> _Told:
        """What the collector answers. A connection that it has closed since the last time is opened again."""
        try:
            return self._posted(body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
                return _Told(0, _reason(error))
        try:
            return self._posted(body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _Told(0, _reason(error))

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _posted(self, body: bytes) -> _Told:
        self._connection.request("POST", self._path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read(ANSWER_BYTES_MAX)
        if answer.read(1):
            self.close()  # so long an answer is none
        if 200 <= answer.status < 300:
            try:
                rejected, why = self._rejected(content)
            except DecodeError:  # not a word of protobuf: it is taken all the same
                rejected, why = 0, ""
            return _Told(answer.status, why[:200], rejected)
        said = content.decode(errors="replace").strip() if "text" in answer.headers.get_content_type() else ""
        why = f"{answer.status} {answer.reason}{f' ({said[:200]!r})' if said else ''}"
        return _Told(answer.status, why, retry_after_s=_retry_after_s(answer.headers.get("retry-after", "")))


def _connection(parts: SplitResult, target: OtlpTarget) -> http.client.HTTPConnection:
    assert parts.hostname is not None
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=target.timeout_s)
    context = ssl.create_default_context(cafile=target.certificate or None)
    return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=target.timeout_s, context=context)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _retry_after_s(said: str) -> float:
    """Seconds until a moment, or so many of them (RFC 9110, 10.2.3); 0 where nothing is said."""
    if said.isdecimal():
        return float(said)
    try:
        at = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time())
