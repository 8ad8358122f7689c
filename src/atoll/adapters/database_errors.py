"""What a database's own errors mean to whoever runs a transaction: one table, for all databases.

| what has happened                                          | what is raised                  | again? |
|------------------------------------------------------------|---------------------------------|--------|
| a key, a reference or a check would be broken              | `sqlalchemy.exc.IntegrityError` | no     |
| a value does not fit its column, a division by zero        | `sqlalchemy.exc.DataError`      | no     |
| anything else that the database refuses (a trigger, say)   | `sqlalchemy.exc.DatabaseError`  | no     |
| the statement cannot be run, or a parameter does not fit   | `StatementRefused`              | no     |
| the time of the transaction, or of the read, is over       | `TransactionTooLong`            | no     |
| locks, deadlocks, conflicts, too many connections          | `DatabaseBusy`                  | yes    |
| the server is not there, stops, or loses the connection    | `DatabaseUnavailable`           | yes    |
| the disk takes no more                                     | `DiskFull`                      | yes    |
| the connection was lost between COMMIT and its answer      | `OutcomeUnknown`                | look   |

Whatever is raised, nothing of the transaction took place, `OutcomeUnknown` apart. SQLAlchemy's errors carry the
driver's own as `orig`. They show neither parameters nor what the server says about rows (PostgreSQL's DETAIL): both are
data of people, and messages end in logs.
"""

from typing import TypeVar

from sqlalchemy.exc import DatabaseError

E = TypeVar("E", bound=DatabaseError)


def refused_by_database(kind: type[E], statement: str, original: Exception, message: str | None = None) -> E:
    """SQLAlchemy's error of this kind, as services know it: `orig` is the driver's own, `message` what is shown of it.

    >>> from sqlalchemy.exc import IntegrityError
    >>> refused_by_database(IntegrityError, "INSERT ...", ValueError("UNIQUE constraint failed: t.id"))
    IntegrityError('(builtins.ValueError) UNIQUE constraint failed: t.id')
    """
    error = kind(statement, None, original, hide_parameters=True)
    origin = type(original)
    error.args = (f"({origin.__module__}.{origin.__qualname__}) {message or original}",)
    return error
