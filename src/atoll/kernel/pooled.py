"""Who keeps connections open, for others to use again."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable


class Connections(NamedTuple):
    """Connections to one place: how many are open, and how many pieces of work wait for one."""

    to: str
    open: int
    waiting: int


@runtime_checkable
class Pooled(Protocol):
    """Has pools, and says how they fare."""

    def pools(self) -> Iterator[Connections]:
        """Each of them, as it is now."""
        ...
