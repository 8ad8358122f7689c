"""Spans as a tree: each below the work that caused it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from atoll.telemetry.record import Span


@dataclass(frozen=True, slots=True)
class Placed:
    """A span at its place in a tree: `depth` counts from zero."""

    depth: int
    span: Span


def arranged(spans: Iterable[Span]) -> list[Placed]:
    """The spans of traces as a tree: causes above their effects, what began first above what began later.

    What was caused by something that is not among them stands at the top.
    """
    known = sorted(spans, key=lambda span: (span.started_at, span.trace_id, span.span_id))
    causes = {(span.trace_id, span.span_id) for span in known}
    caused: dict[tuple[int, int], list[Span]] = {}
    roots: list[Span] = []
    for span in known:
        cause = (span.trace_id, span.parent_id)
        is_caused = cause in causes and span.parent_id != span.span_id
        (caused.setdefault(cause, []) if is_caused else roots).append(span)
    return list(_below(roots, caused))


def _below(roots: list[Span], caused: dict[tuple[int, int], list[Span]]) -> Iterator[Placed]:
    """Without recursion: a chain of events may be long."""
    waiting = [Placed(0, span) for span in reversed(roots)]
    while waiting:
        placed = waiting.pop()
        yield placed
        effects = caused.pop((placed.span.trace_id, placed.span.span_id), [])
        waiting += [Placed(placed.depth + 1, span) for span in reversed(effects)]
