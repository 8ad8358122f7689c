"""The way into a publisher's log for subscribers in other processes: one operation, beside those of the service.

Its address is `/{service}.events/v1/fetch`: no service can be called so, since no contract's id has a dot. What travels
is JSON, with the events' own bytes inside as they were written.
"""

import asyncio
import functools
import logging
from typing import NoReturn, Protocol

import msgspec

from atoll.calls import Request, Response, Transport
from atoll.contract import (
    PLATFORM_PROBLEMS,
    Contract,
    Fault,
    InvalidInput,
    Operation,
    Problem,
    Unavailable,
    compile_operation,
    declared_of,
    from_wire,
    post,
    raw_operation,
    to_wire,
)
from atoll.events import Batch, Log, Wanted
from atoll.kernel import AtollError, Context, Entropy, Trace
from atoll.resilience import within

_log = logging.getLogger("atoll.events")

GRACE_S = 10.0
"""How much longer than the log may wait a subscriber waits for its answer."""


class _Door(Protocol):
    """Lets subscribers read the log of a service."""

    @post("/fetch", timeout_s=60)
    async def fetch(self) -> bytes:
        """What comes behind a position, as JSON."""
        ...


@functools.cache
def door_of(service: str, *, takes_events: bool = False) -> Contract:
    """The contract of the door of a service; with `takes_events`, where one from elsewhere posts its own, too."""
    name = door_name(service)
    declared = declared_of(_Door.fetch)
    assert declared is not None
    operation, mistakes = compile_operation(name, 1, "fetch", _Door.fetch, declared)
    assert operation is not None, mistakes
    more = (raw_operation(name, 1, "take", "/", 30.0),) if takes_events else ()
    return Contract(name, 1, "1.0", _Door.__doc__ or "", _Door, (operation, *more), ())


def door_name(service: str) -> str:
    """What the door of a service is called."""
    return f"{service}.events"


def source_of(application: str, service: str) -> str:
    """What the events of a service say they are from."""
    return f"/{application}/{service}"


def door_path(service: str) -> str:
    """Where a service from elsewhere posts its events.

    >>> door_path("tax")
    '/tax.events/v1'
    """
    return f"/{door_of(service).name}"


def service_behind(name: str) -> str:
    """The service that answers at a door; services themselves are called as they are.

    >>> service_behind("capture.events"), service_behind("capture")
    ('capture', 'capture')
    """
    return name.partition(".")[0]


class LogDoor:
    """Answers at the door. Fulfils what transports ask of a dispatcher."""

    def __init__(self, service: str, log: Log) -> None:
        self.contract = door_of(service)
        self._log = log
        self._is_unreadable = False
        """Whether it was so when it was last asked for, which was told."""

    async def dispatch(self, request: Request) -> Response:
        """A batch as JSON, or the problem."""
        try:
            wanted = _decode_wanted(request.body)
        except ValueError as error:
            problem: Problem = InvalidInput(errors=(Fault(pointer="", detail=str(error)),))
            return Response(problem.status, to_wire(problem, request.context.trace.id))
        try:
            batch = await self._log.fetch(wanted)
            if self._is_unreadable:
                self._is_unreadable = False
                _log.warning("%s: its log can be read again", self.contract.name)
            return Response(200, _encode(batch))
        except Problem as told:
            problem = told
        except AtollError as error:  # its database is not there, say: readers ask again, each of them and often
            if not self._is_unreadable:
                self._is_unreadable = True
                _log.warning("%s: its log cannot be read: %s", self.contract.name, error)
            problem = Unavailable(service=self.contract.name, reason="its log cannot be read now")
        return Response(problem.status, to_wire(problem, request.context.trace.id))


class RemoteLog:
    """The log of a service in another process. Fulfils `Log`."""

    def __init__(self, service: str, transport: Transport, entropy: Entropy) -> None:
        self._operation: Operation = door_of(service).operations[0]
        self._transport = transport
        self._bits = entropy.bits

    async def fetch(self, wanted: Wanted) -> Batch:
        """What comes behind a position."""
        loop = asyncio.get_running_loop()
        deadline_at = loop.time() + wanted.wait_s + GRACE_S
        trace = Trace(self._bits(128) or 1, self._bits(64) or 1, 0, False)
        context = Context(trace, deadline_at, wanted.subscription)
        request = Request(self._operation, (), (), _encode(wanted), context)
        response = await within(deadline_at, self._transport.send(request), self._operation.id)
        if response.status != 200:
            _raise(response)
        try:
            return _decode_batch(response.body)
        except ValueError as error:
            reason = f"its answer cannot be read: {error}"
            raise Unavailable(service=self._operation.service, reason=reason) from None


def _raise(response: Response) -> NoReturn:
    raise from_wire(response.body, PLATFORM_PROBLEMS, status=response.status)


_encode = msgspec.json.Encoder().encode
_decode_wanted = msgspec.json.Decoder(Wanted).decode
_decode_batch = msgspec.json.Decoder(Batch).decode
