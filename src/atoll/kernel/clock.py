"""Time as a port: nobody reads the machine's clock directly, so that a simulation can own time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is.

    Promises: `now()` is aware and in UTC; `monotonic()` never goes back and has the event loop's scale, so that it
    can be compared with a deadline. Neither sleeps: waiting is `asyncio.sleep`, on the loop's own time.
    """

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment, never going back."""
        ...
