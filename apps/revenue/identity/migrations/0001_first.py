"""Contacts, accounts, what they are recognised by, what leads said, and what was decided."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "contacts",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("root_id", sa.String(36), nullable=False, index=True),
        sa.Column("merged_into", sa.String(36)),
        sa.Column("mailbox", sa.Text()),
        sa.Column("account_id", sa.String(36)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contact_keys",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("contact_id", sa.String(36), nullable=False, index=True),
    )
    op.create_table(
        "leads",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("lead_id", sa.String(36), nullable=False, unique=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.String(36), nullable=False, index=True),
        sa.Column("account_id", sa.String(36), index=True),
        sa.Column("band", sa.String(10), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "blocks",
        sa.Column("block", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("lead_number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "accounts",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("root_id", sa.String(36), nullable=False, index=True),
        sa.Column("merged_into", sa.String(36)),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("core", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text()),
        sa.Column("country", sa.Text()),
        sa.Column("industry", sa.Text()),
        sa.Column("number_of_employees", sa.Integer()),
        sa.Column("parent_id", sa.String(36)),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "account_keys",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("account_id", sa.String(36), nullable=False, index=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.create_table(
        "account_blocks",
        sa.Column("block", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("account_id", sa.String(36), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duplicates",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("one_id", sa.String(36), nullable=False, index=True),
        sa.Column("other_id", sa.String(36), nullable=False, index=True),
        sa.Column("state", sa.String(10), nullable=False, index=True),
        sa.Column("bits", sa.Float(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("one_id", "other_id", name="duplicates_pair"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "merges",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("kept_id", sa.String(36), nullable=False, index=True),
        sa.Column("merged_id", sa.String(36), nullable=False, index=True),
        sa.Column("is_undone", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop them, with all that is known of who is who."""
    op.drop_table("merges")
    op.drop_table("duplicates")
    op.drop_table("account_blocks")
    op.drop_table("account_keys")
    op.drop_table("accounts")
    op.drop_table("blocks")
    op.drop_table("leads")
    op.drop_table("contact_keys")
    op.drop_table("contacts")
