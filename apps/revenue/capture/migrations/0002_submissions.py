"""What came in as it was sent, what was turned away, the team's rules, and where visitors came from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables, and the two columns."""
    with op.batch_alter_table("leads") as leads:
        leads.add_column(sa.Column("referrer", sa.Text()))
        leads.add_column(sa.Column("consent_at", sa.DateTime(timezone=True)))
    op.create_table(
        "submissions",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.Column("message_key", sa.String(64), unique=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("fate", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("explanation", sa.Text()),
        sa.Column("lead_id", sa.String(36)),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger()),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sqlite_autoincrement=True,
    )
    rejected, kept = sa.text("fate = 'rejected'"), sa.text("is_kept")
    op.create_index(
        "ix_submissions_rejected", "submissions", ["number"], sqlite_where=rejected, postgresql_where=rejected
    )
    op.create_index("ix_submissions_kept", "submissions", ["received_at"], sqlite_where=kept, postgresql_where=kept)
    op.create_table(
        "refusals",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rules",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("rules")
    op.drop_table("refusals")
    op.drop_table("submissions")
    with op.batch_alter_table("leads") as leads:
        leads.drop_column("consent_at")
        leads.drop_column("referrer")
