"""Fit and engagement, what a lead can be scored again from, the team's rules, examples and learnt models."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INDEXES = ("falls_at", "rules_version", "model_version")


def upgrade() -> None:
    """Add them. What was scored before counts as fit, as it was, until the lead is heard of again."""
    with op.batch_alter_table("scores") as table:
        table.add_column(sa.Column("fit", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("cell", sa.String(2), nullable=False, server_default=""))
        table.add_column(sa.Column("engaged", sa.Text(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("touches", sa.Text(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("kept", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("rules_version", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("model_version", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("probability", sa.Double(), nullable=True))
        table.add_column(sa.Column("falls_at", sa.DateTime(timezone=True), nullable=True))
        table.alter_column(
            "reasons",
            existing_type=sa.JSON(),
            type_=sa.Text(),
            existing_nullable=False,
            postgresql_using="reasons::text",
        )
    op.execute("UPDATE scores SET fit = points")
    for name in INDEXES:
        op.create_index(f"scores_{name}", "scores", [name])
    op.create_table(
        "rules",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "examples",
        sa.Column("table_name", sa.String(100), primary_key=True),
        sa.Column("piece", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "models",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("artefact", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.UniqueConstraint("digest", name="models_digest"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "promotions",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("below", sa.Integer(), nullable=True),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("cursor", sa.Text(), nullable=True),
    )


def downgrade() -> None:
    """Take them away, with all that was kept in them."""
    for name in ("cursors", "promotions", "models", "examples", "rules"):
        op.drop_table(name)
    for name in INDEXES:
        op.drop_index(f"scores_{name}", "scores")
    with op.batch_alter_table("scores") as table:
        table.alter_column(
            "reasons",
            existing_type=sa.Text(),
            type_=sa.JSON(),
            existing_nullable=False,
            postgresql_using="reasons::json",
        )
        for column in (
            "falls_at", "probability", "model_version", "rules_version", "kept", "touches", "engaged", "cell", "fit",
        ):  # fmt: skip
            table.drop_column(column)
