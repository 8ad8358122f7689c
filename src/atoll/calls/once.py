"""Calls with an idempotency key: done once, and answered as often as they are asked.

The answer is kept in the transaction of the call. Whoever asks again under the same key is given the same answer;
another request under this key is refused; of two that come at once, one is done.
"""

import asyncio
import contextvars
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from atoll.calls.ports import Request, Response
from atoll.calls.sizes import refuse_long_answer
from atoll.contract import AnswerErased, KeyReused, Operation, Problem, Unavailable, to_wire
from atoll.data import Keeper, Kept, Once, once
from atoll.kernel import Context, isolated

Task = asyncio.Task[Any]  # Any: a task of any result
Handled = Callable[[], Coroutine[Any, Any, Any]]  # Any: a coroutine's own send types, and a result by contract


class AnsweredOnce:
    """Answers calls that have a key. What it knows is in the service's own database."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def answer(
        self, request: Request, context: Context, handled: Handled, variables: contextvars.Context, task: Task
    ) -> Response:
        """The answer that was kept, or that of the handler, which is kept with its transaction.

        A handler without a transaction has nothing to keep it with, and is asked each time.

        Raises:
            KeyReused: the key was used for another request.
            AnswerErased: what was answered was erased with the data of its subject.
            Exception: what the handler raises; then nothing took place, and nothing is kept.
        """
        tenant, key = context.tenant, _key_of(context)
        digest = digest_of(request)
        try:
            kept = await self._keeper.kept(tenant, key)
            if kept is not None:
                return _again(request.operation, kept, digest)
            work = Once()
            variables.run(once.set, work)
            try:
                response = await self._answered(request, context, handled, variables, task, work)
                if work.transaction is None or await self._keeper.keep(work, tenant, key, digest, response):
                    return response
            finally:
                if work.transaction is not None:
                    await work.transaction.rollback()  # nothing to undo where it was committed
            kept = await self._keeper.stored(tenant, key)
            if kept is None:
                raise Unavailable(service=request.operation.service, reason="another instance works on the same call")
            return _again(request.operation, kept, digest)
        finally:
            self._keeper.ended(tenant, key)

    async def _answered(
        self,
        request: Request,
        context: Context,
        handled: Handled,
        variables: contextvars.Context,
        task: Task,
        work: Once,
    ) -> Response:
        """The handler's answer; a problem that it raises after its transaction is one."""
        try:
            return answer_with(request.operation, await isolated(variables, handled(), task))
        except Problem as problem:
            if not work.is_held or request.operation.problems.get(problem.code) is not type(problem):
                raise
            return Response(problem.status, to_wire(problem, context.trace.id))


def answer_with(operation: Operation, result: Any) -> Response:  # Any: by contract
    """A handler's result as an answer."""
    if operation.codec is None:
        return Response(204)
    body = operation.codec.encode(result)
    refuse_long_answer(operation, body)
    return Response(200, body)


def digest_of(request: Request) -> str:
    """Tells two requests apart: their operation, and all of their arguments."""
    operation = request.operation
    said = msgspec.json.encode((operation.id, operation.major, request.path, request.query, request.body))
    return hashlib.blake2b(said, digest_size=16).hexdigest()


def _key_of(context: Context) -> str:
    """The key, as it is whoever has sent it."""
    return f"{context.user or context.caller} {context.idempotency_key}"


def _again(operation: Operation, kept: Kept, digest: str) -> Response:
    if not kept[0]:  # and with it the means to tell whether it is the same request
        raise AnswerErased(operation=operation.id)
    if kept[0] != digest:
        raise KeyReused(operation=operation.id)
    return Response(kept[1], kept[2])
