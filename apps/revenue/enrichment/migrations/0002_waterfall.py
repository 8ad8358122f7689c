"""Providers that are asked, what that costs, values set by hand, and the rules of all that.

Facts become text that is written as it is: for the database they were never more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns that rows of before leave empty, and make the new tables."""
    with op.batch_alter_table("profiles") as profiles:
        profiles.alter_column(
            "facts", existing_type=sa.JSON(), type_=sa.Text(), existing_nullable=False, postgresql_using="facts::text"
        )
        for name in ("lead", "resolution", "notes", "pins"):
            profiles.add_column(sa.Column(name, sa.Text()))
    op.create_index("ix_profiles_enriched_at", "profiles", ["enriched_at"])
    op.create_table(
        "questions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("lead_id", sa.String(36), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("number", BIG, primary_key=True, autoincrement=True),
        sa.Column("lead_id", sa.String(36), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("field", sa.String(30), nullable=False),
        sa.Column("segment", sa.String(40), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("price_micros", sa.BigInteger(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attempts_lead_id", "attempts", ["lead_id"])
    op.create_index("ix_attempts_provider", "attempts", ["provider", "number"])
    op.create_index("ix_attempts_state", "attempts", ["state", "asked_at"])
    op.create_table(
        "spending",
        sa.Column("scope", sa.String(10), primary_key=True),
        sa.Column("key", sa.String(50), primary_key=True),
        sa.Column("spent_micros", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "companies",
        sa.Column("key", sa.String(300), primary_key=True),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "rules",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop all of it, with what was spent."""
    for name in ("rules", "companies", "spending", "attempts", "questions"):
        op.drop_table(name)
    op.drop_index("ix_profiles_enriched_at", "profiles")
    with op.batch_alter_table("profiles") as profiles:
        for name in ("lead", "resolution", "notes", "pins"):
            profiles.drop_column(name)
        profiles.alter_column(
            "facts", existing_type=sa.Text(), type_=sa.JSON(), existing_nullable=False, postgresql_using="facts::json"
        )
