"""The server side of a call: from a request to a handler and back. The same one under every transport.

Decode and check the arguments -> the handler, in a fresh context -> encode the result, or the problem. What a handler
raises that its contract does not declare becomes an `InternalError` without internals; the log keeps the rest.
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from atoll.calls.isolation import END, isolated
from atoll.calls.ports import Request, Response
from atoll.contract import (
    Contract,
    DeadlineExceeded,
    InternalError,
    Invalid,
    InvalidInput,
    Operation,
    Problem,
    ResultForm,
    Unavailable,
    to_wire,
)
from atoll.kernel import Context, ThreadsBusy, current
from atoll.resilience import Guard, covers, guard, within
from atoll.telemetry import CallRecord, Recorder

_log = logging.getLogger("atoll.calls")

Handler = Callable[..., Any]  # Any: a coroutine function or asynchronous generator function of any signature

PROBLEM_LINE = b'{"$problem":'
"""How the line begins that ends a stream with a problem."""

_OK = "ok"


class Dispatcher:
    """Answers the calls of one instance's operations. Owns the count of calls in progress."""

    def __init__(self, contract: Contract, handlers: Mapping[str, Handler], recorder: Recorder | None = None) -> None:
        self.contract = contract
        self._handlers = {operation.name: handlers[operation.name] for operation in contract.operations}
        self._recorder = recorder
        self._active = 0
        self._draining = False
        self._idle = asyncio.Event()

    @property
    def active(self) -> int:
        """How many calls and open streams are in progress."""
        return self._active

    async def dispatch(self, request: Request) -> Response:
        """The answer to a request. Never raises but for cancellation: every failure is an answer."""
        operation, deadline_at = request.operation, request.context.deadline_at
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        self._active += 1
        outcome = _OK
        try:
            if self._draining:
                raise Unavailable(service=operation.service, reason="it is stopping")
            if deadline_at is None or covers(request.watched, asyncio.current_task(loop), deadline_at):
                response = await self._answer(request, started_at)
            elif deadline_at <= started_at:
                raise DeadlineExceeded(operation=operation.id)
            else:
                response = await within(deadline_at, self._answer(request, started_at), operation.id)
        except Exception as error:  # noqa: BLE001  # foreign code: whatever a handler raises is an answer
            outcome, response = self._failed(request, error)
        except asyncio.CancelledError:
            outcome = "cancelled"
            if _is_cancelled():
                raise
            outcome, response = self._failed(request, RuntimeError("the handler cancelled itself"))
        finally:
            if outcome is not _OK:
                self._ended(request, started_at, outcome)
        if outcome is _OK and response.stream is None:
            self._ended(request, started_at, outcome)
        return response

    async def _answer(self, request: Request, started_at: float) -> Response:
        operation = request.operation
        try:
            arguments = operation.decode_call(request.path, request.query, request.body, strict=request.strict)
        except Invalid as invalid:
            raise InvalidInput(errors=invalid.faults) from None
        handler = self._handlers[operation.name]
        variables = contextvars.Context()
        if operation.form is ResultForm.STREAM:
            # A stream outlives the timer around its first item, so that its own calls have to arm theirs.
            variables.run(_enter, request.context, None)
            return await self._open(request, handler(**arguments), variables, started_at)
        variables.run(_enter, request.context, request.watched)
        result = await isolated(variables, handler(**arguments))
        if operation.codec is None:
            return Response(204)
        return Response(200, operation.codec.encode(result))

    async def _open(
        self,
        request: Request,
        items: AsyncGenerator[Any, None],  # Any: items of any type
        variables: contextvars.Context,
        started_at: float,
    ) -> Response:
        """The stream, once its first item is there: until then a problem still has a status of its own."""
        stream = _Stream(self, request, items, variables, started_at)
        try:
            stream.waiting = await stream.encoded()
        except BaseException:
            await isolated(variables, items.aclose())
            raise
        return Response(200, stream=stream)

    def _failed(self, request: Request, error: Exception) -> tuple[str, Response]:
        """The outcome and the answer that an error makes."""
        problem = self.problem_of(request.operation, request.context, error)
        return problem.code, Response(problem.status, to_wire(problem, request.context.trace.id))

    def problem_of(self, operation: Operation, context: Context, error: Exception) -> Problem:
        """What the caller is told about an error: itself where the contract or the platform has a word for it."""
        told: tuple[type[Problem], ...] = (*operation.raises, Unavailable, DeadlineExceeded)
        if isinstance(error, told):
            return error
        if isinstance(error, Problem) and not error.arrived and error.code in operation.problems:
            return error
        if isinstance(error, ThreadsBusy):
            return Unavailable(service=operation.service, reason=str(error))
        _log.error("%s failed", operation.id, exc_info=error, extra={"trace_id": context.trace.id})
        return InternalError(operation=operation.id)

    def _ended(self, request: Request, started_at: float, outcome: str) -> None:
        self._active -= 1
        if self._draining and not self._active:
            self._idle.set()
        if self._recorder is not None:
            self._recorder.record(_record(request, started_at, outcome))

    def stream_ended(self, request: Request, started_at: float, outcome: str) -> None:
        """Called once by each stream, when it has been closed."""
        self._ended(request, started_at, outcome)

    async def drain(self, timeout_s: float) -> bool:
        """Take no new calls and wait for those in progress; False when some still ran after `timeout_s`."""
        self._draining = True
        if not self._active:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True


