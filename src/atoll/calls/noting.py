"""What a handler's own calls have met: for the record of the call that it answers, and for whoever asked."""

from contextvars import ContextVar

NOTES_MAX = 16
"""So many of each are kept; a handler may make thousands of calls."""


class Notes:
    """Notes about the calls that one handler makes. Owned by the dispatcher of the call that it answers.

    One is made for each call, and mostly nothing is noted: what is not set is the class's own.
    """

    attempt: int = 1
    begun_at: float = 0.0
    """When its call has begun, on the recorder's clock."""
    degraded: tuple[str, ...] = ()
    met: tuple[str, ...] = ()

    @classmethod
    def of(cls, attempt: int) -> "Notes":
        """The notes of a call that is not the first attempt."""
        notes = cls()
        notes.attempt = attempt
        return notes

    def add_degraded(self, operations: tuple[str, ...]) -> None:
        """Fallbacks have answered for these operations."""
        self.degraded = tuple(dict.fromkeys(self.degraded + operations))[:NOTES_MAX]

    def add_met(self, said: str) -> None:
        """A call went another way than usual."""
        self.met = tuple(dict.fromkeys((*self.met, said)))[:NOTES_MAX]


noted: ContextVar[Notes | None] = ContextVar("atoll_notes", default=None)
"""The notes of the handler in progress; None where none is."""
