"""The catalog: every public operation of the application, for a service that the application trusts with it.

A gateway cannot know the types of what passes through it. The catalog gives it the contracts as data, and a way to
call what they say by method and path, with the bytes as they came: strictly checked, within a deadline, as one user.
"""

from dataclasses import dataclass

import msgspec

from atoll.calls.caller import Caller
from atoll.calls.ports import Response, code_in
from atoll.calls.router import Routers, decode_query
from atoll.calls.sizes import refuse_long_address
from atoll.calls.streams import CheckedLines, checked
from atoll.contract import Contract, Fault, Invalid, InvalidInput, NoSuchOperation, Operation, Query, Words
from atoll.kernel import Context
from atoll.resilience import Doorkeeper
from atoll.telemetry import Recorder, Span, outcome_of

FIELDS_MAX = 1_000
"""How many fields a query from outside may have."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One service as the catalog lists it."""

    contract: Contract
    owner: str
    description: str


class Catalog:
    """What the application offers to the outside."""

    def __init__(
        self,
        application: str,
        version: str,
        description: str,
        listings: tuple[Listing, ...],
        caller: Caller,
        doorkeeper: Doorkeeper,
    ) -> None:
        self.application = application
        self.version = version
        self.description = description
        self.listings = listings
        self._caller = caller
        self.doorkeeper = doorkeeper
        """Lets requests into the process in which this is."""
        self.active = 0
        """How many calls are in progress by it."""
        self.answered = 0
        """How many calls were answered by it so far."""
        self._routers = Routers(
            {
                listing.contract.name: (operation for operation in listing.contract.operations if operation.public)
                for listing in listings
            }
        )

    def find(self, method: str, raw_path: str) -> tuple[Operation, tuple[str, ...]]:
        """The public operation at `/{service}/v{major}{path}` and the words of its path arguments.

        Raises:
            NoSuchOperation: there is none, or it is not public.
            MethodNotAllowed: the path is served, not by this method.
        """
        return self._routers.find(method, raw_path)

    async def invoke(
        self, operation: Operation, words: tuple[str, ...], query: str, body: bytes, context: Context
    ) -> Response:
        """The answer of a public operation, as it travels. `context` says for whom and until when.

        Raises:
            NoSuchOperation: the operation is not public.
            InvalidInput: the query cannot be read, the address is too long to be written for a service, or words of
                the path could mean another path: they are that of another operation, public or not.
            DeadlineExceeded: there was no answer in time.
            BrokenContract: the answer does not fit the contract; in a stream, its last line says so.
        """
        if not operation.public:
            raise NoSuchOperation(path=operation.path)
        if not {"", ".", ".."}.isdisjoint(words):  # no client of ours sends them; a proxy may have read them otherwise
            raise InvalidInput(errors=(Fault(pointer="", detail="`.`, `..` and nothing are no words", place="path"),))
        if operation.trap_in(words) is not None:  # as written for a service it would be the other one's
            detail = "this is the path of another operation"
            raise InvalidInput(errors=(Fault(pointer="", detail=detail, place="path"),))
        pairs = decode_query(query, FIELDS_MAX)
        try:
            refuse_long_address(words, pairs)
        except Invalid as invalid:
            raise InvalidInput(errors=invalid.faults) from None
        self.active += 1
        try:
            if self._caller.recorder is None:
                response = await self._caller.exchange(operation, words, pairs, body, outer=context, strict=True)
            else:
                response = await self._recorded(self._caller.recorder, operation, words, pairs, body, context)
        finally:
            self.active -= 1
            self.answered += 1
        if response.stream is not None:
            lines = CheckedLines(response.stream, operation, context.trace.id)
            return Response(response.status, stream=lines, degraded=response.degraded)
        if response.status < 300 and operation.codec is not None:
            return Response(response.status, checked(operation, response.body), degraded=response.degraded)
        return response

    async def _recorded(
        self, recorder: Recorder, operation: Operation, words: Words, pairs: Query, body: bytes, context: Context
    ) -> Response:
        """The answer of an operation; that it was asked for here is a span of its own, the first of most traces."""
        name, started_at = self._caller.name, recorder.now()
        trace = context.trace.child(self._caller.bits(64) or 1)
        outer = msgspec.structs.replace(context, trace=trace, service=name)
        outcome = "ok"
        try:
            response = await self._caller.exchange(operation, words, pairs, body, outer=outer, strict=True)
            if response.status >= 300:
                outcome = code_in(response)
        except BaseException as error:
            outcome = outcome_of(error)
            raise
        finally:
            ids = (trace.trace_id, trace.span_id, trace.parent_id)
            recorder.record(
                Span(
                    operation.id,
                    "",
                    *ids,
                    started_at,
                    recorder.now() - started_at,
                    outcome,
                    service=name,
                    key=operation.subject_in(words) if words else "",
                    tenant=context.tenant,
                )
            )
        return response
