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
from atoll.data.once import Keeper, Kept, Once, once
from atoll.data.ports import Dialect, Driver, Parameters, Raw, Session, Statement
from atoll.data.rows import NO_ROWS, Row, Rows, row_class
from atoll.data.transaction import Publisher, Transaction

__all__ = [
    "NO_ROWS",
    "TIMEOUT_S",
    "CallInTransaction",
    "Database",
    "DatabaseBusy",
    "DatabaseUnavailable",
    "Dialect",
    "DiskFull",
    "Driver",
    "Keeper",
    "Kept",
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
    "Statement",
    "StatementRefused",
    "Transaction",
    "TransactionEnded",
    "TransactionTooLong",
    "once",
    "row_class",
]
