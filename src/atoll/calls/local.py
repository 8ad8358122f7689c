"""The transport of co-located services: straight to the dispatcher, everything else as over a network."""

from atoll.calls.dispatcher import Dispatcher
from atoll.calls.ports import Request, Response
from atoll.contract import Operation, Unavailable, to_wire


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

    async def send(self, request: Request) -> Response:
        """The answer of the instance in this process; `Unavailable` where there is none."""
        operation = request.operation
        dispatcher = self._dispatchers.get((operation.service, operation.major))
        if dispatcher is None:
            return _nobody(operation, request.context.trace.id)
        return await dispatcher.dispatch(request)


def _nobody(operation: Operation, trace_id: str) -> Response:
    problem = Unavailable(service=operation.service, reason="no instance of it runs here")
    return Response(problem.status, to_wire(problem, trace_id))
