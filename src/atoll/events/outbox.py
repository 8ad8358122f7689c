"""The outbox: events become rows of the publisher's log, in the transaction that publishes them.

Each event with a key gets the next number of the key's sequence, under the lock of the key's row, which lasts until the
commit: so the numbers are in the order of the commits, with no gap.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

import msgspec

from atoll.contract import Codec, Contract, Event, Invalid, codec_of, key_of
from atoll.data import NotPublished, Transaction
from atoll.events.envelope import Envelope, decode_envelope, encode_envelope, partition_of
from atoll.events.statements import publishing
from atoll.events.texts import TEXTS
from atoll.kernel import Clock, Entropy, current
from atoll.telemetry import Kind, Recorder, Span

PAYLOAD_BYTES_MAX = 1024 * 1024
"""A bigger event is refused: what is that big belongs into a store, and its address into the event."""


KEY_BYTES_MAX = 1_024
"""A longer key is refused: it stands in indexes, and PostgreSQL's take less than three times as much in a row."""


class Outbox:
    """Writes the events of one service. Fulfils `Publisher`."""

    def __init__(
        self,
        source: str,
        contract: Contract | None,
        clock: Clock,
        entropy: Entropy,
        *,
        payload_bytes_max: int = PAYLOAD_BYTES_MAX,
        recorder: Recorder | None = None,
    ) -> None:
        self._source = source
        self._service = source.rpartition("/")[2]
        self._clock = clock
        self._bits = entropy.bits
        self._recorder = recorder
        self._run = str(entropy.uuid())
        self._count = 0
        self._payload_bytes_max = payload_bytes_max
        self._kinds: dict[type[Event], tuple[str, Codec[Event]]] = {}
        if contract is not None:
            self._kinds = {event: (contract.event_type(event), codec_of(event)) for event in contract.publishes}
        self._told: list[Callable[[], None]] = []
        self.refusal: str | None = None
        """Why nothing can be published now; None where it can."""

    def when_committed(self, told: Callable[[], None]) -> None:
        """Have a function called whenever a transaction with events was committed."""
        self._told.append(told)

    def committed(self, events: Sequence[tuple[Event, datetime | None]]) -> None:
        """A transaction with these events was committed."""
        for told in self._told:
            told()
        if self._recorder is not None and events:
            self._record(self._recorder, events)

    def _record(self, recorder: Recorder, events: Sequence[tuple[Event, datetime | None]]) -> None:
        """Record what was published, as parts of the work that has done it."""
        context, now = current.get(), recorder.now()
        trace = context.trace
        if not trace.trace_id:
            return
        for event, at in events:
            recorder.record(
                Span(
                    self._kinds[type(event)][0],
                    self._service,
                    trace.trace_id,
                    self._bits(64) or 1,
                    trace.span_id,
                    now,
                    0.0,
                    "ok",
                    met=() if at is None else (f"not before {at.isoformat(timespec='seconds')}",),
                    kind=Kind.PUBLISHED,
                    service=self._service,
                    key=key_of(event) or "",
                    tenant=context.tenant,
                )
            )

    def check(self, event: Event) -> None:
        """Refuse what is not declared, and everything while the log is full.

        Raises:
            NotPublished: as said.
        """
        name = type(event).__name__
        if type(event) not in self._kinds:
            declared = ", ".join(kind.__name__ for kind in self._kinds) or "none"
            reason = f"the service's contract declares {declared}; add it to `publishes` of its contract"
            raise NotPublished(name, reason)
        if self.refusal is not None:
            raise NotPublished(name, self.refusal)

    async def write(self, transaction: Transaction, events: Sequence[tuple[Event, datetime | None]]) -> None:
        """Write events as part of a transaction."""
        now = self._clock.now()
        present: list[Envelope] = []
        for event, at in events:
            envelope = self._enveloped(event, now)
            if at is not None and at > now:
                await _schedule(transaction, envelope, at)
            else:
                present.append(envelope)
        await _append_all(transaction, present, now)

    def _enveloped(self, event: Event, now: datetime) -> Envelope:
        kind, codec = self._kinds[type(event)]
        try:
            data = codec.encode(event)
        except Invalid as invalid:
            raise NotPublished(type(event).__name__, str(invalid.faults[0].detail)) from None
        if len(data) > self._payload_bytes_max:
            reason = f"it has {len(data)} bytes, and {self._payload_bytes_max} are allowed: publish where the rest is"
            raise NotPublished(type(event).__name__, reason)
        key = key_of(event)
        if key == "":
            raise NotPublished(type(event).__name__, "its key is empty, so that it has no place in any order")
        if key is not None and "\0" in key:
            raise NotPublished(type(event).__name__, "its key holds a NUL, so that no database could put it aside")
        if key is not None and (size := len(key.encode())) > KEY_BYTES_MAX:
            reason = f"its key has {size} bytes, and {KEY_BYTES_MAX} are allowed: a key says which, and not what"
            raise NotPublished(type(event).__name__, reason)
        context = current.get()
        trace = context.trace
        return Envelope(
            id=self._next_id(),
            source=self._source,
            type=kind,
            time=f"{now.isoformat()[:-6]}Z",
            specversion="1.0",
            datacontenttype="application/json",
            partitionkey=key,
            tenant=context.tenant,
            actor=context.actor if context.user is None else context.user,
            traceparent=str(trace) if trace.trace_id else "",
            data=msgspec.Raw(data),
        )

    def _next_id(self) -> str:
        """An identifier that no other event of this publisher has: a UUID of this run, and a number."""
        self._count += 1
        return f"{self._run}-{self._count}"


