"""The map, one service whole, an operation that is tried, and services that are stopped, started, scaled, restarted."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request

from atoll import AtollError, Clock, Context, Entropy, Graph, Problem, describe, openapi
from atoll.console.describing import contract_facts, processes_of, subscription_facts
from atoll.console.guarding import Facts, Refused, body_of
from atoll.console.mapping import Edge, Node, Seen, mapped
from atoll.console.operated import Reached
from atoll.console.sessions import Session
from atoll.edge import Catalog, Home, Operation, Response, Threads, Trace
from atoll.operating import Change, SubscriptionStatus, changing
from atoll.processes import NotSupervised, ProcessStatus, Step, Supervision, supervision
from atoll.seeing import ProcessFigures, Telemetry, rates

WINDOW_S = 5.0
"""Rates are those of so much time."""
EVENTS_S = 2.0
"""So often the databases are asked how subscriptions fare."""
TRY_S = 30.0
"""How long an operation that is tried may take."""

LINES_MAX = 100
"""So many items of a stream are shown that is tried."""

Work = Callable[[Supervision], AsyncIterator[Step]]
"""What is asked of a supervisor."""


NO_BODY = msgspec.Raw(b"null")

Said = str | int | float | bool
"""An argument in a path or a query, as a form has it."""


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):  # what is passed over would not be sent
    """The arguments of an operation that is tried. A body of `null` is none."""

    path: dict[str, Said] = {}
    query: dict[str, Said | list[Said]] = {}
    body: msgspec.Raw = NO_BODY  # as it is: a union with None would take `null` alone


class Scaled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many instances are wanted."""

    instances: int


