"""Scoring's tables: the latest score of each lead with what it was made of, rules, examples, models."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from revenue.ruling import rules_table

metadata = MetaData()

SCORES = Table(
    "scores",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("lead_id", String(36), nullable=False, unique=True),
    Column("lead_revision", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("grade", String(10), nullable=False),
    Column("reasons", Text, nullable=False),
    Column("is_provisional", Boolean, nullable=False),
    Column("scored_at", DateTime(timezone=True), nullable=False),
    Column("fit", Integer, nullable=False, server_default="0"),
    Column("cell", String(2), nullable=False, server_default=""),
    Column("engaged", Text, nullable=False, server_default="[]"),
    Column("touches", Text, nullable=False, server_default="[]"),
    Column("kept", Text, nullable=False, server_default=""),
    Column("rules_version", Integer, nullable=False, server_default="0"),
    Column("model_version", Integer, nullable=False, server_default="0"),
    Column("probability", Double, nullable=True),
    Column("falls_at", DateTime(timezone=True), nullable=True),
    Index("scores_falls_at", "falls_at"),
    Index("scores_rules_version", "rules_version"),
    Index("scores_model_version", "model_version"),
    sqlite_autoincrement=True,
)
"""`number` is the order in which leads were scored first, and where a page begins.

`reasons` are those of fit, `engaged` those of engagement with their exact points at `scored_at`, from which any later
moment follows; `points`, `grade` and `cell` are those that were published last. `kept` is what the lead can be scored
again from: empty for one that was scored before that was kept.
"""

RULES_TABLE = rules_table(metadata)

EXAMPLES = Table(
    "examples",
    metadata,
    Column("table_name", String(100), primary_key=True),
    Column("piece", Integer, primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    Column("columns", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", String(64), nullable=False),
)
"""Tables of examples in pieces; `columns` and `content` (a list of rows) are JSON."""

MODELS = Table(
    "models",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False),
    Column("artefact", Text, nullable=False),
    Column("report", Text, nullable=False),
    UniqueConstraint("digest", name="models_digest"),
    sqlite_autoincrement=True,
)
"""Versions of models, as JSON. `digest` is that of the training and its examples."""

PROMOTIONS = Table(
    "promotions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("version", Integer, nullable=True),
    Column("below", Integer, nullable=True),
    Column("promoted_at", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
"""What was promoted and taken back: the last row holds, `below` is the row that a rollback leads to."""

CURSORS = Table(
    "cursors",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("cursor", Text, nullable=True),
)
"""How far Scoring has come in other services' lists."""
