"""Enrichment's tables: what was found out about each lead, whom others were asked about it, and what that cost."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, String, Table, Text

from revenue.ruling import rules_table

metadata = MetaData()

PROFILES = Table(
    "profiles",
    metadata,
    Column("lead_id", String(36), primary_key=True),
    Column("lead_revision", Integer, nullable=False),
    Column("facts", Text, nullable=False),
    Column("enriched_at", DateTime(timezone=True), nullable=False, index=True),
    Column("lead", Text),
    Column("resolution", Text),
    Column("notes", Text),
    Column("pins", Text),
)
"""The latest profile of a lead, and of which revision of the lead it is.

`facts` is JSON, as are `lead` and `resolution`, from which it was found out: nobody has to be asked for them when a
provider answers late. `notes` is the profile without its facts, where there is more to say, and `pins` what people have
set by hand.
"""

QUESTIONS = Table(
    "questions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("attempt", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("answer", Text),
    Column("lead_id", String(36), nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("good_until", DateTime(timezone=True), nullable=False),
)
"""What was asked of a provider, by a digest of whom and what, and the last answer: nothing is bought twice.

Until `good_until` it is not asked again, whatever `state` it is in.
"""

ATTEMPTS = Table(
    "attempts",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("lead_id", String(36), nullable=False, index=True),
    Column("provider", String(40), nullable=False),
    Column("field", String(30), nullable=False),
    Column("segment", String(40), nullable=False),
    Column("month", String(7), nullable=False),
    Column("state", String(10), nullable=False),
    Column("price_micros", BigInteger, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("detail", Text, nullable=False),
    Column("rules_version", Integer, nullable=False),
    Index("ix_attempts_provider", "provider", "number"),
    Index("ix_attempts_state", "state", "asked_at"),
    sqlite_autoincrement=True,
)
"""Every question that may have cost something, written before it is asked."""

SPENDING = Table(
    "spending",
    metadata,
    Column("scope", String(10), primary_key=True),
    Column("key", String(50), primary_key=True),
    Column("spent_micros", BigInteger, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("touched_at", DateTime(timezone=True), nullable=False),
)
"""What was spent, with what is reserved for questions under way: for a lead, in the run, in a month."""

COMPANIES = Table(
    "companies",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("fields", Text, nullable=False),
    Column("is_first", Boolean, nullable=False),
)
"""The team's directory: what is known of a company, by its domain, and again by its name (not `is_first`)."""

RULES = rules_table(metadata)
"""The versions of the rules that were published."""
