"""Enrichment's table: what was found out about each lead."""

from sqlalchemy import JSON, Column, DateTime, Integer, MetaData, String, Table

metadata = MetaData()

PROFILES = Table(
    "profiles",
    metadata,
    Column("lead_id", String(36), primary_key=True),
    Column("lead_revision", Integer, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("enriched_at", DateTime(timezone=True), nullable=False),
)
"""The latest profile of a lead, and of which revision of the lead it is."""
