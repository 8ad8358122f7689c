"""PostgreSQL as the database of a service; its driver, asyncpg, is loaded by whoever opens one.

Read on in `postgres_driver` (what it does), `postgres_session` (one transaction), `postgres_pool`,
`postgres_connection` (how BEGIN costs nothing), `database_errors` (what is raised when), `postgres_roles` (who may
read what).
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Protocol

from atoll.data import Driver
from atoll.kernel import Mistake, Mistakes


class SharedDriver(Driver, Protocol):
    """A database that several instances share, and that tells them of each other's commits."""

    @property
    def announcement(self) -> str:
        """A statement: the transaction that runs it announces itself when it is committed."""
        ...

    def announce(self) -> None:
        """Tell the other instances that something was committed."""
        ...

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when another instance announces a change; what is answered ends that.

        An announcement may be lost: whoever waits for one looks by himself from time to time.
        """
        ...


async def open_postgres(
    url: str, *, schema: str, connections_max: int = 16, connect_s: float = 5.0, read_s: float = 30.0
) -> SharedDriver:
    """The schema of a service on a server, reached and checked. `url` is that of the service's own role.

    At most `connections_max` connections are open, and one more where changes are announced or listened to. `connect_s`
    is how long opening one may take, `read_s` how long a statement that reads.

    Raises:
        Mistakes: asyncpg is not installed, the schema is not there, or the server would lose what it acknowledges.
        DatabaseUnavailable, DatabaseBusy: the server cannot be reached now.
    """
    require_asyncpg()
    from atoll.adapters.postgres_connection import PostgresAddress, opened  # noqa: PLC0415  # an extra
    from atoll.adapters.postgres_driver import PostgresDriver  # noqa: PLC0415  # an extra
    from atoll.adapters.postgres_pool import Pool, PostgresLimits  # noqa: PLC0415  # an extra

    address = PostgresAddress(url, schema, connect_s)
    first = await opened(address)
    return PostgresDriver(Pool(address, PostgresLimits(connections_max, read_s=read_s), first))


def require_asyncpg() -> None:
    """Refuse to go on without the extra.

    Raises:
        Mistakes: it is not installed.
    """
    if find_spec("asyncpg") is None:
        what = "a database on PostgreSQL needs asyncpg, which is not installed"
        raise Mistakes([Mistake(None, what, 'pip install "atoll[postgres]"')])


def quoted(name: str) -> str:
    """A name as it stands in a statement.

    >>> print(quoted('shop__"stock'))
    "shop__""stock"
    """
    return '"' + name.replace('"', '""') + '"'
