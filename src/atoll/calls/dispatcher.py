"""The server side of a call: from a request to a handler and back. The same one under every transport.

Decode and check the arguments -> the handler, in a fresh context -> encode the result, or the problem. What a handler
raises that its contract does not declare becomes an `InternalError` without internals; the log keeps the rest.
"""

import asyncio
import contextvars
import functools
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import msgspec

from atoll.calls.noting import Notes, noted
from atoll.calls.once import AnsweredOnce, answer_with
from atoll.calls.ports import Again, Request, Response, code_in
from atoll.calls.streams import Stream
from atoll.contract import (
    Contract,
    DeadlineExceeded,
    InternalError,
    Invalid,
    InvalidInput,
    KeyNotKept,
    Operation,
    Problem,
    ResultForm,
    Unavailable,
    Undecided,
    to_wire,
)
from atoll.data import DatabaseBusy, DatabaseUnavailable, DiskFull, Keeper, OutcomeUnknown
from atoll.kernel import Context, Entropy, Tasks, ThreadsBusy, current, isolated, working_in
from atoll.resilience import EARLY_S, Guard, covers, guard, within
from atoll.telemetry import Kind, Recorder, Span, Track

_log = logging.getLogger("atoll.calls")

Handler = Callable[..., Any]  # Any: a coroutine function or asynchronous generator function of any signature
Task = asyncio.Task[Any]  # Any: a task of any result


