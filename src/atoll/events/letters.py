"""Messages that were put aside, for people: what went wrong, another attempt, or an end to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atoll.contract import Event, masked
from atoll.data import Database, Row, Transaction
from atoll.events.auditing import By, Doing, record
from atoll.events.envelope import decode_envelope, trace_id_of
from atoll.events.operating_statements import CHUNK, changing
from atoll.events.parking import BEHIND, DEAD, Parking
from atoll.kernel import AtollError

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Which:
    """Which parked messages are meant: all that are dead, of a subscription, publisher, key or type; or the one.

    `key` is looked for in `tenant`. A `number` stands for itself, in whatever state the message is.
    """

    number: int | None = None
    subscription: str | None = None
    publisher: str | None = None
    key: str | None = None
    tenant: str = "main"
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was put aside. Moments are seconds since 1970.

    `state` is `dead`, `waiting` for another attempt, or `behind` another one of its key; `behind` says how many stand
    behind this one. `payload` is its data, with `***` for what is personal, and for all of it where nobody knows its
    type here. `error` is as the handler has said it. `trace_id` is empty where it was published outside of a trace.
    """

    number: int
    subscription: str
    publisher: str
    partition: int
    position: int
    state: str
    type: str
    tenant: str
    subject: str | None
    key: str | None
    message_id: str
    attempts: int
    error: str
    parked_at: float
    tried_at: float
    due_at: float
    behind: int
    is_erased: bool
    payload: Any  # Any: JSON
    trace_id: str


class NoSuchLetter(AtollError):
    """There is no parked message of this number."""

    code = "no_such_letter"

    def __init__(self, number: int) -> None:
        super().__init__(number)

    def __str__(self) -> str:
        return f"no message is parked under {self.args[0]}: it was delivered, dropped, or never there"


class StandsBehind(AtollError):
    """A message cannot be replayed by itself, because another one of its key comes first."""

    code = "stands_behind"

    def __init__(self, number: int, first: int) -> None:
        super().__init__(number, first)

    def __str__(self) -> str:
        number, first = self.args
        return f"message {number} stands behind {first} of the same key: replay or drop {first}, and it follows"


async def letters(
    database: Database, classes: Mapping[str, type[Event]], which: Which | None = None, *, limit: int = 1_000
) -> list[Letter]:
    """The parked messages in a subscriber's database, oldest first: dead ones, or the one that is asked for.

    `classes` are the events that are known, by their type.
    """
    from sqlalchemy import func, select  # noqa: PLC0415  # SQLAlchemy is loaded by those alone who have a database

    from atoll.events.tables import PARKED  # noqa: PLC0415  # as said

    others = PARKED.alias()
    behind = (
        select(func.count())
        .where(
            others.c.subscription == PARKED.c.subscription,
            others.c.publisher == PARKED.c.publisher,
            others.c.tenant == PARKED.c.tenant,
            others.c.key == PARKED.c.key,
            others.c.number != PARKED.c.number,
        )
        .scalar_subquery()
    )
    wanted = select(PARKED, behind.label("others")).where(*_conditions(which or Which())).limit(limit)
    return [_letter(row, classes) for row in await database.read(wanted.order_by(PARKED.c.number))]


async def count(database: Database, which: Which) -> int:
    """How many messages are meant."""
    from sqlalchemy import func, select  # noqa: PLC0415  # as above

    from atoll.events.tables import PARKED  # noqa: PLC0415  # as above

    wanted = select(func.count()).select_from(PARKED).where(*_conditions(which))
    found: int = (await database.read(wanted)).scalar()
    return found


