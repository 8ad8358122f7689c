"""The way to the databases of all services, kept open between questions: pages ask often."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from atoll.edge import Home
from atoll.operating import Operated, operated

KEPT_S = 20.0
"""After so long they are opened anew: services may have started that had none before."""


class Reached:
    """Owns the open databases of an application; one question at a time."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._turn = asyncio.Lock()
        self._stack: AsyncExitStack | None = None
        self._found: Operated | None = None
        self._opened_at = 0.0

    @asynccontextmanager
    async def use(self) -> AsyncGenerator[Operated | None]:
        """The databases, until the block is left; None where the application lives in memory."""
        async with self._turn:
            yield await self._open()

    async def close(self) -> None:
        """Let go of all."""
        async with self._turn:
            await self._close()

    async def _open(self) -> Operated | None:
        if self._home.state is None:
            return None
        now = asyncio.get_running_loop().time()
        if self._found is not None and now - self._opened_at < KEPT_S:
            return self._found
        await self._close()
        self._stack = AsyncExitStack()
        where = (self._home.application, self._home.state, self._home.config)
        self._found = await self._stack.enter_async_context(operated(*where))
        self._opened_at = now
        return self._found

    async def _close(self) -> None:
        stack, self._stack, self._found = self._stack, None, None
        if stack is not None:
            await stack.aclose()
