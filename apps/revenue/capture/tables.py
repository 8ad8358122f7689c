"""Capture's tables: leads, what they are recognised by, and the rows of files that were taken."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

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
    Column("consent", Text),
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
