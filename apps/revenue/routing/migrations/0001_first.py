"""Whose each lead is, what was done with it, how teams and reps stand, who was merged, and the rules."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rules",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "assignments",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("lead_id", sa.String(36), nullable=False, unique=True),
        sa.Column("lead_revision", sa.Integer(), nullable=False),
        sa.Column("scored", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text()),
        sa.Column("account_id", sa.Text()),
        sa.Column("account_said", sa.Text()),
        sa.Column("grade", sa.String(10), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("is_rep", sa.Boolean(), nullable=False),
        sa.Column("team", sa.Text()),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("matched", sa.Text()),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("routed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("shares", sa.Text(), nullable=False),
        sa.Column("passed", sa.Text(), nullable=False),
        sa.Column("waits_in", sa.Text()),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("status_reason", sa.Text()),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(20)),
        sa.Column("respond_by", sa.DateTime(timezone=True)),
        sa.Column("escalate_at", sa.DateTime(timezone=True)),
        sa.Column("reassign_at", sa.DateTime(timezone=True)),
        sa.Column("stopped_at", sa.DateTime(timezone=True)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_assignments_contact_id", "assignments", ["contact_id", "number"])
    op.create_index("ix_assignments_account_id", "assignments", ["account_id", "number"])
    op.create_index("ix_assignments_account_said", "assignments", ["account_said"])
    op.create_index("ix_assignments_owner", "assignments", ["owner", "number"])
    op.create_index("ix_assignments_status", "assignments", ["status", "number"])
    op.create_index("ix_assignments_waits_in", "assignments", ["waits_in", "number"])
    op.create_table(
        "changes",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("lead_id", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("became", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_lead_id", "changes", ["lead_id"])
    op.create_table(
        "teams",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("standings", sa.Text(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
    )
    op.create_table(
        "reps",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("open_leads", sa.Integer(), nullable=False),
    )
    op.create_table(
        "merges",
        sa.Column("merged_id", sa.String(64), primary_key=True),
        sa.Column("kept_id", sa.String(64), nullable=False),
    )
    op.create_index("ix_merges_kept_id", "merges", ["kept_id"])


def downgrade() -> None:
    """Drop them, with all assignments."""
    for table in ("merges", "reps", "teams", "changes", "assignments", "rules"):
        op.drop_table(table)
