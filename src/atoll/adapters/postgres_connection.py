"""One connection to PostgreSQL: checked when it is opened, with statements that stay prepared, and a BEGIN for nothing.

**BEGIN costs no round trip.** It is a prepared statement, and is sent without a Sync in front of the first statement of
a transaction: the server answers both at once, and skips the statement where BEGIN fails, so that it never runs outside
of a transaction. asyncpg reads the answers of BEGIN as part of the statement's. That it does is tried out when a
connection is opened; where it does not, BEGIN is sent by itself.

A connection reads only, unless its transaction says otherwise: so `read` needs no transaction of its own.
"""

import asyncio
import json
import logging
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from asyncpg.prepared_stmt import PreparedStatement

from atoll.adapters.postgres import quoted
from atoll.adapters.postgres_errors import ERRORS, open_error
from atoll.data import DatabaseUnavailable, Raw, StatementRefused
from atoll.data.places import shown
from atoll.kernel import Mistake, Mistakes

_log = logging.getLogger("atoll.postgres")

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
BEGIN_NAME = "atoll_begin"
STATEMENTS_MAX = 256
"""How many statements stay prepared on a connection."""

IDLE_IN_TRANSACTION_S = 60
"""When the server gives up a transaction whose process is stuck: this side does so much earlier by itself."""

KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
"""A connection whose server has vanished is noticed after a minute, also while nobody uses it."""

SETTINGS_OF_SERVER = """
SELECT current_setting('fsync') AS fsync,
       coalesce(has_schema_privilege(to_regnamespace(quote_ident($1))::oid, 'USAGE'), false) AS has_schema,
       set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                                        ELSE current_setting('synchronous_commit') END, false) AS synchronous_commit
"""

WORDS_REFUSED = {
    **dict.fromkeys(
        "ABORT BEGIN COMMIT END RELEASE ROLLBACK SAVEPOINT START".split(),
        "a transaction begins with its first statement, and ends with its block",
    ),
    **dict.fromkeys(
        "DEALLOCATE DISCARD LISTEN PREPARE RESET UNLISTEN".split(),
        "it would hold for whoever has the connection next",
    ),
    "COPY": "the driver takes no rows in this way: run an insert for many",
}
"""Statements, by their first word, that are not for a connection that others have next."""

LOOK_AFTER_CLIENT = "SET client_connection_check_interval = '2s'"
"""A statement that waits ends when its client has gone. Not every system can tell the server so."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where a service's schema is, and how long opening a connection to it may take."""

    url: str = field(repr=False)
    schema: str
    connect_s: float = 5.0

    def __str__(self) -> str:
        return f"{shown(self.url)}, schema {self.schema}"


Kept: TypeAlias = PreparedStatement


class Connection(asyncpg.Connection):
    """A connection with its prepared statements. Used by one task at a time."""

    __slots__ = ("_begin", "_count", "_kept", "_wire", "idle_at", "is_pipelining", "is_reused")

    def __init__(
        self,
        protocol: Any,  # Any: types of asyncpg's own
        transport: Any,  # Any: as above
        loop: asyncio.AbstractEventLoop,
        addr: Any,  # Any: as above
        config: Any,  # Any: as above
        params: Any,  # Any: as above
    ) -> None:
        super().__init__(protocol, transport, loop, addr, config, params)
        self._wire: asyncio.WriteTransport = transport
        self._kept: dict[str, Kept] = {}
        self._count = 0
        self._begin: Kept | None = None
        self.is_pipelining = False
        self.is_reused = False
        self.idle_at = 0.0
        _keep_alive(transport.get_extra_info("socket"))

    def kept(self, text: str) -> Kept | None:
        """The statement, where it is prepared."""
        return self._kept.get(text)

    async def prepared(self, text: str, timeout_s: float) -> Kept:
        """The statement, prepared. Where it was not, the server is now in the midst of something until the next one.

        Raises:
            StatementRefused: it is one of those that change what the connection is to the next transaction.
        """
        kept = self._kept.get(text)
        if kept is None:
            _refuse_words(text)
            if len(self._kept) >= STATEMENTS_MAX:
                del self._kept[next(iter(self._kept))]
            self._count += 1
            kept = await self.prepare(text, name=f"atoll_{self._count}", timeout=timeout_s)
            self._kept[text] = kept
        return kept

    async def prepare_begin(self) -> None:
        """Make ready to begin with a statement."""
        self._begin = await self.prepare(BEGIN, name=BEGIN_NAME)  # the server forgets what nobody holds

    def begin_with_next(self) -> None:
        """Begin a transaction with the statement that follows at once, which is prepared."""
        self._wire.write(BEGIN_MESSAGES)

    def forget(self) -> None:
        """Prepare all statements again: what they were prepared for was changed."""
        self._kept.clear()


