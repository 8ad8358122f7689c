"""Scoring's table: the latest score of each lead."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, Integer, MetaData, String, Table

metadata = MetaData()

SCORES = Table(
    "scores",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("lead_id", String(36), nullable=False, unique=True),
    Column("lead_revision", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("grade", String(10), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("is_provisional", Boolean, nullable=False),
    Column("scored_at", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
"""`number` is the order in which leads were scored first, and where a page begins."""
