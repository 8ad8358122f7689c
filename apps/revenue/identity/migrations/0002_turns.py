"""Rows that whoever merges, or resolves people without a mailbox, holds until that is committed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "turns",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop it: nothing is in it that lasts."""
    op.drop_table("turns")
