"""Capture's tables: what came in as it was sent, leads, what they are recognised by, and the team's rules."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from revenue.ruling import rules_table

metadata = MetaData()

LEADS = Table(
    "leads",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("captured_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("email", Text),
    Column("salutation", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("title", Text),
    Column("phone", Text),
    Column("mobile_phone", Text),
    Column("company", Text),
    Column("website", Text),
    Column("industry", Text),
    Column("number_of_employees", Integer),
    Column("street", Text),
    Column("city", Text),
    Column("state", Text),
    Column("postal_code", Text),
    Column("country", Text),
    Column("description", Text),
    Column("lead_source", Text),
    Column("campaign", Text),
    Column("utm_source", Text),
    Column("utm_medium", Text),
    Column("utm_campaign", Text),
    Column("utm_term", Text),
    Column("utm_content", Text),
    Column("landing_page", Text),
    Column("referrer", Text),
    Column("consent", Text),
    Column("consent_at", DateTime(timezone=True)),
    Column("external_id", Text),
    Column("external_source", Text),
    Column("attributes", JSON, nullable=False),
    sqlite_autoincrement=True,
)
"""A lead, a column for each of its fields. `number` is the order in which leads came in, and where a page begins."""

LEAD_KEYS = Table(
    "lead_keys",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("lead_id", String(36), ForeignKey(LEADS.c.id), nullable=False),
    Column("record", String(64), index=True),
)
"""What a lead is recognised by, as digests: of any length none fits into an index, and none says whose it is. `record`
is that of a record's id by itself, whatever system it is from."""

IMPORT_ROWS = Table(
    "import_rows",
    metadata,
    Column("import_key", String(64), primary_key=True),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
)
"""The rows of imports that were taken, each by its line in the whole file."""

SUBMISSIONS = Table(
    "submissions",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("channel", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("message_id", Text),
    Column("message_key", String(64), unique=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("fate", String(16), nullable=False),
    Column("reason", String(32)),
    Column("explanation", Text),
    Column("lead_id", String(36)),
    Column("rules_version", Integer, nullable=False),
    Column("replays", Integer, nullable=False),
    Column("line", BigInteger),
    Column("rows", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("about", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("is_kept", Boolean, nullable=False),
    Index(
        "ix_submissions_rejected",
        "number",
        sqlite_where=text("fate = 'rejected'"),
        postgresql_where=text("fate = 'rejected'"),
    ),
    Index("ix_submissions_kept", "received_at", sqlite_where=text("is_kept"), postgresql_where=text("is_kept")),
    sqlite_autoincrement=True,
)
"""What came in, as it was sent. `message_key` is the digest of what a source calls a delivery, or of an import and its
piece: none of them is kept twice. `about` is JSON: the headers, or what was asked for with a file."""

REFUSALS = Table(
    "refusals",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("day", Date, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("source", String(64), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    sqlite_autoincrement=True,
)
"""What was turned away, counted by day, place and reason, of which `key` is the digest."""

RULES = rules_table(metadata)
