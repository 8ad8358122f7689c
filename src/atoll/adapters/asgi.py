"""ASGI applications as services: what another framework answers with, called as everything else is called.

An application is given requests as a server would give them (ASGI 3, https://asgi.readthedocs.io/en/latest/specs) and
knows nothing of Atoll. What is around a handler of Atoll's is around it: the deadline, the count of calls, the records.
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import AsyncGenerator, MutableMapping
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.types import ASGIApp, Message, Scope

from atoll.adapters.asgi_exchange import Exchange, Limits, Misbehaved, staying
from atoll.calls import Dispatcher, Door, Request, Response
from atoll.calls.http import RETRIED, Target, retry_after_in
from atoll.calls.noting import Notes, noted
from atoll.contract import Contract, Operation, ResultForm
from atoll.kernel import AtollError, Context, Entropy, Tasks, current
from atoll.resilience import Guard
from atoll.telemetry import Recorder

_log = logging.getLogger("atoll.asgi")

VERSIONS = {"version": "3.0", "spec_version": "2.3"}
"""The ASGI that is spoken: with 2.3, an application that streams listens for the end of its reader."""

_OWN_PLACE = Door(root="")


class AsgiDispatcher(Dispatcher):
    """Answers the calls of one instance with an ASGI application. Owns the tasks in which it runs.

    Its answers pass as they are: whoever called checks a result, and reads a status from 300 on as a problem. `state`
    is what the application's lifespan has left for its requests.
    """

    def __init__(
        self,
        contract: Contract,
        app: ASGIApp,
        entropy: Entropy,
        recorder: Recorder | None = None,
        *,
        state: MutableMapping[str, Any] | None = None,  # Any: the application's own
        limits: Limits | None = None,
    ) -> None:
        super().__init__(contract, dict.fromkeys((each.name for each in contract.operations), app), entropy, recorder)
        self._app = app
        self._state: MutableMapping[str, Any] = {} if state is None else state  # Any: as above
        self._limits = limits or Limits()
        self._work = Tasks(contract.id)
        self._running: set[asyncio.Task[None]] = set()
        self._targets: dict[Operation, Target] = {}

    async def drain(self, timeout_s: float) -> bool:
        """Take no new calls; wait for those in progress, and for what the application does after its answers."""
        ends_at = asyncio.get_running_loop().time() + timeout_s
        is_idle = await super().drain(timeout_s)
        if self._running:
            await asyncio.wait(self._running, timeout=max(0.0, ends_at - asyncio.get_running_loop().time()))
        return is_idle and not self._running

    async def close(self) -> None:
        """End what is still open."""
        await super().close()
        await self._work.close()

    async def _answer(
        self,
        request: Request,
        context: Context,
        task: asyncio.Task[Any],  # Any: a task of any result; the application has one of its own
        started_at: float,
        watched: Guard | None,
        notes: Notes,
    ) -> Response:
        operation = request.operation
        self._refuse_late(operation, context, started_at)
        variables = contextvars.Context()
        variables.run(current.set, context)
        variables.run(noted.set, notes)
        is_stream = operation.form is ResultForm.STREAM
        exchange = Exchange(self._limits, request.body, is_stream=is_stream)
        scope = self._scope(request, context)
        running = exchange.begin(self._app, scope, self._work, operation.id, variables.copy())
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        try:
            status = await exchange.head()
            if is_stream and status < 300:
                lines = _lines(exchange)
                return await self._open(request, context, lines, variables, notes, encode=_as_it_came)
            body = await exchange.body()
        except BaseException:
            await exchange.close()
            raise
        if status < 300 and operation.codec is None and not operation.is_raw:  # at a raw one's place may be a call, too
            return Response(204)
        head = b"\r\nretry-after:%b\r\n" % exchange.retry_after if exchange.retry_after else b""
        return Response(status, body, None, retry_after_in(head, time.time()) if status in RETRIED else None)

    def _scope(self, request: Request, context: Context) -> Scope:
        """The request as a server would hand it over: read from the bytes that would go over a network."""
        operation = request.operation
        target = self._targets.get(operation)
        if target is None:
            target = self._targets[operation] = Target(operation, _OWN_PLACE)
        asked = msgspec.structs.replace(request, context=context, body=b"")
        sent = target.request_bytes(asked, asyncio.get_running_loop().time())
        line, *lines = sent.removesuffix(b"\r\n\r\n").split(b"\r\n")
        headers = [(name.lower(), value) for name, _, value in (each.partition(b": ") for each in lines)]
        headers = [each for each in headers if each[0] != b"content-length"]
        if request.headers:
            headers.append((b"content-length", str(len(request.body)).encode()))
        elif request.body:
            headers += [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(request.body)).encode()),
            ]
        raw_path, _, query = line.split(b" ")[1].partition(b"?")
        return {
            "type": "http",
            "asgi": VERSIONS,
            "http_version": "1.1",
            "method": operation.method,
            "scheme": "http",
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": None,
            "server": None,
            "state": dict(self._state),
        }


def _as_it_came(line: bytes) -> bytes:
    return line


async def _lines(exchange: Exchange) -> AsyncGenerator[bytes, None]:
    """The lines of a streamed answer."""
    rest = b""
    try:
        while (piece := await exchange.piece()) is not None:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.strip():
                    yield line
            exchange.check(len(rest))
        if rest.strip():
            yield rest
    finally:
        await exchange.close()


class LifespanFailed(AtollError):
    """An ASGI application said that it could not start, or not stop cleanly."""

    code = "lifespan_failed"

    def __init__(self, step: str, said: str) -> None:
        super().__init__(step, said)
        self.step, self.said = step, said

    def __str__(self) -> str:
        return f"the application's own {self.step} failed: {self.said.strip() or 'it does not say why'}"


class Lifespan:
    """The start and the stop of one ASGI application, in a task of its own. One that has none is left in peace.

    `state` is what it leaves for its requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.state: dict[str, Any] = {}  # Any: the application's own
        self._app = app
        self._tasks = Tasks("lifespan")
        self._task: asyncio.Task[None] | None = None
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()

    async def startup(self) -> None:
        """Let it start.

        Raises:
            LifespanFailed: it says that it could not.
        """
        variables = contextvars.Context()
        self._task = self._tasks.spawn(self._run(), "lifespan", awaited=True, variables=variables)
        try:
            await self._step("startup")
        except BaseException:
            await self._tasks.close()
            self._task = None
            raise

    async def shutdown(self) -> None:
        """Let it stop; nothing happens where it has not started, or has ended already.

        Raises:
            LifespanFailed: it says that it could not stop cleanly.
        """
        try:
            if self._task is not None and not self._task.done():
                await self._step("shutdown")
        finally:
            await self._tasks.close()
            self._task = None

    async def _run(self) -> None:
        scope: Scope = {"type": "lifespan", "asgi": VERSIONS, "state": self.state}
        await staying(self._app(scope, self._to_app.get, self._said.put))

    async def _step(self, step: str) -> None:
        """Ask for one step, and wait until it is done or the application has ended."""
        assert self._task is not None
        self._to_app.put_nowait({"type": f"lifespan.{step}"})
        said = self._tasks.spawn(self._said.get(), step, awaited=True)
        try:
            await asyncio.wait((self._task, said), return_when=asyncio.FIRST_COMPLETED)
            if not said.done():
                await asyncio.sleep(0)  # what it said last may be on its way
            if not said.done():
                self._left(step)
                return
            message = said.result()
        finally:
            said.cancel()
        if message.get("type") == f"lifespan.{step}.failed":
            raise LifespanFailed(step, str(message.get("message", "")))
        if message.get("type") != f"lifespan.{step}.complete":
            raise LifespanFailed(step, f"it answered with `{message.get('type')}`")

    def _left(self, step: str) -> None:
        """It has ended without a word: an application that does not support lifespans."""
        assert self._task is not None
        error = None if self._task.cancelled() else self._task.exception()
        if error is not None and (step == "shutdown" or isinstance(error, Misbehaved)):
            raise LifespanFailed(step, f"{type(error).__name__}: {error}") from error
        _log.debug("the application has no %s of its own", step, exc_info=error)
