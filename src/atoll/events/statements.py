"""The statements on the platform's tables for events: made once, when the first is needed.

SQLAlchemy is loaded by those alone who have a database.
"""

import functools

from atoll.data import Statement


class Publishing:
    """Those of a publisher, by what they do; the names of their parameters are those of the columns unless said."""

    def __init__(self) -> None:
        from sqlalchemy import bindparam, delete, func, insert, select, text, update  # noqa: PLC0415  # as said

        from atoll.events import tables  # noqa: PLC0415  # as said

        outbox, scheduled, subscriptions = tables.OUTBOX, tables.SCHEDULED, tables.SUBSCRIPTIONS
        timers, inbox, param = tables.TIMERS, tables.INBOX, bindparam

        # --- publishing
        self.schedule: Statement = insert(scheduled)
        self.due: Statement = (
            select(scheduled.c.number)
            .where(scheduled.c.due_at <= param("now"))
            .order_by(scheduled.c.due_at, scheduled.c.number)
            .limit(100)
        )
        self.next_due: Statement = select(func.min(scheduled.c.due_at))
        self.unschedule: Statement = (
            delete(scheduled).where(scheduled.c.number == param("which")).returning(scheduled.c.envelope)
        )

        # --- reading the log: SQLite's numbers are positions, PostgreSQL's are given after the commit
        columns = (outbox.c.partition, outbox.c.type, outbox.c.envelope)
        self.read_numbers: Statement = (
            select(outbox.c.number.label("position"), *columns)
            .where(outbox.c.number > param("after"))
            .order_by(outbox.c.number)
            .limit(param("limit"))
        )
        self.read_positions: Statement = (
            select(outbox.c.position, *columns)
            .where(outbox.c.position > param("after"))
            .order_by(outbox.c.position)
            .limit(param("limit"))
        )
        self.oldest_number: Statement = select(func.min(outbox.c.number))
        self.oldest_position: Statement = select(func.min(outbox.c.position))
        self.last_number: Statement = select(func.max(outbox.c.number))
        self.lock_positions: Statement = text("SELECT pg_advisory_xact_lock(7021140)")
        self.give_positions: Statement = text(
            "WITH fresh AS (SELECT number, row_number() OVER (ORDER BY number) AS nth FROM atoll_outbox "
            "WHERE position IS NULL), last AS (SELECT value::bigint AS position FROM atoll_meta "
            "WHERE name = 'last_position'), given AS (UPDATE atoll_outbox SET position = last.position + fresh.nth "
            "FROM fresh, last WHERE atoll_outbox.number = fresh.number RETURNING atoll_outbox.position) "
            "UPDATE atoll_meta SET value = (SELECT max(position)::text FROM given) "
            "WHERE name = 'last_position' AND EXISTS (SELECT 1 FROM given) RETURNING value"
        )
        self.are_unplaced: Statement = text("SELECT EXISTS (SELECT 1 FROM atoll_outbox WHERE position IS NULL)")
        self.meta: Statement = select(tables.META.c.name, tables.META.c.value)
        self.add_meta: Statement = text(
            "INSERT INTO atoll_meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"
        )
        # the oldest thousand are looked at, and no more: whoever looked for old ones would read a log of millions
        self.forget_numbers: Statement = text(
            "DELETE FROM atoll_outbox WHERE number IN (SELECT number FROM (SELECT number, published_at "
            "FROM atoll_outbox WHERE number <= :position AND number < (SELECT max(number) FROM atoll_outbox) "
            "ORDER BY number LIMIT 1000) AS oldest WHERE published_at < :before)"
        )
        self.forget_positions: Statement = text(
            "DELETE FROM atoll_outbox WHERE number IN (SELECT number FROM (SELECT number, published_at "
            "FROM atoll_outbox WHERE position <= :position ORDER BY position LIMIT 1000) AS oldest "
            "WHERE published_at < :before)"
        )

        # --- what a publisher knows of its subscriptions
        self.subscribed: Statement = text(
            "INSERT INTO atoll_subscriptions (name, partition, done, types, seen_at) "
            "VALUES (:name, :partition, :done, :types, :seen_at) ON CONFLICT (name, partition) DO UPDATE "
            "SET done = excluded.done, types = excluded.types, seen_at = excluded.seen_at, lapsed_at = CASE WHEN "
            "atoll_subscriptions.lapsed_at < excluded.seen_at THEN NULL ELSE atoll_subscriptions.lapsed_at END"
        )
        self.subscriptions: Statement = select(
            subscriptions.c.name,
            func.min(subscriptions.c.done).label("done"),
            func.max(subscriptions.c.types).label("types"),
            func.max(subscriptions.c.seen_at).label("seen_at"),
            func.max(subscriptions.c.lapsed_at).label("lapsed_at"),
            func.count().label("partitions"),
        ).group_by(subscriptions.c.name)
        self.lapse: Statement = (
            update(subscriptions).where(subscriptions.c.name == param("which")).values(lapsed_at=param("at"))
        )

        # --- time
        self.timer: Statement = select(timers.c.due_at).where(timers.c.name == param("which"))
        self.add_timer: Statement = text(
            "INSERT INTO atoll_timers (name, due_at) VALUES (:name, :due_at) ON CONFLICT (name) DO NOTHING"
        )
        self.claim_timer: Statement = (
            update(timers)
            .where(timers.c.name == param("which"), timers.c.due_at == param("seen"))
            .values(due_at=param("next"))
        )

        # --- from elsewhere
        self.take_in: Statement = text(
            "INSERT INTO atoll_inbox (source, id, taken_at) VALUES (:source, :id, :taken_at) "
            "ON CONFLICT (source, id) DO NOTHING"
        )
        self.forget_inbox: Statement = delete(inbox).where(inbox.c.taken_at < param("before"))


