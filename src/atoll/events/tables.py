"""The platform's tables for events, in the database of each service that publishes or subscribes.

Tenant and data subject are columns of all that hold data of somebody. Moments are seconds since 1970.
"""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, MetaData, String, Table, Text

from atoll.data.tables import META as META
from atoll.data.tables import PLATFORM, Position

OUTBOX = Table(
    "atoll_outbox",
    PLATFORM,
    Column("number", Position, primary_key=True, autoincrement=True),
    Column("position", BigInteger),
    Column("partition", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("subject", String),
    Column("sequence", BigInteger),
    Column("published_at", Double, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
)
"""The log. On SQLite, where one writes at a time, `number` is the position; on PostgreSQL, where a later number may be
committed first, positions are given after the commit.

Each page that a transaction changes is written once more, so that there is no index which delivery does not need. The
last row always stays: SQLite counts on from it.
"""

Index("atoll_outbox_position", OUTBOX.c.position, unique=True).ddl_if(dialect="postgresql")

SEQUENCES = Table(
    "atoll_sequences",
    PLATFORM,
    Column("tenant", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("last", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The sequence of each key. Its row is locked until the commit, so that the next event of the key waits for it."""

SCHEDULED = Table(
    "atoll_scheduled",
    PLATFORM,
    Column("number", Position, primary_key=True, autoincrement=True),
    Column("due_at", Double, nullable=False, index=True),
    Column("type", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("subject", String, index=True),
    Column("key", String),
    Column("envelope", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""Events that are published later."""

SUBSCRIPTIONS = Table(
    "atoll_subscriptions",
    PLATFORM,
    Column("name", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("done", BigInteger, nullable=False),
    Column("types", Text, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("lapsed_at", Double),
)
"""What the publisher knows of those who read its log: up to where everything has taken effect."""

CURSORS = Table(
    "atoll_cursors",
    PLATFORM,
    Column("subscription", String, primary_key=True),
    Column("publisher", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("incarnation", String, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("holder", String),
    Column("epoch", BigInteger, nullable=False),
    Column("held_until", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""Where a subscription is, by partition, and which instance holds the partition. It moves in the transaction of the
effect, and only for the holder of this epoch."""

MEMBERS = Table(
    "atoll_members",
    PLATFORM,
    Column("subscription", String, primary_key=True),
    Column("publisher", String, primary_key=True),
    Column("instance", String, primary_key=True),
    Column("seen_until", Double, nullable=False),
)
"""The instances that share the partitions of a subscription."""

SUSPECTS = Table(
    "atoll_suspects",
    PLATFORM,
    Column("subscription", String, primary_key=True),
    Column("publisher", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
)
"""How often a message was tried that processes may have died of: counted before each attempt."""

PARKED = Table(
    "atoll_parked",
    PLATFORM,
    Column("number", Position, primary_key=True, autoincrement=True),
    Column("subscription", String, nullable=False),
    Column("publisher", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("type", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("subject", String, index=True),
    Column("key", String),
    Column("message_id", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("parked_at", Double, nullable=False),
    Column("tried_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Index("atoll_parked_key", "subscription", "publisher", "key"),
    sqlite_autoincrement=True,
)
"""Messages that could not be delivered: `waiting` for another attempt, `dead` until somebody decides, or `behind`
another one of the same key."""

INBOX = Table(
    "atoll_inbox",
    PLATFORM,
    Column("source", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("taken_at", Double, nullable=False, index=True),
)
"""Events that came from elsewhere by POST, so that none is taken twice."""

TIMERS = Table(
    "atoll_timers",
    PLATFORM,
    Column("name", String, primary_key=True),
    Column("due_at", Double, nullable=False),
)
"""When what is done again and again is due."""

AUDIT = Table(
    "atoll_audit",
    PLATFORM,
    Column("number", Position, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String),
    Column("tenant", String, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""What people have done to events, by whom, and why."""


def all_tables() -> MetaData:
    """All tables of the platform: these, and those of the room `data`."""
    return PLATFORM
