"""A service's own database: transactions, and the rules that they follow."""

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
from atoll.data.ports import Dialect, Driver, Parameters, Raw, Session, Statement
from atoll.data.rows import NO_ROWS, Row, Rows, row_class

__all__ = [
    "NO_ROWS",
    "CallInTransaction",
    "DatabaseBusy",
    "DatabaseUnavailable",
    "Dialect",
    "DiskFull",
    "Driver",
    "NotPublished",
    "OutcomeUnknown",
    "Parameters",
    "Raw",
    "Row",
    "Rows",
    "SecondTransaction",
    "Session",
    "Statement",
    "StatementRefused",
    "TransactionEnded",
    "TransactionTooLong",
    "row_class",
]
