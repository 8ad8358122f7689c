"""The tables of the CRM's beside: what each lead is, what each CRM was told of it, and exports with their rows."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, String, Table, Text

from revenue.ruling import rules_table

metadata = MetaData()

RECORDS = Table(
    "records",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("lead_id", String(36), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("lead_revision", Integer, nullable=False),
    Column("lead", Text),
    Column("scored_revision", Integer, nullable=False),
    Column("scored_at", DateTime(timezone=True)),
    Column("scored", Text),
    Column("contact_id", String(36)),
    Column("round", Integer, nullable=False),
    Column("assignment", Text),
    Index("records_whole", "round", "lead_revision"),
    sqlite_autoincrement=True,
)
"""A lead, as JSON in three parts, each from the event that is newest of its kind; a part that is not there yet has the
revision 0, or the round 0. `version` counts changes of any. `contact_id` is whose it is since its
contact was parted from another one, where that is not what `scored` says."""

CONTACTS = Table(
    "contacts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kept_id", String(36)),
    Column("place", Text, nullable=False),
)
"""Contacts that were merged, and which one is kept in their place; `place` is JSON, from which that follows."""

TOLD = Table(
    "told",
    metadata,
    Column("target", String(20), primary_key=True),
    Column("lead_id", String(36), primary_key=True),
    Column("key", Text, nullable=False),
    Column("key_column", Text, nullable=False),
    Column("is_ours", Boolean, nullable=False),
    Column("cells", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rules_digest", String(16), nullable=False),
    Column("number", Integer, nullable=False),
    Index("told_key", "target", "key"),
)
"""What a CRM says of a lead as far as it was told: `cells` is JSON, by its own names. `version` is the record's that
this was compared with last, `rules_digest` says by which rules, `number` is the export that told it last. `is_ours`:
Revenue has brought it in there."""

TARGETS = Table(
    "targets",
    metadata,
    Column("target", String(20), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("confirmations", Integer, nullable=False),
    Column("confirmed", Integer, nullable=False),
)
"""The number of the latest export, how many were confirmed, and which one was last. Whoever begins or confirms one
holds this row."""

EXPORTS = Table(
    "exports",
    metadata,
    Column("target", String(20), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(20), nullable=False),
    Column("is_all", Boolean, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("ready_at", DateTime(timezone=True)),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("after", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("confirmations", Integer, nullable=False),
    Column("is_overruled", Boolean, nullable=False),
    Column("has_rows", Boolean, nullable=False),
    Column("key_column", Text, nullable=False),
    Column("record_id_column", Text, nullable=False),
    Column("clear", Text),
    Column("columns", JSON, nullable=False),
    Column("left_out", JSON, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("cells", Integer, nullable=False),
    Column("withheld", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)
"""`after` is how far it was built, or confirmed, by the numbers of records; `confirmations` how many there were when it
began."""

EXPORT_ROWS = Table(
    "export_rows",
    metadata,
    Column("target", String(20), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_id", String(36), nullable=False),
    Column("state", String(10), nullable=False),
    Column("key", Text, nullable=False),
    Column("by_record_id", Boolean, nullable=False),
    Column("is_new", Boolean, nullable=False),
    Column("cells", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("left_out", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rules_digest", String(16), nullable=False),
    Index("export_rows_key", "target", "number", "key"),
)
"""What an export says of a lead; `position` is the record's number. `before` is what the CRM said in these cells."""

REFUSALS = Table(
    "refusals",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("target", String(20), nullable=False),
    Column("lead_id", String(36), nullable=False),
    Column("export", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("refused_at", DateTime(timezone=True), nullable=False),
    Index("refusals_lead", "target", "lead_id", unique=True),
    sqlite_autoincrement=True,
)
"""What a CRM has refused, and was not told since."""

RULES = rules_table(metadata)
