"""Spans that code makes by OpenTelemetry's API are spans of Atoll's traces.

Kept of a span are its name, when it was, and how it ended. Of its attributes those are kept that say what kind of work
it was (`KEPT`): others hold addresses, statements and whatever else a library saw, and nobody knows whose data that is.
Events and links are not kept. Source: OpenTelemetry specification 1.x, tracing API.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from opentelemetry import trace as api
from opentelemetry.context.context import Context as Values
from opentelemetry.util._decorator import _agnosticcontextmanager  # pyright: ignore[reportPrivateUsage]  # as in the API
from opentelemetry.util.types import Attributes

from atoll.adapters.opentelemetry_context import enter
from atoll.kernel import Context, Trace, current
from atoll.kernel import context as work
from atoll.telemetry import Kind, Span, outcome_of

KEPT = frozenset(
    "code.function.name db.collection.name db.name db.namespace db.operation db.operation.name db.system "
    "db.system.name gen_ai.operation.name gen_ai.provider.name gen_ai.request.model gen_ai.system http.method "
    "http.request.method http.response.status_code http.route http.status_code messaging.destination.name "
    "messaging.operation.type messaging.system net.peer.name peer.service rpc.method rpc.service rpc.system "
    "rpc.system.name server.address server.port service.peer.name".split()
)
"""Attributes that name a kind of work: old and new names of the semantic conventions."""

TEXT_MAX = 200
"""So many characters of a name and of an attribute are kept."""


class Joint:
    """Where spans go, and by which clock. One for each process, since the API has one provider in each.

    `record` is called on any thread; None where nothing is recorded.
    """

    def __init__(self, bits: Callable[[int], int]) -> None:
        self.bits = bits
        self.record: Callable[[Span], None] | None = None
        self.now: Callable[[], float] = time.perf_counter


class JoinedTracerProvider(api.TracerProvider):
    """Gives tracers whose spans are recorded with those of Atoll."""

    def __init__(self, joint: Joint) -> None:
        self.joint = joint

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> api.Tracer:
        """A tracer; all are alike."""
        return _Tracer(self.joint)


class _Tracer(api.Tracer):
    def __init__(self, joint: Joint) -> None:
        self._joint = joint

    def start_span(
        self,
        name: str,
        context: Values | None = None,
        kind: api.SpanKind = api.SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[api.Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> api.Span:
        """A span below the current one, below Atoll's work in progress where none is, or else a first one."""
        outer = work()
        parent = api.get_current_span(context).get_span_context()
        if not parent.is_valid and outer.trace.trace_id:
            parent = api.SpanContext(outer.trace.trace_id, outer.trace.span_id, is_remote=False)
        trace = Trace(parent.trace_id, self._joint.bits(64) or 1, parent.span_id, sampled=True)
        if not parent.is_valid:
            trace = Trace(self._joint.bits(128) or 1, trace.span_id, 0, sampled=True)
        return JoinedSpan(self._joint, name, trace, outer, attributes, start_time)

    @_agnosticcontextmanager
    def start_as_current_span(  # noqa: PLR0917  # as many as the API has
        self,
        name: str,
        context: Values | None = None,
        kind: api.SpanKind = api.SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[api.Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[api.Span]:
        """A span that is the current one in the block, also for Atoll's own calls."""
        span = self.start_span(name, context, kind, attributes, links, start_time)
        assert isinstance(span, JoinedSpan)
        with api.use_span(span, end_on_exit, record_exception, set_status_on_exception):
            entered = enter(span.trace)  # nothing is left to do where OpenTelemetry's context is joined, too
            try:
                yield span
            except asyncio.CancelledError as error:  # no error for the API, and an outcome here
                span.ended_with(error)
                raise
            finally:
                if entered is not None:
                    current.reset(entered)


class JoinedSpan(api.Span):
    """A span of OpenTelemetry that is recorded as one of Atoll when it ends."""

    def __init__(
        self, joint: Joint, name: str, trace: Trace, outer: Context, attributes: Attributes, start_time: int | None
    ) -> None:
        self.trace = trace
        self._joint = joint
        self._name = name
        self._outer = outer
        self._attributes: dict[str, str] = {}
        self._started_at = self._moment(start_time)
        self._has_ended = False
        self._outcome = "ok"
        self._status = api.StatusCode.UNSET
        self._error = ""
        if attributes:
            self.set_attributes(attributes)

    def get_span_context(self) -> api.SpanContext:
        """Its position in the trace."""
        flags = api.TraceFlags(api.TraceFlags.SAMPLED)
        return api.SpanContext(self.trace.trace_id, self.trace.span_id, is_remote=False, trace_flags=flags)

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return not self._has_ended

    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        """Keep those that say what kind of work it is."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_attribute(self, key: str, value: object) -> None:
        """Keep it, if it says what kind of work it is."""
        if key in KEPT and not self._has_ended and isinstance(value, str | int | float):
            self._attributes[key] = str(value)[:TEXT_MAX]

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Nothing: events are not kept."""

    def add_link(self, context: api.SpanContext, attributes: Attributes = None) -> None:
        """Nothing: links are not kept."""

    def update_name(self, name: str) -> None:
        """Call it something else."""
        if not self._has_ended:
            self._name = name

    def set_status(self, status: api.Status | api.StatusCode, description: str | None = None) -> None:
        """How it ends. What was said to be well stays so."""
        code = status.status_code if isinstance(status, api.Status) else status
        if code is api.StatusCode.UNSET or self._status is api.StatusCode.OK or self._has_ended:
            return
        self._status = code
        self._outcome = "ok" if code is api.StatusCode.OK else self._error or "failed"

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """What it is said to end with, if it does not end well."""
        code = outcome_of(exception)
        self._error = type(exception).__name__ if code == "failed" else code
        if self._status is api.StatusCode.ERROR:
            self._outcome = self._error

    def ended_with(self, error: BaseException) -> None:
        """It does not end well."""
        self._outcome = outcome_of(error)

    def end(self, end_time: int | None = None) -> None:
        """Record it, the first time."""
        if self._has_ended:
            return
        self._has_ended = True
        record = self._joint.record
        if record is None:
            return
        record(
            Span(
                self._name[:TEXT_MAX],
                "",
                self.trace.trace_id,
                self.trace.span_id,
                self.trace.parent_id,
                self._started_at,
                max(0.0, self._moment(end_time) - self._started_at),
                self._outcome,
                met=tuple(f"{key}={value}" for key, value in self._attributes.items()),
                kind=Kind.INNER,
                service=self._outer.service,
                tenant=self._outer.tenant,
            )
        )

    def _moment(self, nanoseconds: int | None) -> float:
        """A moment on the clock of records: now, or one that is given as nanoseconds since 1970."""
        now = self._joint.now()
        return now if nanoseconds is None else now - (time.time_ns() - nanoseconds) / 1e9