class ServicesApi:
    """What is asked of services, and done to them. Owns what it saw some seconds ago."""

    def __init__(  # what a service is given, handed on
        self,
        home: Home,
        catalog: Catalog,
        telemetry: Telemetry,
        reached: Reached,
        threads: Threads,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._home = home
        self._catalog = catalog
        self._telemetry = telemetry
        self._reached = reached
        self._threads = threads
        self._clock = clock
        self._bits = entropy.bits
        self._graph: Graph | None = None
        self._past: list[Seen] = []
        self._events: tuple[float, Sequence[SubscriptionStatus]] = (0.0, ())
        self._looking = asyncio.Lock()

    async def map(self, _: Request, __: Session) -> Facts:
        """All services, and what goes between them."""
        nodes, edges, seen = await self._mapped()
        return {"at": seen.at, "nodes": nodes, "edges": edges}

    async def service(self, request: Request, _: Session) -> Facts:
        """One service whole."""
        name = request.path_params["name"]
        nodes, edges, seen = await self._mapped()
        graph = await self._described()
        declared = next((each for each in graph.services if each.name == name), None)
        node = next((each for each in nodes if each.id == name), None)
        if declared is None or node is None:
            detail = f"no service is called {name}: there are {', '.join(each.name for each in graph.services)}"
            raise Refused(HTTPStatus.NOT_FOUND, "no_such_service", detail)
        contract = declared.contract
        own = {dependency.contract.id: dependency for dependency in declared.dependencies}
        return {
            "node": node,
            "description": declared.description,
            "owner": declared.owner,
            **contract_facts(contract, rates(self._past[0].figures, seen.figures)),
            "subscribes": [subscription_facts(each) for each in seen.subscriptions if each.subscriber == name],
            "dependencies": [
                {
                    "service": service,
                    "degrades_to": None if each.fallback is None else getattr(each.fallback, "__name__", "a fallback"),
                    "timeout_ms": None if each.timeout_s is None else each.timeout_s * 1e3,
                    "breaker": next((edge.breaker for edge in edges if edge.id == f"call:{name}>{service}"), ""),
                }
                for service, each in own.items()
            ],
            "callers": [caller for caller, callee in graph.calls if callee == name],
            "processes": processes_of(name, seen),
        }

    async def document(self, request: Request, _: Session) -> Facts:
        """The contract of a service as OpenAPI."""
        name = request.path_params["name"]
        for listing in self._catalog.listings:
            if listing.contract.id == name:
                version, said = listing.contract.version, listing.description
                document: Facts = openapi([listing.contract], title=name, version=version, description=said)
                return document
        raise Refused(HTTPStatus.NOT_FOUND, "no_contract", f"{name} has no contract that could be shown")

    async def attempt(self, request: Request, session: Session) -> Facts:
        """Call a public operation, in the name of whoever is logged in."""
        name, wanted = request.path_params["name"], request.path_params["operation"]
        tried = await body_of(request, Tried)
        operation = self._public(name, wanted)
        words = _words(operation, tried.path)
        query = urlencode([(name, _word(one)) for name, said in tried.query.items() for one in _each(said)])
        trace = Trace(self._bits(128) or 1, 0, 0, True)
        loop = asyncio.get_running_loop()
        context = Context(trace=trace, deadline_at=loop.time() + TRY_S, user=session.user)
        body = b"" if bytes(tried.body) == bytes(NO_BODY) else bytes(tried.body)
        began_at = loop.time()
        try:
            response = await self._catalog.invoke(operation, words, query, body, context)
            status, answer = response.status, await _content(response)
        except Problem as problem:
            status, answer = problem.status, msgspec.to_builtins({"code": problem.code, "detail": str(problem)})
        taken_ms = (loop.time() - began_at) * 1e3
        return {"status": status, "body": answer, "trace_id": trace.id, "duration_ms": taken_ms}

    async def stop(self, request: Request, session: Session) -> Facts:
        """End a service while the others go on."""
        name = request.path_params["name"]
        return await self._steps(session, "stop", name, "", lambda supervisor: supervisor.stop_service(name))

    async def start(self, request: Request, session: Session) -> Facts:
        """Start a service that was stopped."""
        name = request.path_params["name"]
        return await self._steps(session, "start", name, "", lambda supervisor: supervisor.start_service(name))

    async def restart(self, request: Request, session: Session) -> Facts:
        """Replace the instances of a service one by one."""
        name = request.path_params["name"]
        return await self._steps(session, "restart", name, "", lambda supervisor: supervisor.restart(name))

    async def scale(self, request: Request, session: Session) -> Facts:
        """Change how many instances a service has."""
        name, wanted = request.path_params["name"], (await body_of(request, Scaled)).instances
        said = f"to {wanted}"
        return await self._steps(session, "scale", name, said, lambda supervisor: supervisor.scale(name, wanted))

    async def topology(self) -> str:
        """`processes` where a supervisor runs, else `single`."""
        return "single" if await self._statuses() is None else "processes"

    # --- looking -----------------------------------------------------------------------------------------------------

    async def _mapped(self) -> tuple[list[Node], list[Edge], Seen]:
        async with self._looking:
            now = await self._look()
            horizon = now.at - WINDOW_S
            self._past.append(now)
            while len(self._past) > 2 and self._past[1].at <= horizon:
                self._past.pop(0)
            nodes, edges = mapped(await self._described(), self._past[0], now)
            return nodes, edges, now

    async def _look(self) -> Seen:
        figures: Sequence[ProcessFigures] = await self._threads.run(self._telemetry.processes)
        return Seen(self._now, figures, await self._statuses(), await self._subscriptions())

    async def _subscriptions(self) -> Sequence[SubscriptionStatus]:
        now = asyncio.get_running_loop().time()
        at, known = self._events
        if known and now - at < EVENTS_S:
            return known
        async with self._reached.use() as found:
            statuses = (await found.overview())[0] if found is not None else []
        self._events = (now, statuses)
        return statuses

    async def _statuses(self) -> list[ProcessStatus] | None:
        if self._home.state is None:
            return None
        try:
            async with supervision(self._home.state) as supervisor:
                return await supervisor.processes()
        except (NotSupervised, Problem):
            return None

    async def _described(self) -> Graph:
        if self._graph is None:
            self._graph = await self._threads.run(describe, self._home.application)  # imports all of it
        return self._graph

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()

    # --- doing -------------------------------------------------------------------------------------------------------

    def _public(self, service: str, name: str) -> Operation:
        for listing in self._catalog.listings:
            for operation in listing.contract.operations:
                if listing.contract.id == service and operation.name == name and operation.public:
                    return operation
        detail = f"{service}.{name} is no public operation: only these can be tried from outside"
        raise Refused(HTTPStatus.NOT_FOUND, "not_public", detail)

    async def _steps(self, session: Session, action: str, service: str, detail: str, work: Work) -> Facts:
        state = self._home.state
        if state is None:
            raise Refused(HTTPStatus.CONFLICT, "not_supervised", "the application has no state folder")
        change = Change("", self._now, session.user, action, service, detail, "console")
        try:
            with changing(state, change):
                async with supervision(state) as supervisor:
                    return {"steps": [_step(step) async for step in work(supervisor)]}
        except NotSupervised:
            said = "all services share one process: start the application with `atoll run --topology processes`"
            raise Refused(HTTPStatus.CONFLICT, "not_supervised", said) from None
        except Problem as problem:
            raise Refused(HTTPStatus(problem.status), problem.code, str(problem)) from None
        except AtollError as error:
            raise Refused(HTTPStatus.CONFLICT, error.code, str(error)) from None


def _words(operation: Operation, said: dict[str, Said]) -> tuple[str, ...]:
    """What stands in the path, in its order; all of it has to be said, and nothing else."""
    names = re.findall(r"{(\w+)}", operation.path)
    wrong = [each for each in names if each not in said or not _word(said[each])]
    if wrong or said.keys() - set(names):
        wanted = ", ".join(f"`{each}`" for each in names) or "nothing"
        detail = f"`path` takes {wanted} for {operation.path}, each with a value: it has {', '.join(said) or 'nothing'}"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", detail)
    return tuple(_word(said[each]) for each in names)


def _each(said: Said | list[Said]) -> list[Said]:
    return said if isinstance(said, list) else [said]


def _word(said: Said) -> str:
    return said if isinstance(said, str) else msgspec.json.encode(said).decode()


def _step(step: Step) -> Facts:
    return {"process": step.process, "did": step.did, "said": step.said}


async def _content(response: Response) -> Any:  # Any: JSON
    """What was answered; of a stream the first lines."""
    if response.stream is None:
        return msgspec.json.decode(response.body) if response.body else None
    lines: list[Any] = []  # Any: as above
    try:
        while len(lines) < LINES_MAX:
            lines.append(msgspec.json.decode(await anext(response.stream)))
    except StopAsyncIteration:
        pass
    finally:
        await response.stream.aclose()
    return lines
