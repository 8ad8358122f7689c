"""One request to an ASGI application and its answer: the messages between the two, and what they may not be."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Scope

from atoll.kernel import Tasks

_log = logging.getLogger("atoll.asgi")

CLOSE_S = 5.0
"""How long an application may take to end when nobody waits for its answer any more."""


class Limits(msgspec.Struct, frozen=True):
    """What is taken of an application: a whole answer, or one line of a stream."""

    answer_bytes_max: int = 8 * 1024 * 1024


class Misbehaved(RuntimeError):
    """An application sent what is no answer; it is told, and its caller gets an `InternalError`."""


async def staying(work: Awaitable[None]) -> None:
    """Let an application work; one that would end the process, and all that runs beside it, has failed itself.

    Raises:
        Misbehaved: it would.
    """
    try:
        await work
    except SystemExit as error:
        raise Misbehaved(f"the application wanted to end the process: {error!r}") from error


class Exchange:
    """One request and its answer. Owns the task in which the application runs, until the answer is complete.

    What the application does after its last byte (tasks in the background) goes on by itself.
    """

    def __init__(self, limits: Limits, body: bytes, *, is_stream: bool) -> None:
        self._limits = limits
        self._body: bytes | None = body
        self._is_stream = is_stream
        self._task: asyncio.Task[None] | None = None
        self._status: int | None = None
        self.retry_after = b""
        """When the application wants to be asked again, as its header says it."""
        self._declared: int | None = None
        self._received = 0
        self._is_complete = False
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._answer = bytearray()
        self._changed = asyncio.Event()
        self._gone = asyncio.Event()

    def begin(
        self, app: ASGIApp, scope: Scope, tasks: Tasks, name: str, variables: contextvars.Context
    ) -> asyncio.Task[None]:
        """Let the application work, in a task and a context of its own."""
        self._task = tasks.spawn(self._run(app, scope), name, awaited=True, variables=variables)
        self._task.add_done_callback(self._done)
        return self._task

    async def head(self) -> int:
        """The status.

        Raises:
            Misbehaved: it ended without an answer.
            Exception: what it raised instead of answering.
        """
        while self._status is None:
            await self._change()
        return self._status

    async def body(self) -> bytes:
        """The whole answer.

        Raises:
            Misbehaved: it is none.
            Exception: what the application raised before it was complete.
        """
        if self._is_stream:
            while (piece := await self.piece()) is not None:
                self._answer += piece
                self.check(len(self._answer))
        while not self._is_complete:
            await self._change()
        return bytes(self._answer)

    async def piece(self) -> bytes | None:
        """The next piece of a stream, None at its end."""
        while self._pieces.empty():
            if self._is_complete:
                return None
            await self._change()
        return self._pieces.get_nowait()

    def check(self, size: int) -> None:
        """Refuse what is too long.

        Raises:
            Misbehaved: it is.
        """
        if size > self._limits.answer_bytes_max:
            raise Misbehaved(f"the application's answer has more than {self._limits.answer_bytes_max} bytes")

    async def close(self) -> None:
        """Let the application know that its caller has gone, and end it where it still answers."""
        self._gone.set()
        task = self._task
        if task is None or task.done() or self._is_complete:
            return
        task.cancel()
        _, pending = await asyncio.wait({task}, timeout=CLOSE_S)
        if pending:
            _log.warning("%s did not end within %.1f s after its caller had gone", task.get_name(), CLOSE_S)

    async def receive(self) -> Message:
        """What the application is sent: the request, then, once that has happened, that its caller has gone."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """What the application sends.

        Raises:
            Misbehaved: it is no part of an answer, or of one that is complete.
        """
        kind = message.get("type")
        if kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body":
            await self._more(message)
        elif not str(kind).startswith("http.response."):
            raise Misbehaved(f"an application cannot send `{kind}`")

    def _start(self, message: Message) -> None:
        if self._status is not None:
            raise Misbehaved("the application begins to answer for the second time")
        status: Any = message.get("status")  # Any: whatever an application sends
        if type(status) is not int or not 200 <= status < 600:
            raise Misbehaved(f"the application answers with the status {status!r}")
        for name, value in message.get("headers", ()):
            if bytes(name).lower() == b"content-length":
                if not bytes(value).isdigit():
                    raise Misbehaved(f"the application's `content-length` is {value!r}")
                self._declared = None if status == 304 else int(value)
            elif bytes(name).lower() == b"retry-after":
                self.retry_after = bytes(value)
        self._status = status
        self._changed.set()

    async def _more(self, message: Message) -> None:
        if self._status is None:
            raise Misbehaved("the application sends a body before it begins to answer")
        if self._is_complete:
            raise Misbehaved("the application sends more after the end of its answer")
        piece = bytes(message.get("body", b""))
        is_last = not message.get("more_body", False)
        self._received += len(piece)
        if self._declared is not None and (
            self._received > self._declared or (is_last and self._received < self._declared)
        ):
            raise Misbehaved(f"the application sends {self._received} bytes and said {self._declared}")
        if self._is_stream:
            if piece:
                await self._pieces.put(piece)
        else:
            self._answer += piece
            self.check(len(self._answer))
        if is_last:
            self._is_complete = True
            self._gone.set()
        self._changed.set()
        if self._is_stream:
            await asyncio.sleep(0)  # an application that never waits lets its reader have a turn

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        await staying(app(scope, self.receive, self.send))

    async def _change(self) -> None:
        """Wait until the application has sent something, or has ended."""
        assert self._task is not None
        if self._task.done():
            if self._task.cancelled():
                raise Misbehaved("the application was cancelled before it had answered")
            if (error := self._task.exception()) is not None:
                raise error
            raise Misbehaved("the application ended before it had answered")
        self._changed.clear()
        await self._changed.wait()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._changed.set()
        if not task.cancelled() and (error := task.exception()) is not None and self._is_complete:
            _log.error("%s failed after its answer", task.get_name(), exc_info=error)
