"""The door of a process: calls that come over a network, unless there are too many of them.

It stands before the dispatchers: nothing of a request has been parsed but its head. What is refused has not begun, and
its answer says so and when to come again. Streams stay as long as they like, events and logs are the platform's own and
come one at a time: neither is counted, nor refused.
"""

import asyncio
import functools
from collections.abc import Callable

from atoll.calls.ports import Again, Request, Response, Transport
from atoll.contract import Overloaded, to_wire
from atoll.resilience import Doorkeeper

RETRY_AFTER_S = (1.0, 2.0, 3.0)
"""When those who were refused may come again: not all at once."""


class Door:
    """Carries requests to who answers them, as long as the doorkeeper lets them in. Fulfils `Transport`."""

    def __init__(self, answering: Transport, doorkeeper: Doorkeeper, bits: Callable[[int], int]) -> None:
        self._answering = answering
        self._doorkeeper = doorkeeper
        self._bits = bits

    async def send(self, request: Request) -> Response:
        """The answer, or that there is too much to do."""
        operation = request.operation
        if operation.is_streamed or "." in operation.service:
            return await self._answering.send(request)
        doorkeeper = self._doorkeeper
        time = asyncio.get_running_loop().time
        begun_at = time()
        if not doorkeeper.admits(request.context.criticality, begun_at):
            refusals = _refusals(operation.service)
            return refusals[self._bits(16) % len(refusals)]
        try:
            return await self._answering.send(request)
        finally:
            doorkeeper.ended(operation, time() - begun_at)


@functools.lru_cache(256)
def _refusals(service: str) -> tuple[Response, ...]:
    """The answers to those who are refused: made once, for they are given when there is no time."""
    problem = Overloaded(service=service, reason="it has let in as many calls as it can answer; come again later")
    body = to_wire(problem, None)
    return tuple(Response(problem.status, body, None, after_s, Again.ANYWAY) for after_s in RETRY_AFTER_S)
