"""The transport of co-located services: straight to the dispatcher where one is placed here, else to a network."""

from collections.abc import Awaitable
from typing import Protocol

from atoll.calls.ports import Request, Response, Transport
from atoll.contract import Contract, Unavailable, to_wire


class Answering(Protocol):
    """Answers the requests for the operations of one contract: a `Dispatcher`, or a door of the platform's own."""

    contract: Contract

    async def dispatch(self, request: Request) -> Response:
        """The answer to a request. Never raises but for cancellation."""
        ...


class LocalTransport:
    """Carries requests to dispatchers in this process; what is not placed here goes `elsewhere`."""

    def __init__(self) -> None:
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
        """The answer of the instance in this process, or elsewhere; `Unavailable` where there is none."""
        operation = request.operation
        dispatcher = self._dispatchers.get((operation.service, operation.major))
        if dispatcher is not None:
            return dispatcher.dispatch(request)
        return _nobody(request) if self._elsewhere is None else self._elsewhere.send(request)

    async def close(self) -> None:
        """Nothing is held here."""


async def _nobody(request: Request) -> Response:
    problem = Unavailable(service=request.operation.service, reason="no instance of it runs here")
    return Response(problem.status, to_wire(problem, request.context.trace.id))
