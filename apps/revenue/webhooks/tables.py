"""The tables of Webhooks: messages, links in them, and the rules."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, String, Table, Text

from revenue.ruling import rules_table

metadata = MetaData()

DELIVERIES = Table(
    "deliveries",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(80), nullable=False, unique=True),
    Column("endpoint", Text, nullable=False),
    Column("event", String(80), nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("arrived_at", DateTime(timezone=True)),
    sqlite_autoincrement=True,
)
"""`number` is the order in which messages were made, and where a page begins. `body` is what is sent, byte for byte."""

LINKS = Table(
    "links",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("lead_id", String(36), nullable=False),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("accepted_at", DateTime(timezone=True)),
)
"""Links that accept a lead. Of their tokens only digests are kept, so that these rows open nothing."""

RULES = rules_table(metadata)
