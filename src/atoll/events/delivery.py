"""One delivery: a handler, in a transaction of its own, with the record that it was done."""

import asyncio
import contextvars
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from atoll.contract import Codec, DeadlineExceeded, Event, Invalid
from atoll.data import TIMEOUT_S, Database, Once, Transaction, once
from atoll.events.envelope import Envelope
from atoll.kernel import AtollError, Context, Criticality, Entropy, Trace, current, isolated
from atoll.resilience import Timer, guard
from atoll.telemetry import Kind, Recorder, Span, outcome_of

_log = logging.getLogger("atoll.events")

Work = Coroutine[Any, Any, None]  # Any: a coroutine's own send types


@dataclass(frozen=True, slots=True)
class Effect:
    """What is done with events of one type: `run` is given the envelope and the transaction of the delivery.

    Where there is `many`, that is given the envelopes as they are kept instead, up to `many_max` of one partition that
    follow one another.
    """

    type: str
    run: Callable[[Envelope, Transaction], Work]
    attempts_max: int = 10
    timeout_s: float = 30.0
    many: Callable[[Sequence[bytes], Transaction], Work] | None = None
    many_max: int = 1

    def on(self, texts: Sequence[bytes | msgspec.Raw]) -> "Effect":
        """The effect on these envelopes, where it is given them as they are kept."""
        many = self.many
        if many is None:
            return self

        async def run(_: Envelope, tx: Transaction) -> None:
            await many([bytes(text) for text in texts], tx)

        return dataclasses.replace(self, run=run)


class Undeliverable(AtollError):
    """A message that no attempt can deliver: it is put aside at once."""

    code = "undeliverable"


class Refused(AtollError):
    """Whoever was told of a message says that no attempt will help; a few are made all the same."""

    code = "refused"
    attempts_max = 3


class NotNow(AtollError):
    """Whoever was told of a message wants to be told later: in `retry_after_s` seconds, where it says when."""

    code = "not_now"
    retryable = True

    def __init__(self, said: str, retry_after_s: float = 0.0) -> None:
        super().__init__(said, retry_after_s)
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return str(self.args[0])


class Fenced(AtollError):
    """Another instance has the partition by now; what this one did was undone."""

    code = "fenced"

    def __str__(self) -> str:
        return "another instance has taken the partition over: what was done here was undone"


def effect_of(
    event_type: str,
    codec: Codec[Event],
    handler: Callable[[Event, Transaction], Work],
    attempts_max: int,
    timeout_s: float,
) -> Effect:
    """The effect of a service's handler, which is given the event itself; none where that was erased as a whole."""

    async def run(envelope: Envelope, tx: Transaction) -> None:
        try:
            event = codec.decode(bytes(envelope.data))
        except Invalid as invalid:
            if envelope.erasedat:
                _log.info("%s %s is passed over: its data was erased", envelope.type, envelope.id)
                return
            faults = "; ".join(f"{fault.pointer or '/'} {fault.detail}" for fault in invalid.faults)
            raise Undeliverable(f"its data does not fit {codec.kind.__name__}: {faults}") from None
        await handler(event, tx)

    return Effect(event_type, run, attempts_max, timeout_s)


def no_effect(event_type: str) -> Effect:
    """The effect of what nobody reacts to: it is put aside."""

    async def run(envelope: Envelope, tx: Transaction) -> None:  # noqa: ARG001  # the shape of an effect
        raise Undeliverable(f"nothing reacts to `{envelope.type}` here")

    return Effect(event_type, run)


class Deliverer:
    """Runs deliveries of one subscription, each in a fresh context."""

    def __init__(
        self,
        subscription: str,
        publisher: str,
        database: Database,
        entropy: Entropy,
        recorder: Recorder | None = None,
    ) -> None:
        self._subscription = subscription
        self._publisher = publisher
        self._database = database
        self._bits = entropy.bits
        self._recorder = recorder

    async def deliver(
        self, envelope: Envelope, effect: Effect, timer: Timer, record: Callable[[Transaction], Awaitable[bool]]
    ) -> int:
        """One attempt. `record` writes into the transaction that it was done; the ticket of the commit.

        Raises:
            Fenced: `record` says that the partition is somebody else's.
            Exception: whatever the handler raises; nothing was done then.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        started_at = 0.0 if self._recorder is None else self._recorder.now()
        deadline_at = loop.time() + effect.timeout_s
        transaction = Transaction(self._database, min(TIMEOUT_S, effect.timeout_s))
        context = self._context(envelope, deadline_at)
        current.set(context)  # events that the handler publishes are written after it has returned
        variables = contextvars.Context()
        variables.run(_enter, context, Once(transaction), (task, deadline_at))
        try:
            work = isolated(variables, effect.run(envelope, transaction), task)
            await self._in_time(timer, deadline_at, work, effect)
            await transaction.flush()
            if not await record(transaction):
                raise Fenced
            ticket = await transaction.commit()
        except BaseException as error:
            self._done(envelope, context, started_at, outcome_of(error))
            await transaction.rollback()
            raise
        self._done(envelope, context, started_at, "ok")
        return ticket

    def _done(self, envelope: Envelope, context: Context, started_at: float, outcome: str) -> None:
        """Record one attempt."""
        if self._recorder is None:
            return
        trace = context.trace
        self._recorder.record(
            Span(
                envelope.type,
                self._publisher,
                trace.trace_id,
                trace.span_id,
                trace.parent_id,
                started_at,
                self._recorder.now() - started_at,
                outcome,
                kind=Kind.DELIVERY,
                service=self._subscription,
                key=envelope.partitionkey or "",
                tenant=envelope.tenant,
            )
        )

    async def _in_time(self, timer: Timer, deadline_at: float, work: Awaitable[object], effect: Effect) -> None:
        name = f"{self._subscription}:{effect.type}"
        try:
            await timer.wait(deadline_at, work, name)
        except DeadlineExceeded as error:
            if error.operation != name:
                raise
            # Its own time is over: that is the handler's fault, and nobody's who is out of reach.
            raise TimeoutError(f"the handler took longer than {effect.timeout_s:g} s") from None

    def _context(self, envelope: Envelope, deadline_at: float) -> Context:
        """What the handler works in: the trace goes on, the actor is known, and calls have keys of their own."""
        bits = self._bits
        trace = Trace.parse(envelope.traceparent) if envelope.traceparent else None
        span = Trace(bits(128) or 1, bits(64) or 1, 0, True) if trace is None else trace.child(bits(64) or 1)
        key = f"{envelope.source}:{envelope.id}:{self._subscription}"
        return Context(
            span,
            deadline_at,
            self._publisher,
            tenant=envelope.tenant,
            criticality=Criticality.BACKGROUND,  # it waits in a log: whoever is called may refuse it first
            idempotency_key=key,
            actor=envelope.actor,
            service=self._subscription,
        )


def _enter(context: Context, work: Once, watched: "tuple[asyncio.Task[Any], float]") -> None:  # Any: see Guard
    current.set(context)
    once.set(work)
    guard.set(watched)
