"""What was published about a key, as it is kept in a publisher's log: for people."""

from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.contract import Event, masked
from atoll.data import Database, Row
from atoll.events.envelope import decode_envelope, trace_id_of


class Published(msgspec.Struct, frozen=True):
    """A message in a log. `published_at` is in seconds since 1970.

    `payload` is its data, with `***` for what is personal, and for all of it where nobody knows its type here.
    """

    publisher: str
    position: int
    id: str
    type: str
    key: str
    tenant: str
    sequence: int
    published_at: float
    actor: str
    trace_id: str
    payload: Any  # Any: JSON


async def messages_of(
    database: Database, publisher: str, classes: Mapping[str, type[Event]], key: str, *, limit: int = 100
) -> list[Published]:
    """What is kept of a key, of all tenants, the last first. `classes` are the events that are known, by their type.

    Reads the whole log: no index is kept for it, which each event would pay for.
    """
    from sqlalchemy import select  # noqa: PLC0415  # SQLAlchemy is loaded by those alone who have a database

    from atoll.events.tables import OUTBOX  # noqa: PLC0415  # as said

    wanted = select(OUTBOX).where(OUTBOX.c.subject == key).order_by(OUTBOX.c.number.desc()).limit(limit)
    return [_published(row, publisher, classes) for row in await database.read(wanted)]


def _published(row: Row, publisher: str, classes: Mapping[str, type[Event]]) -> Published:
    envelope = decode_envelope(bytes(row.envelope))
    return Published(
        publisher,
        row.position if row.position is not None else row.number,
        envelope.id,
        row.type,
        row.subject or "",
        row.tenant,
        row.sequence or 0,
        row.published_at,
        envelope.actor or "",
        trace_id_of(envelope),
        masked(classes.get(row.type), bytes(envelope.data)),
    )