class Subscribing:
    """Those of a subscriber, in the same way; `of` and `from_` say whose cursors they are about."""

    def __init__(self) -> None:
        from sqlalchemy import bindparam, delete, func, insert, select, text, update  # noqa: PLC0415  # as said

        from atoll.events import tables  # noqa: PLC0415  # as said

        cursors, members, parked, suspects = tables.CURSORS, tables.MEMBERS, tables.PARKED, tables.SUSPECTS
        param = bindparam

        # --- leases
        whose = (cursors.c.subscription == param("of"), cursors.c.publisher == param("from_"))
        self.add_cursor: Statement = text(
            "INSERT INTO atoll_cursors (subscription, publisher, partition, incarnation, generation, position, epoch, "
            "held_until) VALUES (:subscription, :publisher, :partition, :incarnation, 0, :position, 0, 0) "
            "ON CONFLICT (subscription, publisher, partition) DO NOTHING"
        )
        self.cursors: Statement = select(
            cursors.c.partition,
            cursors.c.incarnation,
            cursors.c.generation,
            cursors.c.position,
            cursors.c.holder,
            cursors.c.epoch,
            cursors.c.held_until,
        ).where(*whose)
        self.hold: Statement = (
            update(cursors)
            .where(*whose, cursors.c.partition == param("which"), cursors.c.epoch == param("seen"))
            .values(holder=param("holder"), epoch=cursors.c.epoch + 1, held_until=param("until"))
        )
        self.renew: Statement = (
            update(cursors).where(*whose, cursors.c.holder == param("by")).values(held_until=param("until"))
        )
        self.release: Statement = (
            update(cursors)
            .where(*whose, cursors.c.partition == param("which"), cursors.c.holder == param("by"))
            .values(holder=None, held_until=0)
        )
        self.seen: Statement = text(
            "INSERT INTO atoll_members (subscription, publisher, instance, seen_until) VALUES (:subscription, "
            ":publisher, :instance, :seen_until) ON CONFLICT (subscription, publisher, instance) DO UPDATE "
            "SET seen_until = excluded.seen_until"
        )
        self.members: Statement = select(func.count()).where(
            members.c.subscription == param("of"),
            members.c.publisher == param("from_"),
            members.c.seen_until > param("now"),
            members.c.seen_until <= param("latest"),
        )
        self.gone: Statement = delete(members).where(
            members.c.subscription == param("of"),
            members.c.publisher == param("from_"),
            (members.c.instance == param("who")) | (members.c.seen_until < param("before")),
        )

        # --- delivering
        self.suspect: Statement = text(
            "INSERT INTO atoll_suspects (subscription, publisher, partition, position, tries) "
            "VALUES (:subscription, :publisher, :partition, :position, 1) "
            "ON CONFLICT (subscription, publisher, partition) DO UPDATE SET tries = CASE "
            "WHEN atoll_suspects.position = excluded.position THEN atoll_suspects.tries + 1 ELSE 1 END, "
            "position = excluded.position RETURNING tries"
        )
        there = (
            suspects.c.subscription == param("of"),
            suspects.c.publisher == param("from_"),
            suspects.c.partition == param("which"),
        )
        self.suspected: Statement = select(suspects.c.position).where(*there)
        self.acquit: Statement = delete(suspects).where(*there)
        self.still_held: Statement = (
            update(cursors)
            .where(*whose, cursors.c.partition == param("which"), cursors.c.epoch == param("held"))
            .values(epoch=param("held"))
        )
        self.fork: Statement = (
            update(cursors)
            .where(*whose, cursors.c.partition == param("which"), cursors.c.epoch == param("held"))
            .values(incarnation=param("to"), position=param("at"))
        )
        self.rewind: Statement = (
            update(cursors)
            .where(*whose)
            .values(
                position=param("at"),
                generation=cursors.c.generation + 1,
                epoch=cursors.c.epoch + 1,
                holder=None,
                held_until=0,
            )
        )

        # --- parking
        here = (parked.c.subscription == param("of"), parked.c.publisher == param("from_"))
        self.park: Statement = insert(parked)
        self.parked_keys: Statement = select(parked.c.partition, parked.c.tenant, parked.c.key).distinct().where(*here)
        self.waiting: Statement = (
            select(parked)
            .where(
                *here,
                parked.c.state == "waiting",
                (parked.c.due_at <= param("now")) | (parked.c.tried_at > param("latest")),
            )
            .order_by(parked.c.number)
            .limit(200)
        )
        self.parked_of_key: Statement = (
            select(parked)
            .where(*here, parked.c.tenant == param("whose"), parked.c.key == param("which"))
            .order_by(parked.c.position, parked.c.number)
        )
        self.unpark: Statement = delete(parked).where(parked.c.number == param("which"))
        self.repark: Statement = (
            update(parked)
            .where(parked.c.number == param("which"))
            .values(
                state=param("now_"),
                attempts=param("tries"),
                error=param("why"),
                tried_at=param("tried"),
                due_at=param("at"),
            )
        )
        heads = parked.alias()
        first = (
            select(heads.c.number)
            .where(
                heads.c.subscription == param("of"),
                heads.c.publisher == param("from_"),
                heads.c.tenant == param("whose"),
                heads.c.key == param("which"),
            )
            .order_by(heads.c.position, heads.c.number)
            .limit(1)
        )
        self.free: Statement = (
            update(parked)
            .where(parked.c.number == first.scalar_subquery(), parked.c.state == "behind")
            .values(state="waiting", due_at=param("at"))
        )


@functools.cache
def publishing() -> Publishing:
    """The statements of a publisher."""
    return Publishing()


@functools.cache
def subscribing() -> Subscribing:
    """The statements of a subscriber."""
    return Subscribing()
