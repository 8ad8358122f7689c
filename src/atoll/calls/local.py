"""The transport of co-located services: straight to the dispatcher where one is placed here, else to a network.

It is the one way to whatever answers in a process, handlers and the platform's own doors, for callers in it and for
those who come over a network. So it is here that permissions are looked at.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from atoll.calls.ports import Again, Request, Response, Transport
from atoll.calls.sizes import BODY_BYTES_MAX
from atoll.contract import Contract, Forbidden, PayloadTooLarge, Unavailable, service_of, to_wire
from atoll.identity import OPERATOR, Access, Asked
from atoll.kernel import Context, Trace, working_in

_log = logging.getLogger("atoll.access")

LEFT_MAX = 4_096
"""How many calls are remembered that are left to their callers."""


class Answering(Protocol):
    """Answers the requests for the operations of one contract: a `Dispatcher`, or a door of the platform's own."""

    contract: Contract

    async def dispatch(self, request: Request) -> Response:
        """The answer to a request. Never raises but for cancellation."""
        ...


class LocalTransport:
    """Carries requests to dispatchers in this process; what is not placed here goes `elsewhere`.

    `access` says who may call what, for what is placed here: others look at that where they are. Without one it carries
    what a service says to itself, as to its fallback. `look` finds out what is granted now, before it refuses somebody.
    """

    def __init__(self, access: Access | None = None, look: Callable[[], Access] | None = None) -> None:
        self._access = access
        self._look = look
        self._left: set[Asked] = set()
        """What was asked that no declaration grants, and that is left to its callers: see `Access.refusal`."""
        self._elsewhere: Transport | None = None
        self._dispatchers: dict[tuple[str, int], Answering] = {}

    def add(self, dispatcher: Answering) -> None:
        """Serve the dispatcher's contract here."""
        self._dispatchers[dispatcher.contract.id, dispatcher.contract.major] = dispatcher

    def remove(self, dispatcher: Answering) -> None:
        """Serve it no longer."""
        self._dispatchers.pop((dispatcher.contract.id, dispatcher.contract.major), None)

    def look_elsewhere(self, elsewhere: Transport) -> None:
        """Carry what is not placed here by another transport."""
        self._elsewhere = elsewhere

    def send(self, request: Request) -> Awaitable[Response]:
        """The answer of the instance in this process, or elsewhere.

        `Forbidden` where the caller may not ask for it, `Unavailable` where there is none.
        """
        operation = request.operation
        dispatcher = self._dispatchers.get((operation.service, operation.major))
        if dispatcher is not None:
            if len(request.body) > BODY_BYTES_MAX:
                return _too_large(request)
            access, caller = self._access, request.context.caller
            if access is None or caller == OPERATOR:
                return dispatcher.dispatch(request)
            asked = (caller, operation.service, operation.major, operation.name)
            if asked in access.granted or asked in self._left or (why := self._refusal(asked)) is None:
                return dispatcher.dispatch(request)
            return _refused(request, why)
        return _nobody(request) if self._elsewhere is None else self._elsewhere.send(request)

    def put(self, access: Access) -> None:
        """Grant this from now on."""
        if access is not self._access:
            self._access = access
            self._left.clear()

    async def close(self) -> None:
        """Nothing is held here."""

    def _refusal(self, asked: Asked) -> str | None:
        """Why a call may not be made that is not granted so far; None where it may."""
        if self._look is not None:
            self.put(self._look())
        assert self._access is not None
        why = self._access.refusal(*asked)
        if why is None and asked not in self._access.granted:
            if len(self._left) >= LEFT_MAX:
                self._left.clear()
            self._left.add(asked)
        return why


async def _refused(request: Request, why: str) -> Response:
    """The answer to who may not ask, and a record of it."""
    context, operation = request.context, request.operation
    noted = {"trace_id": context.trace.id, "caller": context.caller, "operation": operation.id, "reason": why}
    # It is the callee's refusal, and belongs to the span of whoever asked: there is none of work that was not begun.
    asker = Trace(context.trace.trace_id, context.trace.parent_id) if request.is_span else context.trace
    with working_in(Context(asker, caller=context.caller, service=service_of(operation.service, operation.major))):
        _log.warning("refused: %s may not call %s: %s", context.caller, operation.id, why, extra=noted)
    problem = Forbidden(reason=f"{context.caller} may not call {operation.id}: {why}")
    return Response(problem.status, to_wire(problem, context.trace.id))


async def _too_large(request: Request) -> Response:
    problem = PayloadTooLarge(limit_bytes=BODY_BYTES_MAX)
    return Response(problem.status, to_wire(problem, request.context.trace.id))


async def _nobody(request: Request) -> Response:
    problem = Unavailable(service=request.operation.service, reason="no instance of it runs here")
    return Response(problem.status, to_wire(problem, request.context.trace.id), again=Again.NO)  # nor will there be one
