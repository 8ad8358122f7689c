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
from atoll.resilience import covered, guard, guarded_by, within
from atoll.telemetry import CallRecord, Recorder

_log = logging.getLogger("atoll.calls")

Handler = Callable[..., Any]  # Any: a coroutine function or asynchronous generator function of any signature

PROBLEM_LINE = b'{"$problem":'
"""How the line begins that ends a stream with a problem."""


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
        operation, context = request.operation, request.context
        started_at = asyncio.get_running_loop().time()
        outcome = "ok"
        self._active += 1
        kept = False
        try:
            if self._draining:
                raise Unavailable(service=operation.service, reason="it is stopping")
            if context.deadline_at is None or covered(context.deadline_at):
                response = await self._answer(request)
            elif context.deadline_at <= started_at:
                raise DeadlineExceeded(operation=operation.id)
            else:
                response = await within(context.deadline_at, self._answer, request, operation.id)
            kept = response.stream is not None
            return response
        except Exception as error:  # noqa: BLE001  # foreign code: whatever a handler raises is an answer
            problem = self._problem(operation, context, error)
            outcome = problem.code
            return Response(problem.status, to_wire(problem, context.trace.id))
        except asyncio.CancelledError:
            if _is_cancelled():
                outcome = "cancelled"
                raise
            problem = self._problem(operation, context, RuntimeError("the handler cancelled itself"))
            outcome = problem.code
            return Response(problem.status, to_wire(problem, context.trace.id))
        finally:
            if not kept:
                self._ended()
            if self._recorder is not None:
                self._recorder.record(_record(operation, context, started_at, outcome))

    async def _answer(self, request: Request) -> Response:
        operation = request.operation
        try:
            arguments = operation.decode_call(request.path, request.query, request.body, strict=request.strict)
        except Invalid as invalid:
            raise InvalidInput(errors=invalid.faults) from None
        variables = contextvars.Context()
        streams = operation.form is ResultForm.STREAM
        # A stream outlives the timer around its first item, so that its calls have to arm their own.
        variables.run(_enter, request.context, None if streams else guard.get())
        handler = self._handlers[operation.name]
        if streams:
            return await self._open(operation, request.context, handler(**arguments), variables)
        result = await isolated(variables, handler(**arguments))
        if operation.codec is None:
            return Response(204)
        return Response(200, operation.codec.encode(result))

    async def _open(
        self, operation: Operation, context: Context, items: AsyncGenerator[Any, None], variables: contextvars.Context
    ) -> Response:  # Any: items of any type
        """The stream, once its first item is there: until then a problem still has a status of its own."""
        assert operation.codec is not None
        try:
            first = await isolated(variables, items.__anext__())
            line = None if first is END else operation.codec.encode(first)
        except BaseException:
            await items.aclose()
            raise
        return Response(200, stream=self._lines(operation, context, line, items, variables))

    async def _lines(
        self,
        operation: Operation,
        context: Context,
        line: bytes | None,
        items: AsyncGenerator[Any, None],
        variables: contextvars.Context,
    ) -> AsyncGenerator[bytes, None]:  # Any: items of any type
        assert operation.codec is not None
        try:
            while line is not None:
                yield line
                try:
                    item = await isolated(variables, items.__anext__())
                    line = None if item is END else operation.codec.encode(item)
                except Exception as error:  # noqa: BLE001  # foreign code, see dispatch
                    problem = self._problem(operation, context, error)
                    yield PROBLEM_LINE + to_wire(problem, context.trace.id) + b"}"
                    return
        finally:
            self._ended()
            await isolated(variables, items.aclose())

    def _problem(self, operation: Operation, context: Context, error: Exception) -> Problem:
        """What the caller is told about an error: itself where the contract or the platform has a word for it."""
        if isinstance(error, operation.raises):
            return error
        if isinstance(error, Unavailable | DeadlineExceeded):
            return error
        if isinstance(error, Problem) and not error.arrived and error.code in operation.problems:
            return error
        if isinstance(error, ThreadsBusy):
            return Unavailable(service=operation.service, reason=str(error))
        _log.error("%s failed", operation.id, exc_info=error, extra={"trace_id": context.trace.id})
        return InternalError(operation=operation.id)

    def _ended(self) -> None:
        self._active -= 1
        if self._draining and not self._active:
            self._idle.set()

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


def _enter(context: Context, watched: Any) -> None:  # Any: resilience's guard, passed on unread
    current.set(context)
    guarded_by(watched)


def _is_cancelled() -> bool:
    """Whether somebody asked this task to stop, rather than its handler having awaited something cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _record(operation: Operation, context: Context, started_at: float, outcome: str) -> CallRecord:
    duration_s = asyncio.get_running_loop().time() - started_at
    trace = context.trace
    return CallRecord(
        operation.id, context.caller, trace.trace_id, trace.span_id, trace.parent_id, started_at, duration_s, outcome
    )
