"""What can go wrong with a service's data, and whether asking again helps.

AtollError
├── CallInTransaction     a handler has called or waited for something while its transaction was open
├── TransactionTooLong    a transaction took longer than it may
├── TransactionEnded      a transaction was used after its end
├── SecondTransaction     work that is done once wanted a transaction more
├── OutcomeUnknown        nobody can say whether the commit took place
├── DatabaseBusy          others hold what the transaction needs
├── DatabaseUnavailable   the database cannot be reached, or has failed
├── DiskFull              the disk takes no more
├── NotPublished          an event cannot be published: it is not declared, too big, or the log is full
└── StatementRefused      a statement that cannot be run, or parameters that do not fit
"""

from atoll.kernel import AtollError


class CallInTransaction(AtollError):
    """A handler has called another service, slept or waited for something while its transaction was open."""

    code = "call_in_transaction"

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return (
            f"{self.what} while a transaction was open, which holds up everybody else who writes; the transaction was "
            "rolled back: fetch before its first statement, or after its end"
        )


class TransactionTooLong(AtollError):
    """A transaction took longer than it may, and was rolled back."""

    code = "transaction_too_long"

    def __init__(self, timeout_s: float) -> None:
        super().__init__(timeout_s)
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return (
            f"the transaction took longer than {self.timeout_s:g} s and was rolled back: do less in one transaction, "
            "add an index, or give it a longer `timeout_s`"
        )


class TransactionEnded(AtollError):
    """A transaction was used after its end, or after it had failed."""

    code = "transaction_ended"

    def __str__(self) -> str:
        return "the transaction has ended: use it inside its `async with` block, and not after an error in it"


class SecondTransaction(AtollError):
    """Work that is done once, and recorded with its transaction, wanted one more."""

    code = "second_transaction"

    def __str__(self) -> str:
        return (
            "a delivery, and a call with an idempotency key, have one transaction, which records that they were done: "
            "write everything in it (a handler of an event is given it as `tx`)"
        )


class OutcomeUnknown(AtollError):
    """Nobody can say whether the commit took place: the database went away, or the disk failed, in the middle of it."""

    code = "outcome_unknown"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"whether the transaction was committed is not known ({self.reason}): look, or send the call again under "
            "the same idempotency key"
        )


class DatabaseBusy(AtollError):
    """Others hold what the transaction needs; it was rolled back, and may be run again."""

    code = "database_busy"
    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the database is busy: {self.reason}; run the transaction again"


class DatabaseUnavailable(AtollError):
    """The database cannot be reached, or has failed; nothing of the transaction took place."""

    code = "database_unavailable"
    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the database is not available: {self.reason}"


class DiskFull(AtollError):
    """The disk takes no more; nothing of the transaction took place."""

    code = "disk_full"
    retryable = True

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        return f"the disk under {self.place} is full; nothing was written: make room, and it goes on by itself"


class NotPublished(AtollError):
    """An event cannot be published; its transaction was not committed."""

    code = "not_published"

    def __init__(self, event: str, reason: str) -> None:
        super().__init__(event, reason)
        self.event, self.reason = event, reason

    def __str__(self) -> str:
        return f"the event `{self.event}` cannot be published: {self.reason}"


class StatementRefused(AtollError):
    """A statement that cannot be run, or parameters that do not fit it."""

    code = "statement_refused"

    def __init__(self, statement: str, reason: str) -> None:
        super().__init__(statement, reason)
        self.statement, self.reason = statement, reason

    def __str__(self) -> str:
        return f"the statement cannot be run: {self.reason}\n  {self.statement}"
