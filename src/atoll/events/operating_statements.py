"""The statements of those who operate: made once for each kind of database, when the first is needed."""

import functools
from typing import Any

from atoll.data import Dialect, Statement
from atoll.events.ports import PARTITIONS

RECENT_MAX = 20_000
"""Of so many messages at the end of a log it is looked when they were published."""

CHUNK = 500
"""So many rows are changed in one transaction: others write in between."""

SPAN = 100_000
"""Among so many rows it is looked at once for those of somebody: the log has no index for that."""


class Looking:
    """What can be seen of a log and of those who read it."""

    def __init__(self, dialect: Dialect) -> None:
        from sqlalchemy import BigInteger, and_, bindparam, case, func, or_, select  # noqa: PLC0415  # loaded by few

        from atoll.events import tables  # noqa: PLC0415  # as said

        outbox, subscriptions, cursors, parked = tables.OUTBOX, tables.SUBSCRIPTIONS, tables.CURSORS, tables.PARKED
        # On PostgreSQL those that were just committed have no position yet: they are behind all others.
        at = outbox.c.number if dialect == "sqlite" else outbox.c.position
        each = {number: bindparam(f"p{number}", type_=BigInteger) for number in range(PARTITIONS)}
        cursor = case(each, value=outbox.c.partition)
        ahead = and_(at > bindparam("floor"), at > cursor)
        self.undelivered: Statement = (
            select(outbox.c.type, func.count().label("messages"), func.min(outbox.c.published_at).label("oldest_at"))
            .where(ahead if dialect == "sqlite" else or_(at.is_(None), ahead))
            .group_by(outbox.c.type)
        )
        last = (
            select(outbox.c.type, outbox.c.published_at).order_by(outbox.c.number.desc()).limit(RECENT_MAX).subquery()
        )
        self.recent: Statement = (
            select(last.c.type, func.count().label("messages"), func.min(last.c.published_at).label("oldest_at"))
            .where(last.c.published_at >= bindparam("since"))
            .group_by(last.c.type)
        )
        self.unplaced: Statement = select(func.count()).where(outbox.c.position.is_(None))
        self.first_since: Statement = select(func.min(at)).where(outbox.c.published_at >= bindparam("since"))
        self.oldest_at: Statement = select(outbox.c.published_at).where(at >= bindparam("at")).order_by(at).limit(1)
        self.followers: Statement = select(subscriptions).order_by(subscriptions.c.name, subscriptions.c.partition)
        self.cursors: Statement = select(cursors).order_by(
            cursors.c.subscription, cursors.c.publisher, cursors.c.partition
        )
        self.parked: Statement = select(
            parked.c.subscription, parked.c.publisher, parked.c.state, func.count().label("messages")
        ).group_by(parked.c.subscription, parked.c.publisher, parked.c.state)


class Changing:
    """What people change, and the record of it."""

    def __init__(self) -> None:
        from sqlalchemy import BigInteger, bindparam, case, delete, insert, select, text, update  # noqa: PLC0415  # as above

        from atoll.events import tables  # noqa: PLC0415  # as said

        cursors, parked, subscriptions, param = tables.CURSORS, tables.PARKED, tables.SUBSCRIPTIONS, bindparam
        whose = (cursors.c.subscription == param("of"), cursors.c.publisher == param("from_"))
        to = bindparam("to", type_=BigInteger)
        self.record: Statement = insert(tables.AUDIT)
        self.keep_out: Statement = (
            update(cursors).where(*whose, cursors.c.partition == param("which")).values(epoch=cursors.c.epoch)
        )
        """Locks a partition's cursor: whoever delivers takes it first, too."""
        self.replay: Statement = (
            update(parked).where(parked.c.number == param("which")).values(state="waiting", due_at=param("at"))
        )
        self.drop: Statement = delete(parked).where(parked.c.number == param("which"))
        self.lapse: Statement = (
            update(subscriptions).where(subscriptions.c.name == param("which")).values(lapsed_at=param("at"))
        )
        self.hold_back: Statement = (
            update(subscriptions)
            .where(subscriptions.c.name == param("which"), subscriptions.c.done > param("to"))
            .values(done=param("to"))
        )
        self.position: Statement = select(cursors.c.position, cursors.c.generation).where(*whose)
        self.rewind: Statement = (
            update(cursors)
            .where(*whose)
            .values(
                position=case((cursors.c.position > param("to"), to), else_=cursors.c.position),
                generation=cursors.c.generation + 1,
                epoch=cursors.c.epoch + 1,
                holder=None,
                held_until=0,
            )
        )
        self.unpark_behind: Statement = delete(parked).where(
            parked.c.subscription == param("of"), parked.c.publisher == param("from_"), parked.c.position > param("to")
        )
        self.fence: Statement = (
            update(cursors)
            .where(cursors.c.partition == param("which"))
            .values(epoch=cursors.c.epoch + 1, holder=None, held_until=0)
        )
        self.secure: Statement = text("PRAGMA secure_delete=ON")


class Envelopes:
    """Those of one data subject in a table: found in a span of numbers, read, and written anew."""

    def __init__(self, table: Any) -> None:  # Any: a table of SQLAlchemy's
        from sqlalchemy import bindparam, func, select, update  # noqa: PLC0415  # as above

        param, number = bindparam, table.c.number
        more = (table.c.error,) if "error" in table.c else ()
        self.name = str(table.name).removeprefix("atoll_")
        self.span: Statement = select(func.min(number).label("first"), func.max(number).label("last"))
        self.find: Statement = (
            select(number)
            .where(
                number >= param("first"),
                number < param("end"),
                table.c.tenant == param("whose"),
                table.c.subject == param("about"),
            )
            .order_by(number)
        )
        self.read: Statement = select(number, table.c.envelope, *more).where(
            number.in_(param("numbers", expanding=True))
        )
        written: Any = update(table).where(number == param("which")).values(envelope=param("to"))  # Any: as above
        self.write: Statement = written.values(error=param("why")) if more else written


class Erasing:
    """What is kept of a data subject."""

    def __init__(self) -> None:
        from sqlalchemy import bindparam, func, select, update  # noqa: PLC0415  # as above

        from atoll.data.tables import REQUESTS  # noqa: PLC0415  # as said
        from atoll.events import tables  # noqa: PLC0415  # as said

        param = bindparam
        about = (REQUESTS.c.tenant == param("whose"), REQUESTS.c.subject == param("about"), REQUESTS.c.digest != "")
        self.answers: Statement = select(func.count()).where(*about)
        self.erase_answers: Statement = update(REQUESTS).where(*about).values(digest="", status=410, body=b"")
        self.outbox = Envelopes(tables.OUTBOX)
        self.scheduled = Envelopes(tables.SCHEDULED)
        self.parked = Envelopes(tables.PARKED)


@functools.cache
def looking(dialect: Dialect) -> Looking:
    """The statements for a look."""
    return Looking(dialect)


@functools.cache
def changing() -> Changing:
    """The statements of changes."""
    return Changing()


@functools.cache
def erasing() -> Erasing:
    """The statements of an erasure."""
    return Erasing()