async def replay(database: Database, which: Which, by: By, now: float) -> int:
    """Let messages be tried once more, at once; how many those were. What stands behind them follows by itself.

    The instance that has their partition takes them up within a second; with none running, the next that starts.

    Raises:
        NoSuchLetter: there is none of this number.
        StandsBehind: it is not the first of its key.
    """

    async def again(tx: Transaction, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.state == BEHIND:
                raise StandsBehind(row.number, await _first(tx, row))
        await tx.execute(changing().replay, [{"which": row.number, "at": now} for row in rows])
        await record(tx, by, now, *(_doing("replay", row) for row in rows))

    return await _changed(database, which, now, again)


async def drop(database: Database, which: Which, by: By, now: float) -> int:
    """Take messages out for good; how many those were. What stands behind them is tried next, at once.

    Raises:
        NoSuchLetter: there is none of this number.
    """

    async def out(tx: Transaction, rows: Sequence[Row]) -> None:
        await tx.execute(changing().drop, [{"which": row.number} for row in rows])
        for row in rows:
            if row.key is not None:
                await Parking(row.subscription, row.publisher, database).free(tx, row.tenant, row.key, now)
        await record(tx, by, now, *(_doing("drop", row) for row in rows))

    return await _changed(database, which, now, out)


Change = Callable[[Transaction, Sequence[Row]], Any]  # Any: a coroutine's own send types


async def _changed(database: Database, which: Which, now: float, change: Change) -> int:
    """Change messages, some hundred in a transaction; those that die meanwhile are left as they are."""
    changed = 0
    while True:
        async with database.transaction(timeout_s=TIMEOUT_S) as tx:
            rows = await _chosen(tx, which, now)
            if rows:
                await change(tx, rows)
        changed += len(rows)
        if which.number is not None and not rows:
            raise NoSuchLetter(which.number)
        if which.number is not None or len(rows) < CHUNK:
            return changed


async def _chosen(tx: Transaction, which: Which, now: float) -> Sequence[Row]:
    """Some of those that are meant, which no instance touches until the transaction has ended."""
    from sqlalchemy import select  # noqa: PLC0415  # as above

    from atoll.events.tables import PARKED  # noqa: PLC0415  # as above

    conditions = _conditions(which)
    if which.number is None:
        conditions.append(PARKED.c.tried_at <= now)
    wanted = select(PARKED).where(*conditions).order_by(PARKED.c.number).limit(CHUNK)
    rows = await tx.execute(wanted)
    for of, publisher, partition in sorted({(row.subscription, row.publisher, row.partition) for row in rows}):
        await tx.execute(changing().keep_out, {"of": of, "from_": publisher, "which": partition})
    return await tx.execute(wanted) if rows else rows


def _conditions(which: Which) -> list[Any]:  # Any: SQLAlchemy's conditions
    from atoll.events.tables import PARKED  # noqa: PLC0415  # as above

    if which.number is not None:
        return [PARKED.c.number == which.number]
    found: list[Any] = [PARKED.c.state == DEAD]  # Any: as above
    if which.subscription is not None:
        found.append(PARKED.c.subscription == which.subscription)
    if which.publisher is not None:
        found.append(PARKED.c.publisher == which.publisher)
    if which.key is not None:
        found += [PARKED.c.tenant == which.tenant, PARKED.c.key == which.key]
    if which.type is not None:
        found.append(PARKED.c.type == which.type)
    return found


async def _first(tx: Transaction, row: Row) -> int:
    from sqlalchemy import select  # noqa: PLC0415  # as above

    from atoll.events.tables import PARKED  # noqa: PLC0415  # as above

    wanted = (
        select(PARKED.c.number)
        .where(
            PARKED.c.subscription == row.subscription,
            PARKED.c.publisher == row.publisher,
            PARKED.c.tenant == row.tenant,
            PARKED.c.key == row.key,
        )
        .order_by(PARKED.c.position, PARKED.c.number)
        .limit(1)
    )
    first: int = (await tx.execute(wanted)).scalar()
    return first


def _doing(action: str, row: Row) -> Doing:
    names = ("subscription", "publisher", "number", "message_id", "type", "partition", "position", "state", "attempts")
    return Doing(action, {name: getattr(row, name) for name in names}, row.tenant, row.subject)


def _letter(row: Row, classes: Mapping[str, type[Event]]) -> Letter:
    envelope = decode_envelope(bytes(row.envelope))
    return Letter(
        row.number,
        row.subscription,
        row.publisher,
        row.partition,
        row.position,
        row.state,
        row.type,
        row.tenant,
        row.subject,
        row.key,
        row.message_id,
        row.attempts,
        row.error,
        row.parked_at,
        row.tried_at,
        row.due_at,
        row.others if row.state != BEHIND else 0,
        bool(envelope.erasedat),
        masked(classes.get(row.type), bytes(envelope.data)),
        trace_id_of(envelope),
    )