def _refuse_words(text: str) -> None:
    words = text.split(maxsplit=2)[:2]
    first = words[0].upper().rstrip(";") if words else ""
    if first in WORDS_REFUSED:
        raise StatementRefused(text, WORDS_REFUSED[first])
    if first == "SET" and words[-1].upper() not in {"LOCAL", "CONSTRAINTS"}:
        raise StatementRefused(text, "it would hold for whoever has the connection next: write SET LOCAL")


def _execute_messages(name: str) -> bytes:
    """Bind and Execute of a prepared statement without parameters (PostgreSQL's protocol, 54.7), and no Sync."""
    portal = b"\0"
    bind = portal + name.encode() + b"\0" + struct.pack("!hhh", 0, 0, 0)
    execute = portal + struct.pack("!i", 0)
    return b"".join(kind + struct.pack("!i", len(body) + 4) + body for kind, body in ((b"B", bind), (b"E", execute)))


BEGIN_MESSAGES = _execute_messages(BEGIN_NAME)


async def opened(address: PostgresAddress) -> Connection:
    """A connection, checked.

    Raises:
        DatabaseUnavailable: the server cannot be reached, or does not let us in.
        DatabaseBusy: it has too many connections.
        Mistakes: what it acknowledges is not durable, the schema is not there, or the URL says nonsense.
    """
    try:
        async with asyncio.timeout(address.connect_s):
            connection = await _connected(address)
            try:
                await _checked(connection, address)
            except BaseException:
                connection.terminate()
                raise
            return connection
    except asyncpg.ClientConfigurationError as error:
        raise Mistakes([Mistake(None, f"{address}: {error}", "mend the URL of the database")]) from None
    except ERRORS as error:
        raise open_error(error, str(address)) from None


async def _connected(address: PostgresAddress) -> Connection:
    connection = await asyncpg.connect(
        address.url,
        connection_class=Connection,
        timeout=address.connect_s,
        # of several hosts the one that writes
        target_session_attrs=None if "target_session_attrs" in address.url else SessionAttribute.primary,
        server_settings={
            "application_name": f"atoll {address.schema}",
            "search_path": quoted(address.schema),
            "default_transaction_read_only": "on",
            "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_S}s",
            "TimeZone": "UTC",
        },
    )
    assert isinstance(connection, Connection)
    return connection


async def _checked(connection: Connection, address: PostgresAddress) -> None:
    for kind in ("json", "jsonb"):  # as statements have it: text goes in, and what it says comes out
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=json.loads)
    await connection.prepare_begin()
    look = await connection.prepare(SETTINGS_OF_SERVER, name="atoll_settings")
    try:
        await connection.execute(LOOK_AFTER_CLIENT)  # which also ends what preparing has begun
    except asyncpg.PostgresError:
        _log.debug("%s cannot look after its clients", address)
    connection.begin_with_next()
    (found,) = await look.fetch(address.schema)
    connection.is_pipelining = connection.is_in_transaction()
    await connection.execute("COMMIT")
    _refuse_settings(found["fsync"], has_schema=found["has_schema"], address=address)


def _refuse_settings(fsync: str, *, has_schema: bool, address: PostgresAddress) -> None:
    mistakes: list[Mistake] = []
    if fsync != "on":
        what = f"the server of {address} runs with fsync={fsync}: what it acknowledges is lost when its power is"
        mistakes.append(Mistake(None, what, "set `fsync = on` in its postgresql.conf, and restart it"))
    if not has_schema:
        what = f"{address}: there is no such schema, or its role may not use it"
        mistakes.append(Mistake(None, what, "provision the service, or run the statements for it by hand"))
    if mistakes:
        raise Mistakes(mistakes)


def changed(status: str | None) -> int:
    """How many rows a statement has changed, as its status says; -1 where it is one that changes none.

    >>> changed("INSERT 0 3"), changed("SELECT 3"), changed(None)
    (3, -1, -1)
    """
    words: Sequence[str] = (status or "").split()
    return int(words[-1]) if words and words[0] in {"INSERT", "UPDATE", "DELETE", "MERGE"} else -1


def as_raw(rows: list[asyncpg.Record]) -> Raw:
    """The rows as the port has them: a record is a sequence in all but its type."""
    return cast("Raw", rows)


def unavailable(address: PostgresAddress) -> DatabaseUnavailable:
    """The error of whoever asks a driver that is closed."""
    return DatabaseUnavailable(f"{address}: it is closed")


def _keep_alive(endpoint: socket.socket | None) -> None:
    if endpoint is None or endpoint.family not in (socket.AF_INET, socket.AF_INET6):
        return
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):  # not every system has them all
            endpoint.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
