"""Traces as text: to read in a test, and to compare two runs with a plain `==`."""

from collections.abc import Iterable

from atoll.telemetry import Span, arranged


def drawn(records: Iterable[Span]) -> str:
    """The calls as a tree: each below the call that caused it, in the order in which they began.

    A line says when a call began and how long it took (seconds), by whom and to what, its identifiers, and how it
    ended where that is not `ok`; also the number of its attempt, what was degraded, and what its own calls met. Two
    runs of one world are equal when their drawings are.

    >>> print(drawn([
    ...     Span("enrichment.company", "scoring", 1, 3, 2, 0.5, 0.25, "unavailable"),
    ...     Span("scoring.score", "", 1, 2, 0, 0.0, 1.0, "ok"),
    ... ]))
    0.000000 +1.000000 -> scoring.score [1/2]
      0.500000 +0.250000 scoring -> enrichment.company [1/3] unavailable
    """
    return "\n".join("  " * placed.depth + _line(placed.span) for placed in arranged(records))


def _line(call: Span) -> str:
    identity = f"[{call.trace_id:x}/{call.span_id:x}]"
    ended = "" if call.outcome == "ok" else f" {call.outcome}"
    caller = f"{call.caller} " if call.caller else ""
    attempt = f" attempt {call.attempt}" if call.attempt > 1 else ""
    degraded = f" degraded: {', '.join(call.degraded)}" if call.degraded else ""
    met = f" ({'; '.join(call.met)})" if call.met else ""
    return (
        f"{call.started_at:.6f} +{call.duration_s:.6f} {caller}-> {call.name} {identity}{attempt}{ended}{degraded}{met}"
    )
