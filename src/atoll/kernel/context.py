"""What travels with every call and event: one frozen `Context`.

The context of the work in progress is found with `context()`. It crosses processes in headers (`traceparent`, a
relative deadline), never as an object.
"""

import asyncio
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

import msgspec

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)


class Criticality(StrEnum):
    """How much it matters that this work is done: what is shed first under load."""

    CRITICAL = "critical"
    NORMAL = "normal"
    BACKGROUND = "background"


class Trace(msgspec.Struct, frozen=True, gc=False):
    """The position of this work in a trace: W3C Trace Context, level 1.

    `trace_id` has 128 bits and is one for all that follows from one cause; `span_id` has 64 bits and is one for this
    piece of work; `parent_id` is the span that caused it (0: none).

    >>> trace = Trace.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    >>> trace.sampled, str(trace)
    (True, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
    """

    trace_id: int = 0
    span_id: int = 0
    parent_id: int = 0
    sampled: bool = False

    def child(self, span_id: int) -> "Trace":
        """The trace of work that this work causes."""
        return Trace(self.trace_id, span_id, self.span_id, self.sampled)

    @property
    def id(self) -> str:
        """The trace id as 32 hexadecimal digits, the form in which people see it."""
        return f"{self.trace_id:032x}"

    def __str__(self) -> str:
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.sampled:02x}"

    @classmethod
    def parse(cls, header: str) -> "Trace | None":
        """The trace in a `traceparent` header, or None where the header is not valid (W3C Trace Context, 3.2).

        A later version may append members, which are passed over; `ff` is no version, and zeros are no identifiers.
        """
        found = _TRACEPARENT.fullmatch(header.strip(" \t"))
        if found is None or found["version"] == "ff" or (found["version"] == "00" and found["more"] is not None):
            return None
        trace_id, span_id = int(found["trace"], 16), int(found["span"], 16)
        if not trace_id or not span_id:
            return None
        return cls(trace_id, span_id, 0, bool(int(found["flags"], 16) & 1))


class Context(msgspec.Struct, frozen=True, gc=False):
    """On whose behalf, until when and as part of what the work in progress happens.

    `deadline_at` is a moment on the event loop's clock (seconds; None: no deadline): nothing starts after it.
    `caller` is the name of the service that called (empty outside of a call), `user` the person or program at the edge
    in whose name it did, `tenant` whose data it is. `actor` is who caused the event that is reacted to: data, which
    gives no right. `idempotency_key` is the key under which this work is done once. `user_token` is an edge's word
    about the user, for those in other processes: it travels unchanged. `service` is whose work this is (empty outside
    of a service).
    """

    trace: Trace = Trace()
    deadline_at: float | None = None
    caller: str = ""
    user: str | None = None
    tenant: str = "main"
    criticality: Criticality = Criticality.NORMAL
    idempotency_key: str | None = None
    actor: str | None = None
    user_token: str | None = None
    service: str = ""

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the deadline, never below zero; None where there is no deadline.

        Answers on a running loop and in the threads of blocking handlers.
        """
        if self.deadline_at is None:
            return None
        now = loop_time.get() or asyncio.get_running_loop().time
        return max(0.0, self.deadline_at - now())


loop_time: ContextVar[Callable[[], float] | None] = ContextVar("atoll_loop_time", default=None)
"""The clock of the loop that a thread works for: deadlines are moments on it, and a thread has no loop of its own."""

_NOTHING = Context()

current: ContextVar[Context] = ContextVar("atoll_context", default=_NOTHING)


@contextmanager
def working_for(service: str) -> Generator[None]:
    """Do what is in the block as this service's work, and so what goes on in tasks that it begins: also in the log."""
    token = current.set(msgspec.structs.replace(current.get(), service=service))
    try:
        yield
    finally:
        current.reset(token)


@contextmanager
def working_in(context: Context) -> Generator[None]:
    """Do what is in the block as part of this work, though it is no longer the current one: tell of it in the log."""
    token = current.set(context)
    try:
        yield
    finally:
        current.reset(token)


def context() -> Context:
    """The context of the work in progress; an empty one (tenant `main`, no deadline) outside of a call.

    >>> context().tenant
    'main'
    """
    return current.get()
