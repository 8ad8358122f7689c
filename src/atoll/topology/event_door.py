"""The way in for events of a service from elsewhere: it posts them here, beside where its log is read.

What is answered by 204 is committed, and on the disk. Whoever got another answer, or none, posts the events again: they
are known by their source and id. 422 tells with pointers why they are not taken, and then none of them is.
"""

import logging
from collections.abc import Mapping

from atoll.calls import Request, Response
from atoll.contract import InternalError, Invalid, InvalidInput, Problem, to_wire
from atoll.events import Inbox, Log, NoForm, read_incoming
from atoll.kernel import AtollError, Entropy, Trace
from atoll.topology.log_door import LogDoor, door_of

_log = logging.getLogger("atoll.events")


class NoEvents(
    Problem,
    status=415,
    code="no_cloud_event",
    detail="events come as application/cloudevents+json, as application/cloudevents-batch+json, or as JSON whose head "
    "holds `ce-id`, `ce-type` and so on; this is {media_type}",
):
    """What was posted is no event of CloudEvents."""

    media_type: str


class EventDoor(LogDoor):
    """Answers at the door of a service from elsewhere: its log is read there, and its events are taken."""

    def __init__(self, service: str, log: Log, inbox: Inbox, entropy: Entropy) -> None:
        super().__init__(service, log)
        self.contract = door_of(service, takes_events=True)
        self._inbox = inbox
        self._bits = entropy.bits

    async def dispatch(self, request: Request) -> Response:
        """What became of events that were posted; or a batch of the log."""
        if not request.operation.is_raw:
            return await super().dispatch(request)
        return await self._taken(request.body, dict(request.headers), request.context.trace)

    async def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Take events of an application in this process: the status and the body that a POST would be answered by."""
        trace = Trace(self._bits(128) or 1, self._bits(64) or 1, 0, True)
        given = {name.lower(): value for name, value in headers.items()}
        response = await self._taken(body, given, Trace.parse(given.get("traceparent", "")) or trace)
        return response.status, response.body

    async def _taken(self, body: bytes, headers: Mapping[str, str], trace: Trace) -> Response:
        problem: Problem
        try:
            await self._inbox.take(read_incoming(headers, body), trace)
            return Response(204)
        except NoForm as error:
            problem = NoEvents(media_type=str(error)[:100])
        except Invalid as invalid:
            problem = InvalidInput(errors=invalid.faults)
        except Problem as error:
            problem = error
        except AtollError as error:  # of the database: whoever posts is told, and posts again
            _log.error("events could not be taken", exc_info=error)
            problem = InternalError(operation=self.contract.id)
        return Response(problem.status, to_wire(problem, trace.id))
