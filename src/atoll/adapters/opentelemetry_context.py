"""OpenTelemetry's current span and Atoll's current trace are one: whichever moves, the other one follows.

`opentelemetry.context` loads this class by its entry point when it is imported, where `OTEL_PYTHON_CONTEXT` is `atoll`.
So nothing of `opentelemetry.trace` can be imported here yet: that imports `opentelemetry.context`.
"""

from contextvars import Token
from typing import Any, NamedTuple

import msgspec
from opentelemetry.context.context import Context as Values
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext

from atoll.kernel import Context, Trace, context, current

NAME = "atoll"
"""How the entry point is called."""


class _Tokens(NamedTuple):
    """What leads back: to the values before, and to Atoll's context before, where that has changed."""

    values: Token[Values]
    context: Token[Context] | None


class JoinedContext(ContextVarsRuntimeContext):
    """Keeps the values of OpenTelemetry in a context variable, as its own class does, and joins the traces.

    Where no span is current, the work in progress is: so `get_current_span()` in a handler has the handler's trace.
    """

    def get_current(self) -> Values:
        """The values; the current span is Atoll's work in progress, unless there is one."""
        from opentelemetry.trace import (  # noqa: PLC0415  # see the top
            INVALID_SPAN,
            NonRecordingSpan,
            SpanContext,
            TraceFlags,
            get_current_span,
            set_span_in_context,
        )

        values = super().get_current()
        trace = context().trace
        if not trace.trace_id or not trace.span_id or get_current_span(values) is not INVALID_SPAN:
            return values
        position = SpanContext(trace.trace_id, trace.span_id, is_remote=False, trace_flags=TraceFlags(trace.sampled))
        return set_span_in_context(NonRecordingSpan(position), values)

    def attach(self, context: Values) -> Any:  # Any: a token, which is nobody's to look into
        """Make these values current; Atoll's own calls are children of the span among them."""
        from opentelemetry.trace import get_current_span  # noqa: PLC0415  # see the top

        position = get_current_span(context).get_span_context()
        entered = enter(Trace(position.trace_id, position.span_id, 0, position.trace_flags.sampled))
        return _Tokens(super().attach(context), entered)

    def detach(self, token: Any) -> None:  # Any: as above
        """Take that back."""
        tokens: _Tokens = token
        try:
            super().detach(tokens.values)
        finally:
            if tokens.context is not None:
                current.reset(tokens.context)


def enter(trace: Trace) -> Token[Context] | None:
    """Make this the trace of the work in progress; what leads back, None where it is that already, or is none."""
    now = context()
    if not trace.trace_id or (trace.trace_id, trace.span_id) == (now.trace.trace_id, now.trace.span_id):
        return None
    return current.set(msgspec.structs.replace(now, trace=trace))
