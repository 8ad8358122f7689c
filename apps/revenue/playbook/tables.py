"""The Playbook's table: every version that was published, as it was."""

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text

metadata = MetaData()

PLAYBOOKS = Table(
    "playbooks",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("restores", Integer),
    Column("playbook", Text, nullable=False),
)
"""`playbook` is JSON."""
