"""One record a call, lean enough to be always on. Who keeps it is a port."""

from collections import deque
from typing import Protocol

import msgspec


class CallRecord(msgspec.Struct, frozen=True, gc=False):
    """That a service answered one call: when (loop's clock, seconds), for whom, how it ended.

    `outcome` is `ok` or the code of a problem. Identifiers are those of the trace (see `Trace`). `attempt` counts how
    often the caller has sent it, from one. `degraded` are the operations that fallbacks have answered for within it,
    `met` is what else its own calls have met, for people: retries, and targets that are left alone.
    """

    operation: str
    caller: str
    trace_id: int
    span_id: int
    parent_id: int
    started_at: float
    duration_s: float
    outcome: str
    attempt: int = 1
    degraded: tuple[str, ...] = ()
    met: tuple[str, ...] = ()


class Recorder(Protocol):
    """Keeps records. Promises to be quick and never to raise: it stands on the path of every call."""

    def record(self, call: CallRecord) -> None:
        """Take one record."""
        ...


class MemoryRecorder:
    """Keeps the last records in memory, oldest first."""

    def __init__(self, records_max: int = 10_000) -> None:
        self._records: deque[CallRecord] = deque(maxlen=records_max)

    def record(self, call: CallRecord) -> None:
        """Take one record; the oldest makes room."""
        self._records.append(call)

    @property
    def records(self) -> tuple[CallRecord, ...]:
        """What was recorded."""
        return tuple(self._records)
