"""Word of what other instances of a service have committed: LISTEN and NOTIFY, on a connection of their own.

A hint, never the truth: what is announced while a connection is lost is heard of by nobody. Channels are those of the
whole database, and any role may use them; a notification carries nothing, so that it can wake and cannot tell.
"""

import asyncio
import contextvars
import hashlib
import logging
from collections.abc import Callable

import asyncpg

from atoll.adapters.postgres_connection import Connection, PostgresAddress, opened
from atoll.adapters.postgres_errors import ERRORS
from atoll.kernel import AtollError, Tasks

_log = logging.getLogger("atoll.postgres")

CHECK_S = 30.0
"""How often a connection that hears nothing is asked whether it is still there."""

ANSWER_S = 5.0
PAUSE_S = 0.005
"""How long it is silent after an announcement: each is a commit of its own, under a lock of the whole database."""

RETRY_S = 0.1
RETRY_MAX_S = 5.0


class Changes:
    """Hears and tells of changes, once somebody has asked for it. Owns its connection and the task that keeps it."""

    def __init__(self, address: PostgresAddress) -> None:
        self._address = address
        self._channel = "atoll_" + hashlib.sha256(address.schema.encode()).hexdigest()[:32]
        self._callbacks: list[Callable[[], None]] = []
        self._tasks = Tasks("postgres")
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._is_announcing = False
        self._is_closed = False

    @property
    def announcement(self) -> str:
        """The statement that announces a change when its transaction is committed."""
        return f"SELECT pg_notify('{self._channel}', '')"  # the channel is hexadecimal

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call it when another one announces a change, until what is answered is called."""
        self._callbacks.append(callback)
        self._begin()
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    def announce(self) -> None:
        """Tell the others, as soon as the connection is free; several times become one."""
        self._is_announcing = True
        self._woken.set()
        self._begin()

    async def close(self) -> None:
        """Hear and tell nothing more."""
        self._is_closed = True
        await self._tasks.close()

    def _begin(self) -> None:
        if self._task is None and not self._is_closed:
            self._task = self._tasks.spawn(self._keep(), "changes", variables=contextvars.Context())

    async def _keep(self) -> None:
        """Have a connection, and another one when it is lost."""
        wait_s = RETRY_S
        while True:
            try:
                connection = await opened(self._address)
                try:
                    wait_s = RETRY_S
                    await self._serve(connection)
                finally:
                    connection.terminate()
            except (AtollError, *ERRORS) as error:
                _log.info("%s: no word of changes for a moment: %s", self._address, error)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_MAX_S)

    async def _serve(self, connection: Connection) -> None:
        """Hear and tell, as long as the connection lasts."""
        own = connection.get_server_pid()

        def heard(*told: object) -> None:
            if told[1] != own:
                self._call()

        connection.add_termination_listener(lambda _: self._woken.set())
        await connection.add_listener(self._channel, heard)
        self._call()  # what was announced before was not heard
        while not connection.is_closed():
            is_asked = await self._is_asked()
            self._woken.clear()
            if self._is_announcing:
                self._is_announcing = False
                await self._told(connection)
                await asyncio.sleep(PAUSE_S)
            elif not is_asked:
                await connection.execute("SELECT 1", timeout=ANSWER_S)

    async def _is_asked(self) -> bool:
        """Wait for something to do; False where nothing came for long."""
        try:
            async with asyncio.timeout(CHECK_S):
                await self._woken.wait()
        except TimeoutError:
            return False
        return True

    async def _told(self, connection: Connection) -> None:
        try:
            await connection.execute(self.announcement, timeout=ANSWER_S)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._is_announcing = True  # by the next connection
            self._woken.set()
            raise

    def _call(self) -> None:
        for callback in list(self._callbacks):
            callback()
