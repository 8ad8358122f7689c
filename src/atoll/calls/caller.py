"""The client side of a call: what wraps every call, above placement, so that placement never changes its meaning.

Encode the arguments -> context (trace, deadline, caller, key) -> breaker -> transport -> again, where that may help and
the budget has it -> fallback -> decode the result, or raise the problem as the class that the handler raised.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import msgspec

from atoll.calls.judging import fared, is_out_of_reach, may_be_sent_again, problem_of
from atoll.calls.noting import noted
from atoll.calls.ports import TIMEOUT_S, Again, Lines, Request, Response, Transport, code_in
from atoll.calls.sizes import refuse_long_address
from atoll.calls.streams import broken, problem_in
from atoll.contract import (
    DeadlineExceeded,
    Encoded,
    Invalid,
    InvalidInput,
    Operation,
    ResultForm,
    Unavailable,
    arrived,
    to_wire,
)
from atoll.kernel import Context, Criticality, Entropy, Trace, current, refuse_waiting
from atoll.resilience import EARLY_S, Fared, Link, Policies, Timer, covers, guard, within
from atoll.telemetry import Kind, Recorder, Span

_log = logging.getLogger("atoll.calls")

_POLICIES = Policies()

FALLBACK_SHARE, FALLBACK_S = 0.2, 1.0
"""What of its caller's time is left to a fallback: a fifth, but no more than a second."""

FAIR_S = 1.0
"""Who was given less time, and less than the operation's own, is not to blame for being late: a stranger who allows a
millisecond must not make others wait."""


