"""Work that holds what others wait for, and must not wait itself: an open transaction, above all."""

from contextvars import ContextVar
from typing import Protocol


class Exclusive(Protocol):
    """Something that is held, by work that goes on without waiting for anything else."""

    def refuse_waiting(self, what: str) -> Exception | None:
        """The error for work that has done `what` meanwhile; None where that is permitted."""
        ...


exclusive: ContextVar[Exclusive | None] = ContextVar("atoll_exclusive", default=None)
"""What the work in progress holds."""


def refuse_waiting(what: str) -> None:
    """Raise when the work in progress may not wait: whoever sends it away to wait says so first."""
    held = exclusive.get()
    if held is not None and (error := held.refuse_waiting(what)) is not None:
        raise error
