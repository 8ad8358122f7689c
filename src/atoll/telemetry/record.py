"""One record for each piece of work, lean enough to be always on. Who keeps it is a port."""

import asyncio
from enum import StrEnum

import msgspec

SLOW_S = 1.0
"""What takes as long is slow, whatever it is."""


class Kind(StrEnum):
    """What a piece of work was."""

    CALL = "call"
    """An operation that a service has answered."""
    ASKED = "asked"
    """A call as its caller saw it; recorded where it was not answered, or was answered by somebody else."""
    DELIVERY = "delivery"
    """An attempt to react to an event."""
    TURN = "turn"
    """Work that a service does again and again."""
    PUBLISHED = "published"
    """That an event was written, in the transaction of the work that is its parent."""
    INNER = "inner"
    """A part of other work, named by the service's own code."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """That a piece of work was done: when, by and for whom, how it ended.

    `service` did it, `name` is what it was: an operation's id, an event's type, the name of a handler. `caller` is who
    asked for it: a service, or the publisher of the event. Identifiers are those of the trace (see `Trace`).
    `started_at` is in seconds: on the recorder's clock where it is recorded, since 1970 once it was kept. `outcome` is
    `ok` or the code of a problem. `attempt` counts how often the caller has sent it, from one. `degraded` are the
    operations that fallbacks have answered for within it, `met` is what else its own calls have met, for people:
    retries, and targets that are left alone. `key` is what it was about: the key of the event, the first argument in
    the path.
    """

    name: str
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
    kind: Kind = Kind.CALL
    service: str = ""
    key: str = ""
    tenant: str = "main"

    @property
    def is_well(self) -> bool:
        """Whether it has done what it was asked for."""
        return self.outcome == "ok"

    @property
    def tells(self) -> bool:
        """Whether it is worth to be looked at by itself: it failed, was degraded, was tried again, or was slow."""
        return self.outcome != "ok" or self.duration_s >= SLOW_S or self.attempt > 1 or bool(self.degraded)


def outcome_of(error: BaseException) -> str:
    """What work that ended with an error is said to have come to: the error's own code, where it has one."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    if isinstance(error, TimeoutError):
        return "timed_out"
    return str(getattr(error, "code", "") or "failed")


LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""The levels of `logging`, as people write them."""


def level_name(level: int) -> str:
    """The word for a level: that of the highest one it reaches."""
    return next((name for name, least in reversed(LEVELS.items()) if level >= least), "debug")


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """A line of a log. `at` is in seconds since 1970, `level` a number of `logging`, `more` a JSON object as text.

    `service` is who has logged it, where that is known; `error` the traceback. `trace_id` and `span_id` are 0 outside
    of a trace.
    """

    at: float
    level: int
    logger: str
    message: str
    service: str = ""
    trace_id: int = 0
    span_id: int = 0
    error: str = ""
    more: str = ""
