"""The client side of a call: what wraps every call, above placement, so that placement never changes its meaning.

Encode the arguments -> context (trace, deadline, caller, key) -> transport -> decode the result, or raise the problem
as the class that the handler raised.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from atoll.calls.ports import TIMEOUT_S, Lines, Request, Response, Transport
from atoll.calls.streams import broken, problem_in
from atoll.contract import (
    DeadlineExceeded,
    Encoded,
    Invalid,
    InvalidInput,
    Operation,
    Problem,
    ResultForm,
    Unavailable,
    arrived,
    from_wire,
)
from atoll.kernel import Context, Entropy, Trace, current, refuse_waiting
from atoll.resilience import Timer, covers, guard, within


class Caller:
    """Calls operations in the name of one service. Holds no state between calls."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        entropy: Entropy,
        *,
        timeout_s: float | None = None,
        fallback: Transport | None = None,
    ) -> None:
        self._name = name
        self._transport = transport
        self._bits = entropy.bits
        self._timeout_s = timeout_s
        self._fallback = fallback

    async def call(
        self, operation: Operation, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Any:  # Any: by contract
        """The result of an operation that answers once.

        Raises:
            Problem: what the operation answered instead, or a problem of the platform.
        """
        try:
            path, query, body = operation.encode_call(args, kwargs)
        except Invalid as invalid:
            raise arrived(InvalidInput(errors=invalid.faults)) from None
        response = await self.exchange(operation, path, query, body)
        if response.status >= 300:
            raise _problem_of(operation, response.body, response.status)
        if operation.codec is None:
            return None
        try:
            return operation.codec.decode(response.body)
        except Invalid as invalid:
            raise broken(operation, invalid) from None

    async def stream(
        self, operation: Operation, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> AsyncGenerator[Any, None]:  # Any: by contract
        """The items of an operation that answers with a stream; closing it ends the work on the other side.

        Raises:
            Problem: what the operation answered instead, before the first item or between two.
        """
        try:
            path, query, body = operation.encode_call(args, kwargs)
        except Invalid as invalid:
            raise arrived(InvalidInput(errors=invalid.faults)) from None
        response = await self.exchange(operation, path, query, body)
        if response.stream is None:
            raise _problem_of(operation, response.body, response.status)
        assert operation.codec is not None
        timer = Timer()
        try:
            while (line := await self._next(operation, response.stream, timer)) is not None:
                if (problem := problem_in(line)) is not None:
                    raise _problem_of(operation, problem, 200)
                try:
                    item = operation.codec.decode(line)
                except Invalid as invalid:
                    raise broken(operation, invalid) from None
                yield item
        finally:
            timer.close()
            await response.stream.aclose()

    async def exchange(
        self,
        operation: Operation,
        path: tuple[str, ...],
        query: tuple[tuple[str, str], ...],
        body: bytes,
        *,
        outer: Context | None = None,
        strict: bool = False,
    ) -> Response:
        """The answer as it travels, within the deadline and, where the service cannot answer, from the fallback.

        `outer` is the context in which the call is made; by default that of the work in progress.
        """
        refuse_waiting(f"it called {operation.id}")
        outer = current.get() if outer is None else outer
        loop = asyncio.get_running_loop()
        now = loop.time()
        deadline_at = self._deadline(operation, outer, now)
        if deadline_at <= now:
            raise DeadlineExceeded(operation=operation.id)
        context = self._context(operation, (path, query, body), outer, deadline_at)
        watched = guard.get()
        task = asyncio.current_task(loop)
        assert task is not None
        try:
            if covers(watched, task, deadline_at):
                request = Request(operation, path, query, body, context, strict, watched)
                response = await self._transport.send(request)
            else:
                request = Request(operation, path, query, body, context, strict, (task, deadline_at))
                response = await within(deadline_at, self._transport.send(request), operation.id)
        except DeadlineExceeded:
            if self._fallback is None:
                raise
        else:
            if self._fallback is None or not _is_out_of_reach(operation, response):
                return response
        deadline_at = loop.time() + TIMEOUT_S if outer.deadline_at is None else outer.deadline_at
        context = self._context(operation, (path, query, body), outer, deadline_at)
        request = Request(operation, path, query, body, context, strict, (task, deadline_at))
        return await within(deadline_at, self._fallback.send(request), operation.id)

    async def _next(self, operation: Operation, lines: Lines, timer: Timer) -> bytes | None:
        """The next line of a stream, each within the time that a whole call would have; None at the end."""
        deadline_at = self._deadline(operation, current.get(), asyncio.get_running_loop().time())
        try:
            return await timer.wait(deadline_at, lines.__anext__(), operation.id)
        except StopAsyncIteration:
            return None

    def _deadline(self, operation: Operation, outer: Context, now: float) -> float:
        """Until when to wait: the caller's own deadline, or sooner where this dependency or operation asks for it."""
        timeout_s = self._timeout_s or operation.timeout_s
        if outer.deadline_at is None:
            return now + (timeout_s or TIMEOUT_S)
        return outer.deadline_at if timeout_s is None else min(now + timeout_s, outer.deadline_at)

    def _context(self, operation: Operation, encoded: Encoded, outer: Context, deadline_at: float | None) -> Context:
        """What travels with the call. The trace is the caller's: whoever answers makes a span of its own in it."""
        trace = outer.trace
        if not trace.trace_id:
            trace = Trace(self._bits(128) or 1, self._bits(64) or 1, 0, True)
        if operation.form is ResultForm.STREAM:
            deadline_at = outer.deadline_at  # a stream may take longer than its first item
        key = outer.idempotency_key
        if key is not None:
            key = derived_key(key, operation, encoded)
        return Context(trace, deadline_at, self._name, outer.user, outer.tenant, outer.criticality, key)


def derived_key(incoming: str, operation: Operation, encoded: Encoded) -> str:
    """The idempotency key of a call made while work under `incoming` is done: the same for the same call again."""
    said = msgspec.json.encode((incoming, operation.id, operation.major, encoded))
    return hashlib.blake2b(said, digest_size=16).hexdigest()


def _is_out_of_reach(operation: Operation, response: Response) -> bool:
    """Whether the service could not answer, or not in time: a declared problem of the same status is an answer."""
    if response.status not in (Unavailable.status, DeadlineExceeded.status):
        return False
    return isinstance(_problem_of(operation, response.body, response.status), Unavailable | DeadlineExceeded)


def _problem_of(operation: Operation, body: bytes, status: int) -> Problem:
    return from_wire(body, operation.problems, status=status)
