"""Every version of the playbook."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "playbooks",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("restores", sa.Integer()),
        sa.Column("playbook", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Drop it, with all versions."""
    op.drop_table("playbooks")