class Dispatcher:
    """Answers the calls of one instance's operations. Owns the count of calls in progress."""

    def __init__(
        self,
        contract: Contract,
        handlers: Mapping[str, Handler],
        entropy: Entropy,
        recorder: Recorder | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self.contract = contract
        self._once = None if keeper is None else AnsweredOnce(keeper)
        self._handlers = {operation.name: handlers[operation.name] for operation in contract.operations}
        self._bits = entropy.bits
        self._recorder = recorder
        self._tracks: dict[tuple[str, str], Track] = {}
        self._active = 0
        self._answered = 0
        self._draining = False
        self._idle = asyncio.Event()
        self._streams = Tasks(contract.id)

    @property
    def active(self) -> int:
        """How many calls and open streams are in progress."""
        return self._active

    @property
    def answered(self) -> int:
        """How many calls were answered so far."""
        return self._answered

    async def dispatch(self, request: Request) -> Response:
        """The answer to a request. Never raises but for cancellation: every failure is an answer."""
        operation = request.operation
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        asked_to_stop = task.cancelling()
        started_at = loop.time()
        context = request.context if request.is_span else self._span(request.context)
        notes = self._notes(request)
        self._active += 1
        outcome = "ok"
        try:
            deadline_at = context.deadline_at
            if deadline_at is None or covers(request.watched, task, deadline_at):
                response = await self._answer(request, context, task, started_at, request.watched, notes)
            else:
                work = self._answer(request, context, task, started_at, (task, deadline_at), notes)
                watch = within if request.timer is None else request.timer.wait
                response = await watch(deadline_at, work, operation.id)
            if response.status >= 300:  # an answer that was not made here
                outcome = code_in(response)
        except (Exception, BaseExceptionGroup, SystemExit) as error:  # noqa: BLE001  # foreign code: what it raises is an answer
            outcome, response = self._failed(operation, context, error)
        except asyncio.CancelledError as error:
            if task.cancelling() > asked_to_stop:
                is_late = context.deadline_at is not None and context.deadline_at <= loop.time() + EARLY_S
                self._ended(request, context, notes, DeadlineExceeded.code if is_late else "cancelled")
                raise
            # Nobody asked this task to stop: the handler has awaited something that was cancelled.
            outcome, response = self._failed(operation, context, RuntimeError(f"the handler was cancelled: {error}"))
        if response.stream is None:
            self._ended(request, context, notes, outcome)
        if notes.degraded:
            response = msgspec.structs.replace(response, degraded=notes.degraded)
        if task.cancelling() > asked_to_stop:  # the handler answered all the same: there is nobody left to be answered
            if response.stream is not None:
                await response.stream.aclose()
            # From Python 3.13 on a TaskGroup may have asked twice: the second cancellation is met here, not further up.
            await asyncio.sleep(0)
            raise asyncio.CancelledError
        return response

    def _notes(self, request: Request) -> Notes:
        notes = Notes() if request.attempt == 1 else Notes.of(request.attempt)
        if self._recorder is not None:
            notes.begun_at = self._recorder.now()
        return notes

    def _span(self, outer: Context) -> Context:
        """The context of the handler: the caller's, as a span of its own in the same trace."""
        trace = outer.trace.child(self._bits(64) or 1)
        return Context(
            trace,
            outer.deadline_at,
            outer.caller,
            outer.user,
            outer.tenant,
            outer.criticality,
            outer.idempotency_key,
            None,
            outer.user_token,
            self.contract.id,
        )

    async def _answer(
        self, request: Request, context: Context, task: Task, started_at: float, watched: Guard | None, notes: Notes
    ) -> Response:
        operation = request.operation
        self._refuse_late(operation, context, started_at)
        try:
            arguments = operation.decode_call(request.path, request.query, request.body, strict=request.strict)
        except Invalid as invalid:
            raise InvalidInput(errors=invalid.faults) from None
        handler = self._handlers[operation.name]
        variables = contextvars.Context()
        if operation.form is ResultForm.STREAM:
            # A stream outlives the timer around its first item, so that its own calls have to arm theirs.
            variables.run(_enter, context, None, notes)
            return await self._open(request, context, handler(**arguments), variables, notes)
        variables.run(_enter, context, watched, notes)
        if context.idempotency_key is not None and operation.method != "GET":
            if self._once is not None:
                return await self._once.answer(request, context, lambda: handler(**arguments), variables, task)
            if request.strict:
                raise KeyNotKept(operation=operation.id)
        return answer_with(operation, await isolated(variables, handler(**arguments), task))

    def _refuse_late(self, operation: Operation, context: Context, now: float) -> None:
        """Begin nothing when nobody waits for it any more, or when the instance is stopping."""
        if self._draining:
            raise Unavailable(service=operation.service, reason="it is stopping")
        if context.deadline_at is not None and context.deadline_at <= now:
            raise DeadlineExceeded(operation=operation.id)

    async def _open(
        self,
        request: Request,
        context: Context,
        items: AsyncGenerator[Any, None],  # Any: items of any type
        variables: contextvars.Context,
        notes: Notes,
        encode: Callable[[Any], bytes] | None = None,  # Any: as above
    ) -> Response:
        """The stream, once its first item is there: until then a problem still has a status of its own."""
        operation = request.operation
        assert operation.codec is not None
        told = functools.partial(self._told, operation, context)
        ended = functools.partial(self._ended, request, context, notes)
        stream = Stream(items, encode or operation.codec.encode, told, ended, functools.partial(self._cut, operation))
        await stream.begin(self._streams, variables, operation.name)
        return Response(200, stream=stream)

    def _cut(self, operation: Operation) -> Exception:
        if self._draining:
            return Unavailable(service=operation.service, reason="it stopped before the stream had ended")
        return RuntimeError("the handler of the stream was cancelled")

    def _failed(self, operation: Operation, context: Context, error: BaseException) -> tuple[str, Response]:
        """The outcome and the answer that an error makes."""
        problem, body = self._told(operation, context, error)
        # A problem that has arrived was met by the handler, which is next to the failure, and has tried again.
        again = Again.NO if problem.arrived else Again.IF_IDEMPOTENT
        return problem.code, Response(problem.status, body, again=again)

    def _told(self, operation: Operation, context: Context, error: BaseException) -> tuple[Problem, bytes]:
        """What the caller is told about an error, and its bytes: a problem whose fields cannot travel is a failure.

        It is logged as the handler's, whose context is no longer the current one: that is its caller's, or nobody's.
        """
        with working_in(context):
            problem = self._problem_of(operation, context, error)
            try:
                return problem, to_wire(problem, context.trace.id)
            except Exception as wrong:  # noqa: BLE001  # foreign code: the problem's own fields and template
                said = "%s raised a problem that cannot travel"
                _log.error(said, operation.id, exc_info=wrong, extra=_extra(context))
                problem = InternalError(operation=operation.id)
                return problem, to_wire(problem, context.trace.id)

    def _problem_of(self, operation: Operation, context: Context, error: BaseException) -> Problem:
        """The error itself where the contract or the platform has a word for it, else an `InternalError`."""
        if isinstance(error, Problem) and operation.problems.get(error.code) is type(error):
            is_declared = type(error) in operation.raises
            if is_declared or not error.arrived or isinstance(error, Unavailable | DeadlineExceeded):
                return error
        if isinstance(error, ThreadsBusy):
            return Unavailable(service=operation.service, reason=str(error))
        if isinstance(error, OutcomeUnknown):
            _log.error("%s: %s", operation.id, error, extra=_extra(context))
            return Undecided(operation=operation.id)
        if isinstance(error, DatabaseBusy | DatabaseUnavailable | DiskFull):
            _log.warning("%s: %s", operation.id, error, extra=_extra(context))
            return Unavailable(service=operation.service, reason="its database takes nothing now")
        if isinstance(error, Problem) and error.arrived:  # logged in full where it was raised
            _log.error("%s failed: a call of it came to %s", operation.id, error.code, extra=_extra(context))
        else:
            _log.error("%s failed", operation.id, exc_info=error, extra=_extra(context))
        return InternalError(operation=operation.id)

    def _ended(self, request: Request, context: Context, notes: Notes, outcome: str) -> None:
        """Count one call less; called once for each, for a stream when it has been closed."""
        self._active -= 1
        self._answered += 1
        if self._draining and not self._active:
            self._idle.set()
        if (recorder := self._recorder) is None:
            return
        now = recorder.now()
        operation = request.operation
        if outcome == "ok" and not (notes.degraded or notes.met) and notes.attempt == 1 and context.tenant == "main":
            track = self._tracks.get((operation.name, context.caller)) or self._track(recorder, operation, context)
            if track is not None:
                key = operation.subject_in(request.path) if request.path else ""
                recorder.record_plain(track, context.trace, notes.begun_at, now - notes.begun_at, key)
                return
        recorder.record(_span(request, context, notes, outcome, now))

    def _track(self, recorder: Recorder, operation: Operation, context: Context) -> Track | None:
        """A track of calls of one operation by one caller."""
        track = recorder.track(Kind.CALL, operation.service, operation.id, context.caller)
        if track is not None:
            self._tracks[operation.name, context.caller] = track
        return track

    async def close(self) -> None:
        """End the streams that are still open."""
        await self._streams.close()

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


def _enter(context: Context, watched: Guard | None, notes: Notes) -> None:
    current.set(context)
    guard.set(watched)
    noted.set(notes)


def _extra(context: Context) -> dict[str, object]:
    """What a line of the log says beside its message: the handler's context is no longer the current one."""
    return {"trace_id": context.trace.id, "caller": context.caller}


def _span(request: Request, context: Context, notes: Notes, outcome: str, now: float) -> Span:
    operation, trace, path = request.operation, context.trace, request.path
    return Span(
        operation.id,
        context.caller,
        trace.trace_id,
        trace.span_id,
        trace.parent_id,
        notes.begun_at,
        now - notes.begun_at,
        outcome,
        notes.attempt,
        notes.degraded,
        notes.met,
        Kind.CALL,
        operation.service,
        operation.subject_in(path) if path else "",
        context.tenant,
    )
