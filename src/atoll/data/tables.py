"""The platform's own tables in each service's database: what is known of it, and answers that are given once.

Tenant and data subject are columns of every table that holds data of somebody.
"""

from sqlalchemy import BigInteger, Column, Double, Integer, LargeBinary, MetaData, String, Table

PLATFORM = MetaData()
"""All tables of the platform; their names begin with `atoll_`."""

META = Table(
    "atoll_meta",
    PLATFORM,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""What is known of the database itself: its incarnation, the version of these tables, digests of migrations."""

REQUESTS = Table(
    "atoll_requests",
    PLATFORM,
    Column("tenant", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("subject", String, index=True),
    Column("kept_at", Double, nullable=False, index=True),
)
"""Answers to calls with an idempotency key. `kept_at` is in seconds since 1970."""

Position = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts by itself only what is called INTEGER."""
