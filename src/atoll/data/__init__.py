"""A service's own database: transactions, and the rules that they follow."""

from atoll.data.database import TIMEOUT_S, Database, Prepared, Preparing
from atoll.data.errors import (
    CallInTransaction,
    DatabaseBusy,
    DatabaseUnavailable,
    DiskFull,
    NotPublished,
    OutcomeUnknown,
    SecondTransaction,
    StatementRefused,
    TransactionEnded,
    TransactionTooLong,
)
from atoll.data.migration_errors import (
    DatabaseAhead,
    MigrationFailed,
    SeveralHeads,
    TablesDiffer,
    UnknownRevision,
)
from atoll.data.once import Keeper, Kept, Once, once
from atoll.data.ports import Announcing, Dialect, Driver, Parameters, Raw, Session, Statement
from atoll.data.rows import NO_ROWS, Row, Rows, row_class
from atoll.data.transaction import Publisher, Transaction
from atoll.data.upserts import upsert

__all__ = [
    "NO_ROWS",
    "TIMEOUT_S",
    "Announcing",
    "CallInTransaction",
    "Database",
    "DatabaseAhead",
    "DatabaseBusy",
    "DatabaseUnavailable",
    "Dialect",
    "DiskFull",
    "Driver",
    "Keeper",
    "Kept",
    "MigrationFailed",
    "NotPublished",
    "Once",
    "OutcomeUnknown",
    "Parameters",
    "Prepared",
    "Preparing",
    "Publisher",
    "Raw",
    "Row",
    "Rows",
    "SecondTransaction",
    "Session",
    "SeveralHeads",
    "Statement",
    "StatementRefused",
    "TablesDiffer",
    "Transaction",
    "TransactionEnded",
    "TransactionTooLong",
    "UnknownRevision",
    "once",
    "row_class",
    "upsert",
]