async def append(
    transaction: Transaction,
    envelope: Envelope,
    now: datetime,
    extensions: Mapping[str, str | bool | int] | None = None,
) -> None:
    """Write an envelope at the end of the log, with the next number of its key; with attributes of others, if any."""
    texts = TEXTS[transaction.dialect]
    key, tenant = envelope.partitionkey, envelope.tenant
    if key is not None and texts.append_next is not None:
        await transaction.run(texts.append_next, _unnumbered(envelope, now, extensions))
        return
    sequence: int | None = None
    if key is not None:
        rows, _ = await transaction.run(texts.count, (tenant, key))
        sequence = rows[0][0]
    row = (*_place(envelope), sequence, now.timestamp(), encode_envelope(envelope, sequence, extensions))
    await transaction.run(texts.append, row)


async def _append_all(transaction: Transaction, envelopes: Sequence[Envelope], now: datetime) -> None:
    """The same for several, in their order: to a server those with keys go together, one trip for all."""
    append_next = TEXTS[transaction.dialect].append_next
    for is_together, some in groupby(envelopes, lambda each: append_next is not None and each.partitionkey is not None):
        if is_together and append_next is not None:
            await transaction.run_many(append_next, [_unnumbered(each, now) for each in some])
        else:
            for each in some:
                await append(transaction, each, now)


def _place(envelope: Envelope) -> tuple[int, str, str, str | None]:
    """Where an envelope belongs in the log: its partition, type, tenant and key."""
    key, tenant = envelope.partitionkey, envelope.tenant
    return partition_of(tenant, envelope.id if key is None else key), envelope.type, tenant, key


def _unnumbered(
    envelope: Envelope, now: datetime, extensions: Mapping[str, str | bool | int] | None = None
) -> tuple[object, ...]:
    """What `append_next` takes."""
    return (*_place(envelope), now.timestamp(), encode_envelope(envelope, extensions=extensions))


async def _schedule(transaction: Transaction, envelope: Envelope, at: datetime) -> None:
    key = envelope.partitionkey
    row = {
        "due_at": at.timestamp(),
        "type": envelope.type,
        "tenant": envelope.tenant,
        "subject": key,
        "key": key,
        "envelope": encode_envelope(envelope),
    }
    await transaction.execute(publishing().schedule, row)


async def append_due(transaction: Transaction, text: bytes, now: datetime) -> None:
    """Write an event whose moment has come."""
    await append(transaction, decode_envelope(text), now)