class _Stream:
    """The lines of one streamed answer. Owns the handler's generator; it is closed once, however the stream ends."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        request: Request,
        items: AsyncGenerator[Any, None],  # Any: items of any type
        variables: contextvars.Context,
        started_at: float,
    ) -> None:
        assert request.operation.codec is not None
        self._dispatcher = dispatcher
        self._request = request
        self._items = items
        self._variables = variables
        self._started_at = started_at
        self._encode = request.operation.codec.encode
        self._outcome: str | None = None
        self.waiting: bytes | None = None
        """The line that was made before it was asked for: the first."""

    async def encoded(self) -> bytes | None:
        """The next item as JSON; None when there is none."""
        item = await isolated(self._variables, self._items.__anext__())
        return None if item is END else self._encode(item)

    async def __anext__(self) -> bytes:
        if self._outcome is not None:
            raise StopAsyncIteration
        line, self.waiting = self.waiting, None
        if line is None:
            try:
                line = await self.encoded()
            except Exception as error:  # noqa: BLE001  # foreign code, see Dispatcher.dispatch
                problem = self._dispatcher.problem_of(self._request.operation, self._request.context, error)
                await self._close(problem.code)
                return PROBLEM_LINE + to_wire(problem, self._request.context.trace.id) + b"}"
        if line is None:
            await self._close(_OK)
            raise StopAsyncIteration
        return line

    async def aclose(self) -> None:
        await self._close("closed")

    async def _close(self, outcome: str) -> None:
        if self._outcome is not None:
            return
        self._outcome = outcome
        try:
            await isolated(self._variables, self._items.aclose())
        except Exception:  # noqa: BLE001  # foreign code: the handler's own clean-up
            _log.exception("%s failed while its stream was closed", self._request.operation.id)
        finally:
            self._dispatcher.stream_ended(self._request, self._started_at, outcome)


def _enter(context: Context, watched: Guard | None) -> None:
    current.set(context)
    guard.set(watched)


def _is_cancelled() -> bool:
    """Whether somebody asked this task to stop, rather than its handler having awaited something cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _record(request: Request, started_at: float, outcome: str) -> CallRecord:
    duration_s = asyncio.get_running_loop().time() - started_at
    context = request.context
    trace = context.trace
    return CallRecord(
        request.operation.id,
        context.caller,
        trace.trace_id,
        trace.span_id,
        trace.parent_id,
        started_at,
        duration_s,
        outcome,
    )
