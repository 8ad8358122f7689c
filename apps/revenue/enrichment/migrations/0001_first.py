"""What was found out about each lead."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "profiles",
        sa.Column("lead_id", sa.String(36), primary_key=True),
        sa.Column("lead_revision", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("enriched_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop it, with all profiles."""
    op.drop_table("profiles")
