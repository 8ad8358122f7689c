"""Records of leads, what CRMs were told, exports and their rows, refusals, and the rules."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "records",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("lead_id", sa.String(36), nullable=False, unique=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lead_revision", sa.Integer(), nullable=False),
        sa.Column("lead", sa.Text()),
        sa.Column("scored_revision", sa.Integer(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True)),
        sa.Column("scored", sa.Text()),
        sa.Column("contact_id", sa.String(36)),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index("records_whole", "records", ["round", "lead_revision"])
    op.create_table(
        "contacts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kept_id", sa.String(36)),
        sa.Column("place", sa.Text(), nullable=False),
    )
    op.create_table(
        "told",
        sa.Column("target", sa.String(20), primary_key=True),
        sa.Column("lead_id", sa.String(36), primary_key=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("key_column", sa.Text(), nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules_digest", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
    )
    op.create_index("told_key", "told", ["target", "key"])
    op.create_table(
        "targets",
        sa.Column("target", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("confirmations", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
    )
    op.create_table(
        "exports",
        sa.Column("target", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("is_all", sa.Boolean(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True)),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("confirmations", sa.Integer(), nullable=False),
        sa.Column("is_overruled", sa.Boolean(), nullable=False),
        sa.Column("has_rows", sa.Boolean(), nullable=False),
        sa.Column("key_column", sa.Text(), nullable=False),
        sa.Column("record_id_column", sa.Text(), nullable=False),
        sa.Column("clear", sa.Text()),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("withheld", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
    )
    op.create_table(
        "export_rows",
        sa.Column("target", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("lead_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("by_record_id", sa.Boolean(), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules_digest", sa.String(16), nullable=False),
    )
    op.create_index("export_rows_key", "export_rows", ["target", "number", "key"])
    op.create_table(
        "refusals",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("target", sa.String(20), nullable=False),
        sa.Column("lead_id", sa.String(36), nullable=False),
        sa.Column("export", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("refusals_lead", "refusals", ["target", "lead_id"], unique=True)
    op.create_table(
        "rules",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop them, with all that is known of what CRMs were told."""
    for name in ("rules", "refusals", "export_rows", "exports", "targets", "told", "contacts", "records"):
        op.drop_table(name)
