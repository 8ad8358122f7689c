"""The transport of co-located services: straight to the dispatcher, everything else as over a network."""

from collections.abc import Awaitable

from atoll.calls.dispatcher import Dispatcher
from atoll.calls.ports import Request, Response
from atoll.contract import Unavailable, to_wire


class LocalTransport:
    """Carries requests to dispatchers in this process."""

    def __init__(self) -> None:
        self._dispatchers: dict[tuple[str, int], Dispatcher] = {}

    def add(self, dispatcher: Dispatcher) -> None:
        """Serve the dispatcher's contract here."""
        self._dispatchers[dispatcher.contract.id, dispatcher.contract.major] = dispatcher

    def remove(self, dispatcher: Dispatcher) -> None:
        """Serve it no longer."""
        self._dispatchers.pop((dispatcher.contract.id, dispatcher.contract.major), None)

    def send(self, request: Request) -> Awaitable[Response]:
        """The answer of the instance in this process; `Unavailable` where there is none."""
        operation = request.operation
        dispatcher = self._dispatchers.get((operation.service, operation.major))
        return _nobody(request) if dispatcher is None else dispatcher.dispatch(request)


async def _nobody(request: Request) -> Response:
    problem = Unavailable(service=request.operation.service, reason="no instance of it runs here")
    return Response(problem.status, to_wire(problem, request.context.trace.id))
