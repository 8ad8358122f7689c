"""Leads, what they are recognised by, and the rows of files that were taken."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "leads",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("salutation", sa.Text()),
        sa.Column("first_name", sa.Text()),
        sa.Column("last_name", sa.Text()),
        sa.Column("title", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("mobile_phone", sa.Text()),
        sa.Column("company", sa.Text()),
        sa.Column("website", sa.Text()),
        sa.Column("industry", sa.Text()),
        sa.Column("number_of_employees", sa.Integer()),
        sa.Column("street", sa.Text()),
        sa.Column("city", sa.Text()),
        sa.Column("state", sa.Text()),
        sa.Column("postal_code", sa.Text()),
        sa.Column("country", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("lead_source", sa.Text()),
        sa.Column("campaign", sa.Text()),
        sa.Column("utm_source", sa.Text()),
        sa.Column("utm_medium", sa.Text()),
        sa.Column("utm_campaign", sa.Text()),
        sa.Column("utm_term", sa.Text()),
        sa.Column("utm_content", sa.Text()),
        sa.Column("landing_page", sa.Text()),
        sa.Column("consent", sa.Text()),
        sa.Column("external_id", sa.Text()),
        sa.Column("external_source", sa.Text()),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lead_keys",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("lead_id", sa.String(36), sa.ForeignKey("leads.id"), nullable=False),
        sa.Column("record", sa.String(64), index=True),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_key", sa.String(64), primary_key=True),
        sa.Column("line", sa.BigInteger(), primary_key=True, autoincrement=False),
    )


def downgrade() -> None:
    """Drop them, with all leads."""
    op.drop_table("import_rows")
    op.drop_table("lead_keys")
    op.drop_table("leads")
