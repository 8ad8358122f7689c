"""The client's end of calls between processes: HTTP/1.1 over kept-alive connections, parsed by llhttp.

A pool an instance, bounded; one request at a time on a connection. Of two random instances the less busy one is
called, and one that fails is left out for a while. A request that no handler can have begun to work on (nobody listens,
the instance is about to stop) is sent to another instance; one whose connection was lost before the answer only where
its operation is idempotent.
"""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from atoll.adapters.http_connection import Connection, Lost, NotBegun, Stale
from atoll.adapters.http_instance import ClientLimits, Connect, Full, Instance, connect
from atoll.calls import Again, Proving, Request, Resolver, Response
from atoll.calls.balancing import choose
from atoll.calls.http import Target
from atoll.contract import Operation, Unavailable, service_of, to_wire
from atoll.kernel import Connections, Entropy
from atoll.resilience import EARLY_S

ATTEMPTS_MAX = 5
"""To how many instances one request is sent, at most."""

SWEEP_S = 5.0
"""How often connections that nobody uses are looked for."""


class HttpClient:
    """Carries requests to instances in other processes. Owns their connections.

    `proving` proves to them who calls, and knows by the names in a certificate who answers.
    """

    def __init__(
        self,
        resolver: Resolver,
        entropy: Entropy,
        *,
        limits: ClientLimits | None = None,
        tls: ssl.SSLContext | None = None,
        connect: Connect = connect,
        proving: Proving | None = None,
    ) -> None:
        self._resolver = resolver
        self._below = entropy.random().randrange
        self._limits = limits or ClientLimits()
        self._tls = tls
        self._systems_tls: ssl.SSLContext | None = None
        self._connect = connect
        self._proving = proving
        self._proof = proving.lines if proving is not None else None
        self._instances: dict[str, Instance] = {}
        self._leaving: list[Instance] = []
        self._routes: dict[Operation, _Route] = {}
        self._seen = -1
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def instances(self) -> Sequence["Instance"]:
        """Those that are called now."""
        return tuple(self._instances.values())

    def pools(self) -> Iterator[Connections]:
        """The connections to each instance that is called now."""
        for address, instance in self._instances.items():
            yield Connections(address.rpartition("/")[2] or address, instance.connections, instance.waiting)

    async def send(self, request: Request) -> Response:
        """The answer of an instance; `Unavailable` where none can be reached."""
        operation = request.operation
        route = self._known(operation)
        now = asyncio.get_running_loop().time
        tried: list[Instance] = []
        again: list[Instance] = []  # nothing is known against them but that a connection had been idle for too long
        reason = "its client is closed" if self._is_closed else "no instance of it is known to run"
        may = Again.NO if self._is_closed else Again.ANYWAY
        for _ in range(ATTEMPTS_MAX):
            instance = choose(route.instances, now(), self._below, tried) or (again.pop() if again else None)
            if instance is None:
                break
            try:
                return await self._asked(instance, route.target, request)
            except Lost as lost:
                reason = str(lost)
                if lost.may_have_begun:
                    # Where it was lost at several, it has been tried again: who sends it once more makes it a storm.
                    may = Again.IF_IDEMPOTENT if may is Again.ANYWAY else Again.NO
                    if not operation.is_idempotent:
                        break
                if isinstance(lost, Stale) or (isinstance(lost, NotBegun) and lost.is_goodbye):
                    again.append(instance)
            tried.append(instance)
            route = self._asked_again(operation)
        return _unavailable(request, reason, may)

    def _known(self, operation: Operation) -> "_Route":
        """How it is called now; who knows of no instance asks whether one has come."""
        if self._seen != self._resolver.version:
            self._look_again()
        route = self._routes.get(operation) or self._route(operation)
        return route if route.instances else self._asked_again(operation)

    async def _asked(self, instance: "Instance", target: Target, request: Request) -> Response:
        """What one instance answers; how it fared is kept, so that the next call is sent well."""
        context = request.context
        now = asyncio.get_running_loop().time
        connection: Connection | None = None
        answer: asyncio.Future[Response] | None = None
        instance.load += 1
        try:
            connection = instance.take_free() or await instance.take()
            if connection.peer_names and self._proving is not None:
                self._check_peer(connection, target)
            sent = target.request_bytes(request, now(), self._proof)
            answer = connection.ask(sent, request.operation, context.trace)
            response = await answer
        except (Stale, Full, NotBegun):
            raise
        except Lost:
            instance.failed(now())
            raise
        except asyncio.CancelledError:
            if connection is not None and answer is not None:
                connection.leave(answer)
            if context.deadline_at is not None and context.deadline_at <= now() + EARLY_S:
                instance.was_late(now())
            raise
        finally:
            instance.load -= 1
        instance.answered()
        return response

    def _check_peer(self, connection: Connection, target: Target) -> None:
        """Whether whoever is connected is the service that is called, as far as the certificate names services.

        Raises:
            Lost: it is not; the request has not left.
        """
        assert self._proving is not None
        if not self._proving.is_peer(connection.peer_names, target.audience):
            connection.close()
            names = ", ".join(connection.peer_names)
            raise Lost(f"whoever answers there is {names} by its certificate", may_have_begun=False)

    async def close(self) -> None:
        """Close all connections; calls under way are lost, and later ones find nobody."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        instances = [*self._instances.values(), *self._leaving]
        self._instances.clear()
        self._leaving.clear()
        self._routes.clear()
        for instance in instances:
            instance.close()
        await asyncio.sleep(0)  # a closed transport tells its protocol on the loop's next turn

    def _route(self, operation: Operation) -> "_Route":
        service = service_of(operation.service, operation.major)
        addresses = self._resolver.addresses(service)
        door = self._resolver.door(service)
        is_own = door is None or not door.is_stranger
        instances = [self._instance(address, is_own=is_own) for address in addresses if not self._is_closed]
        host = urlsplit(addresses[0]).netloc if door is not None and addresses else ""
        route = self._routes[operation] = _Route(Target(operation, door, host), instances)
        return route

    def _instance(self, address: str, *, is_own: bool) -> "Instance":
        instance = self._instances.get(address)
        if instance is None:
            tls = self._tls if is_own else None
            if tls is None and address.startswith("https:"):
                tls = self._tls_of_the_system()
            instance = Instance(address, self._limits, self._connect, tls, self._sweep_later, is_own=is_own)
            self._instances[address] = instance
        return instance

    def _tls_of_the_system(self) -> ssl.SSLContext:
        """Whom the system trusts; made once, for it takes long. An authority of our own vouches for our own alone."""
        self._systems_tls = self._systems_tls or ssl.create_default_context()
        return self._systems_tls

    def _asked_again(self, operation: Operation) -> "_Route":
        """How an operation is called, after somebody was not where he should be."""
        self._resolver.look()
        if self._seen != self._resolver.version:
            self._look_again()
        return self._routes.get(operation) or self._route(operation)

    def _look_again(self) -> None:
        """Forget which instance serves what: the resolver has news. Those that went finish what is under way."""
        self._seen = self._resolver.version
        operations = list(self._routes)
        self._routes.clear()
        for operation in operations:
            self._route(operation)
        used = {id(instance) for route in self._routes.values() for instance in route.instances}
        self._leaving = [instance for instance in self._leaving if instance.connections]
        for address, instance in list(self._instances.items()):
            if id(instance) not in used:
                del self._instances[address]
                self._leaving.append(instance)
                instance.retire()

    def _sweep_later(self) -> None:
        if self._sweeping is None:
            sweep_s = min(SWEEP_S, self._limits.idle_s / 2)
            self._sweeping = asyncio.get_running_loop().call_later(sweep_s, self._sweep)

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        self._sweeping = None
        for instance in self._instances.values():
            instance.close_idle(now - self._limits.idle_s)
        if any(instance.connections for instance in self._instances.values()):
            self._sweep_later()


class _Route:
    """How one operation is called now."""

    __slots__ = ("instances", "target")

    def __init__(self, target: Target, instances: "list[Instance]") -> None:
        self.target = target
        self.instances = instances


def _unavailable(request: Request, reason: str, again: Again) -> Response:
    problem = Unavailable(service=request.operation.service, reason=reason)
    return Response(problem.status, to_wire(problem, request.context.trace.id), again=again)
