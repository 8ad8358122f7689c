"""Routing's tables: whose each lead is, what was done with it, how teams stand, how much is open, and who was merged.

Locks are taken in one order, so that nobody waits in a circle: leads by id, teams by name, open leads by rep.
"""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, String, Table, Text

from revenue.ruling import rules_table

metadata = MetaData()

NUMBER = BigInteger().with_variant(Integer, "sqlite")

RULES_TABLE = rules_table(metadata)

ASSIGNMENTS = Table(
    "assignments",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("lead_id", String(36), nullable=False, unique=True),
    Column("lead_revision", Integer, nullable=False),
    Column("scored", Text, nullable=False),
    Column("contact_id", Text),
    Column("account_id", Text),
    Column("account_said", Text, index=True),
    Column("grade", String(10), nullable=False),
    Column("owner", Text, nullable=False),
    Column("is_rep", Boolean, nullable=False),
    Column("team", Text),
    Column("step", String(20), nullable=False),
    Column("matched", Text),
    Column("why", Text, nullable=False),
    Column("is_provisional", Boolean, nullable=False),
    Column("routed_at", DateTime(timezone=True), nullable=False),
    Column("assigned_at", DateTime(timezone=True), nullable=False),
    Column("rules_version", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("shares", Text, nullable=False),
    Column("passed", Text, nullable=False),
    Column("waits_in", Text),
    Column("status", String(20), nullable=False),
    Column("status_reason", Text),
    Column("status_at", DateTime(timezone=True), nullable=False),
    Column("stage", String(20)),
    Column("respond_by", DateTime(timezone=True)),
    Column("escalate_at", DateTime(timezone=True)),
    Column("reassign_at", DateTime(timezone=True)),
    Column("stopped_at", DateTime(timezone=True)),
    Index("ix_assignments_contact_id", "contact_id", "number"),
    Index("ix_assignments_account_id", "account_id", "number"),
    Index("ix_assignments_owner", "owner", "number"),
    Index("ix_assignments_status", "status", "number"),
    Index("ix_assignments_waits_in", "waits_in", "number"),
    sqlite_autoincrement=True,
)
"""A lead and its owner. `number` is the order in which leads were first routed: the oldest that waits has the lowest.
`scored` is the event that told of it, as JSON, so that it can be routed again; `shares` is what each of the team was
owed of it, so that it can be taken back; `passed` are those who had it. `account_id` is the account as it was merged
since, `account_said` as it was told. `routed_at` is when it first got an owner."""

CHANGES = Table(
    "changes",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("lead_id", String(36), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("what", String(20), nullable=False),
    Column("was", Text, nullable=False),
    Column("became", Text, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""What was done with leads since they first got an owner; only added to."""

TEAMS = Table(
    "teams",
    metadata,
    Column("name", Text, primary_key=True),
    Column("standings", Text, nullable=False),
    Column("waiting", Integer, nullable=False),
)
"""How each team stands. Its row is held by whoever chooses one of it, so that one choice follows the other."""

REPS = Table(
    "reps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("open_leads", Integer, nullable=False),
)
"""How many leads of each rep are open."""

MERGES = Table(
    "merges",
    metadata,
    Column("merged_id", String(64), primary_key=True),
    Column("kept_id", String(64), nullable=False, index=True),
)
"""Contacts and accounts that are others since, each with the one it is directly."""
