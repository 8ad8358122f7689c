"""The inbox: events that a service from elsewhere has posted are taken into its log, each once, all or none.

What is taken is committed, and on the disk, before anybody is told that it was. It is known by its source and id for a
time (`Kept.inbox_s`), so that whoever was not told posts it again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from atoll.contract import Codec, Contract, Event, Fault, Invalid, InvalidInput, Unavailable, codec_of, key_of
from atoll.data import Database, DatabaseBusy, DatabaseUnavailable, DiskFull, OutcomeUnknown, Transaction
from atoll.events.envelope import Envelope
from atoll.events.incoming import FAULTS_MAX, Incoming, has_control
from atoll.events.outbox import KEY_BYTES_MAX, PAYLOAD_BYTES_MAX, Outbox, append
from atoll.events.statements import publishing
from atoll.kernel import Clock, Trace

TIMEOUT_S = 30.0

_READ = frozenset(
    "id source type time specversion datacontenttype partitionkey sequence tenant actor traceparent erasedat".split()
)
"""The attributes that are read here, or are not for others to set; all others are kept as they came."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """An event that may be taken: its envelope, and the attributes that only others know."""

    envelope: Envelope
    extensions: dict[str, str | bool | int]


class Inbox:
    """Takes events into the log of one service from elsewhere, as its contract declares them."""

    def __init__(self, source: str, contract: Contract, database: Database, outbox: Outbox, clock: Clock) -> None:
        self.source = source
        self._name = contract.service
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._kinds: dict[str, Codec[Event]] = {
            contract.event_type(each): codec_of(each) for each in contract.publishes
        }

    async def take(self, several: Sequence[Incoming], trace: Trace) -> int:
        """Take events, all or none; how many of them are new. `trace` is of those that name no other.

        Unknown fields of their data are left out: what is kept is what the contract declares.

        Raises:
            InvalidInput: some cannot be taken; with every fault.
            Unavailable: nobody can take them now, or knows whether they were: posting them again is safe.
        """
        now = self._clock.now()
        faults: list[Fault] = []
        found: list[_Taken] = []
        for incoming in several:
            try:
                found.append(self._checked(incoming, f"{now.isoformat()[:-6]}Z", trace))
            except Invalid as invalid:
                faults += invalid.faults
        if faults:
            raise InvalidInput(errors=tuple(faults[:FAULTS_MAX]))
        if self._outbox.refusal is not None:
            raise Unavailable(service=self._name, reason=self._outbox.refusal)
        try:
            async with self._database.transaction(timeout_s=TIMEOUT_S) as tx:
                new = [each for each in found if await self._is_new(tx, each.envelope, now.timestamp())]
                for each in new:
                    await append(tx, each.envelope, now, each.extensions)
        except (DatabaseBusy, DatabaseUnavailable, DiskFull, OutcomeUnknown) as error:
            raise Unavailable(service=self._name, reason=f"{error}; post the events again") from None
        if new:
            self._outbox.committed(())
        return len(new)

    async def _is_new(self, tx: Transaction, envelope: Envelope, now: float) -> bool:
        row = {"source": envelope.source, "id": envelope.id, "taken_at": now}
        return (await tx.execute(publishing().take_in, row)).changed == 1

    def _checked(self, incoming: Incoming, now: str, trace: Trace) -> _Taken:
        """The event as it is kept.

        Raises:
            Invalid: it is not one that this service may publish.
        """
        faults = list(self._faults(incoming))
        codec = self._kinds.get(incoming.text("type"))
        if codec is None or faults:
            raise Invalid(tuple(faults))
        event = _decoded(codec, incoming)
        data = codec.encode(event)
        key = key_of(event)
        given = incoming.text("partitionkey")
        if len(data) > PAYLOAD_BYTES_MAX:
            detail = f"has {len(data)} bytes, and {PAYLOAD_BYTES_MAX} are taken: publish where the rest is"
            raise Invalid((Fault(pointer=incoming.data_pointer, detail=detail),))
        if key is not None and (not key or has_control(key)):
            raise Invalid((Fault(pointer=incoming.data_pointer, detail=f"has the key {key!r}, which orders nothing"),))
        if key is not None and given not in ("", key):
            raise Invalid((incoming.fault("partitionkey", f"is `{given}`, and the event's key is `{key}`"),))
        if (size := len((key or given).encode())) > KEY_BYTES_MAX:
            raise Invalid((incoming.fault("partitionkey", f"has {size} bytes, and {KEY_BYTES_MAX} are taken"),))
        told = incoming.text("traceparent")
        envelope = Envelope(
            id=incoming.text("id"),
            source=self.source,
            type=incoming.text("type"),
            time=incoming.text("time") or now,
            specversion="1.0",
            datacontenttype="application/json",
            partitionkey=key if key is not None else given or None,
            tenant=incoming.text("tenant") or "main",
            actor=incoming.text("actor") or None,
            traceparent=told if told and Trace.parse(told) else str(trace) if trace.trace_id else "",
            data=msgspec.Raw(data),
        )
        return _Taken(envelope, {name: value for name, value in incoming.attributes.items() if name not in _READ})

    def _faults(self, incoming: Incoming) -> Iterator[Fault]:
        if incoming.text("source") != self.source:
            yield incoming.fault("source", f"is `{incoming.text('source')}`, and `{self.source}` is who publishes here")
        if incoming.text("type") not in self._kinds:
            known = ", ".join(self._kinds)
            yield incoming.fault("type", f"is `{incoming.text('type')}`, and the contract declares {known}")
        if "erasedat" in incoming.attributes:
            yield incoming.fault("erasedat", "is what the platform says of events that were erased")


def _decoded(codec: Codec[Event], incoming: Incoming) -> Event:
    """The event in the data.

    Raises:
        Invalid: there is none.
    """
    try:
        return codec.decode(incoming.data or b"null")
    except Invalid as invalid:
        pointer = incoming.data_pointer
        raise Invalid(
            tuple(Fault(pointer=f"{pointer}{each.pointer}", detail=each.detail) for each in invalid.faults)
        ) from None