class Caller:
    """Calls operations in the name of one service. Owns what it knows of those whom it calls."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        entropy: Entropy,
        *,
        timeout_s: float | None = None,
        fallback: Transport | None = None,
        policies: Policies = _POLICIES,
        recorder: Recorder | None = None,
    ) -> None:
        self.name = name
        self._transport = transport
        self.bits = entropy.bits
        self._timeout_s = timeout_s
        self._fallback = fallback
        self._policies = policies
        self.recorder = recorder
        self._links: dict[str, Link] = {}

    def breakers(self) -> Iterator[tuple[str, float]]:
        """Whom it leaves alone now: the service, and 1, or a half where it tries whether it works again."""
        for service, link in self._links.items():
            if not link.breaker.is_closed:
                now = asyncio.get_running_loop().time()
                yield service, 1.0 if link.breaker.shut_s(now) else 0.5

    async def call(
        self, operation: Operation, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Any:  # Any: by contract
        """The result of an operation that answers once.

        Raises:
            Problem: what the operation answered instead, or a problem of the platform.
        """
        try:
            path, query, body = operation.encode_call(args, kwargs)
            if path or query:
                refuse_long_address(path, query)
        except Invalid as invalid:
            raise arrived(InvalidInput(errors=invalid.faults)) from None
        response = await self.exchange(operation, path, query, body)
        if response.status >= 300:
            raise problem_of(operation, response.body, response.status)
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
            if path or query:
                refuse_long_address(path, query)
        except Invalid as invalid:
            raise arrived(InvalidInput(errors=invalid.faults)) from None
        response = await self.exchange(operation, path, query, body)
        if response.stream is None:
            raise problem_of(operation, response.body, response.status)
        assert operation.codec is not None
        timer = Timer()
        try:
            while (line := await self._next(operation, response.stream, timer)) is not None:
                if (problem := problem_in(line)) is not None:
                    raise problem_of(operation, problem, 200)
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

        `outer` is the context in which the call is made; by default that of the work in progress. Where it is a user's,
        its idempotency key is that of the call, so that the same key with another request is refused.
        """
        refuse_waiting(f"it called {operation.id}")
        is_users = outer is not None and outer.user is not None  # a stranger's key could be another stranger's, too
        outer = current.get() if outer is None else outer
        loop = asyncio.get_running_loop()
        now = loop.time()
        deadline_at = self._deadline(operation, outer, now)
        if deadline_at <= now:
            raise DeadlineExceeded(operation=operation.id)
        context = self._context(operation, (path, query, body), outer, deadline_at, is_users=is_users)
        watched = guard.get()
        task = asyncio.current_task(loop)
        assert task is not None
        link = self._links.get(operation.service) or self._link(operation.service)
        is_probe = not link.breaker.is_closed
        is_watched = covers(watched, task, deadline_at)
        request = Request(operation, path, query, body, context, strict, watched if is_watched else (task, deadline_at))
        try:
            if is_probe and not link.breaker.admits(now):
                response = self._seen(request, now, self._left_alone(request, link, now))
            else:
                try:  # as in `_sent`, which would cost this path a tenth
                    if is_watched:
                        response = await self._transport.send(request)
                    else:
                        response = await within(deadline_at, self._transport.send(request), operation.id)
                except BaseException:
                    self._unanswered(request, now, deadline_at, link, is_probe=is_probe)
                    raise
                if response.status < 500 and not is_probe and not response.degraded:  # as it mostly is
                    link.budget.earn()
                    link.breaker.succeeded(now)
                    return response
                response = await self._followed(request, response, deadline_at, link, is_probe=is_probe)
                response = self._seen(request, now, response)
        except DeadlineExceeded:
            if self._fallback is None:
                raise
        else:
            if self._fallback is None or not is_out_of_reach(operation, response):
                return response
        deadline_at = loop.time() + TIMEOUT_S if outer.deadline_at is None else outer.deadline_at
        context = self._context(operation, (path, query, body), outer, deadline_at, is_users=is_users)
        request = Request(operation, path, query, body, context, strict, (task, deadline_at))
        response = await within(deadline_at, self._fallback.send(request), operation.id)
        return _degraded(operation, response)

    async def _sent(
        self, request: Request, begun_at: float, deadline_at: float, link: Link, *, is_probe: bool
    ) -> Response:
        """The answer to one attempt; where there is none, the link is told."""
        try:
            # A timer watches already where `watched` is what the request was made under; else this one does.
            if request.watched is guard.get():
                return await self._transport.send(request)
            return await within(deadline_at, self._transport.send(request), request.operation.id)
        except BaseException:
            self._unanswered(request, begun_at, deadline_at, link, is_probe=is_probe)
            raise

    def _unanswered(self, request: Request, begun_at: float, deadline_at: float, link: Link, *, is_probe: bool) -> None:
        """Tell the link that an attempt has ended without an answer: it was too late, or nobody waits any more."""
        operation = request.operation
        now = asyncio.get_running_loop().time()
        fair_s = min(FAIR_S, self._timeout_s or operation.timeout_s or FAIR_S)
        is_late = now + EARLY_S >= deadline_at and now - begun_at + EARLY_S >= fair_s
        self._ended(link, operation, now, Fared.FAILED if is_late else Fared.UNKNOWN, is_probe=is_probe)
        if now + EARLY_S >= deadline_at:
            self._asked(request, begun_at, DeadlineExceeded.code)

    async def _followed(
        self, request: Request, response: Response, deadline_at: float, link: Link, *, is_probe: bool
    ) -> Response:
        """The answer that stays, after it was asked for again where that may help, is harmless and can be afforded."""
        loop = asyncio.get_running_loop()
        operation, retry = request.operation, self._policies.retry
        notes = noted.get()
        while True:
            now = loop.time()
            how = fared(operation, response)
            self._ended(link, operation, now, how, is_probe=is_probe)
            if response.degraded and notes is not None:
                notes.add_degraded(response.degraded)
            if request.attempt >= retry.attempts_max or not may_be_sent_again(operation, response, how):
                return response
            wait_s = retry.wait_s(
                request.attempt,
                self._chance(),
                is_throttled=how is Fared.SHED,
                is_background=request.context.criticality is Criticality.BACKGROUND,
                retry_after_s=response.retry_after_s,
            )
            if now + wait_s >= deadline_at or not link.budget.take(now):
                return response
            await asyncio.sleep(wait_s)
            now = loop.time()
            is_probe = not link.breaker.is_closed
            if is_probe and not link.breaker.admits(now):
                return response
            request = msgspec.structs.replace(request, attempt=request.attempt + 1)
            if notes is not None:
                notes.add_met(f"{operation.id} was tried {request.attempt} times")
            response = await self._sent(request, now, deadline_at, link, is_probe=is_probe)

    def _left_alone(self, request: Request, link: Link, now: float) -> Response:
        """The answer where the breaker lets nothing through."""
        operation = request.operation
        shut_s = link.breaker.shut_s(now)
        reason = f"most of its last calls failed, so that it is left alone for {shut_s:.1f} s more"
        if not shut_s:
            reason = "most of its last calls failed, and others are finding out whether it works again"
        if (notes := noted.get()) is not None:
            notes.add_met(f"{operation.service} was left alone")
        problem = Unavailable(service=operation.service, reason=reason)
        body = to_wire(problem, request.context.trace.id)
        return Response(problem.status, body, None, shut_s or None, Again.NO)

    def _ended(self, link: Link, operation: Operation, now: float, how: Fared, *, is_probe: bool) -> None:
        """Tell the link how a call has ended, and the log where that has opened the breaker."""
        was_shut = link.breaker.shut_s(now) > 0.0
        link.ended(now, how, is_probe=is_probe)
        shut_s = link.breaker.shut_s(now)
        if shut_s and not was_shut:
            name = self.name or "a caller without a name"
            _log.warning("%s: most calls of %s failed; it is left alone for %.1f s", name, operation.service, shut_s)

    def _seen(self, request: Request, begun_at: float, response: Response) -> Response:
        """The answer itself; recorded where it says that there is none."""
        if response.status >= 500:
            self._asked(request, begun_at, code_in(response))
        return response

    def _asked(self, request: Request, begun_at: float, outcome: str) -> None:
        """Record a call that was not answered as it should be: whoever was asked may know nothing of it."""
        if self.recorder is None:
            return
        operation, trace = request.operation, request.context.trace
        now, taken_s = self.recorder.now(), asyncio.get_running_loop().time() - begun_at
        self.recorder.record(
            Span(
                operation.id,
                self.name,
                trace.trace_id,
                self.bits(64) or 1,
                trace.span_id,
                now - taken_s,
                taken_s,
                outcome,
                degraded=() if self._fallback is None else (operation.id,),
                kind=Kind.ASKED,
                service=self.name,
                key=operation.subject_in(request.path) if request.path else "",
                tenant=request.context.tenant,
            )
        )

    def _link(self, service: str) -> Link:
        link = self._links[service] = self._policies.link(self._chance)
        return link

    def _chance(self) -> float:
        return self.bits(32) / 2**32

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
        until = outer.deadline_at
        if self._fallback is not None:
            until -= min(FALLBACK_S, FALLBACK_SHARE * (until - now))
        return until if timeout_s is None else min(now + timeout_s, until)

    def _context(
        self, operation: Operation, encoded: Encoded, outer: Context, deadline_at: float | None, *, is_users: bool
    ) -> Context:
        """What travels with the call. The trace is the caller's: whoever answers makes a span of its own in it."""
        trace = outer.trace
        if not trace.trace_id:
            trace = Trace(self.bits(128) or 1, self.bits(64) or 1, 0, True)
        if operation.form is ResultForm.STREAM:
            deadline_at = outer.deadline_at  # a stream may take longer than its first item
        key = outer.idempotency_key
        if key is not None:
            key = _digest(key) if is_users else derived_key(key, operation, encoded)
        return Context(
            trace, deadline_at, self.name, outer.user, outer.tenant, outer.criticality, key, None, outer.user_token
        )


def derived_key(incoming: str, operation: Operation, encoded: Encoded) -> str:
    """The idempotency key of a call made while work under `incoming` is done: the same for the same call again."""
    return _digest((incoming, operation.id, operation.major, encoded))


def _digest(said: object) -> str:
    """What cannot be guessed from what it is made of, and is short however long that is."""
    return hashlib.blake2b(msgspec.json.encode(said), digest_size=16).hexdigest()


def _degraded(operation: Operation, response: Response) -> Response:
    """The answer of a fallback, which says so."""
    if response.status >= 500:
        return response
    degraded = (operation.id, *response.degraded)
    if (notes := noted.get()) is not None:
        notes.add_degraded(degraded)
    return msgspec.structs.replace(response, degraded=degraded)
