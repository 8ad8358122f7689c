"""The client's end of calls between processes: HTTP/1.1 over kept-alive connections, parsed by llhttp.

A pool an instance, bounded; one request at a time on a connection. Of two random instances the less busy one is
called, and one that fails is left out for a while. A request that no handler can have begun to work on (nobody listens,
the instance is about to stop) is sent to another instance; one whose connection was lost before the answer only where
its operation is idempotent.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import SplitResult, urlsplit

import msgspec

from atoll.adapters.http_connection import Connection, Lost, NotBegun, Stale
from atoll.calls import Again, Request, Resolver, Response
from atoll.calls.balancing import Candidate, choose
from atoll.calls.http import Proof, Target
from atoll.contract import Operation, Unavailable, service_of, to_wire
from atoll.kernel import Entropy
from atoll.resilience import EARLY_S


class ClientLimits(msgspec.Struct, frozen=True):
    """What a client spends on one instance of a service, at most. Spans are in seconds."""

    connections_max: int = 256
    opening_max: int = 32
    waiting_max: int = 2_048
    connect_s: float = 3.0
    idle_s: float = 30.0
    answer_bytes_max: int = 64 * 1024 * 1024


Connect = Callable[[SplitResult, Callable[[], Connection], ssl.SSLContext | None], Awaitable[object]]
"""Opens a connection to an address; the protocol is told of it."""


async def connect(address: SplitResult, protocol: Callable[[], Connection], tls: ssl.SSLContext | None) -> None:
    """Open a real connection: a Unix socket, TCP, or TLS where the address says https."""
    loop = asyncio.get_running_loop()
    if address.scheme == "unix":
        await loop.create_unix_connection(protocol, address.path)
        return
    port = address.port or (443 if address.scheme == "https" else 80)
    secured = tls if address.scheme == "https" else None
    await loop.create_connection(protocol, address.hostname or "", port, ssl=secured)


ATTEMPTS_MAX = 5
"""To how many instances one request is sent, at most."""

CROWD = 64
"""When so many calls wait for a connection, the last one is the first."""

SWEEP_S = 5.0
"""How often connections that nobody uses are looked for."""


class HttpClient:
    """Carries requests to instances in other processes. Owns their connections."""

    def __init__(
        self,
        resolver: Resolver,
        entropy: Entropy,
        *,
        limits: ClientLimits | None = None,
        tls: ssl.SSLContext | None = None,
        connect: Connect = connect,
        proof: Proof | None = None,
    ) -> None:
        self._resolver = resolver
        self._below = entropy.random().randrange
        self._limits = limits or ClientLimits()
        self._tls = tls
        self._systems_tls: ssl.SSLContext | None = None
        self._connect, self._proof = connect, proof
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


class Full(Lost):
    """So many calls of one instance are under way that no more may wait."""


class Instance(Candidate):
    """One instance of one service or several, and the connections to it. Owns them."""

    def __init__(
        self,
        address: str,
        limits: ClientLimits,
        connect: Connect,
        tls: ssl.SSLContext | None,
        opening: Callable[[], None],
        *,
        is_own: bool,
    ) -> None:
        super().__init__()
        self._address = address
        self._split = urlsplit(address)
        self._limits = limits
        self._connect = connect
        self._tls = tls
        self._opening = opening
        self._is_own = is_own
        self._free: list[Connection] = []
        self._open: set[Connection] = set()
        self._waiting: dict[asyncio.Future[Connection | None], None] = {}
        self._opening_now = 0
        self._is_retired = self._is_closed = False

    @property
    def connections(self) -> int:
        """How many connections there are, and how many are being opened."""
        return len(self._open)

    @property
    def waiting(self) -> int:
        """How many calls wait for one."""
        return len(self._waiting)

    def take_free(self) -> Connection | None:
        """A connection that is free, where there is one."""
        while self._free:
            connection = self._free.pop()
            if connection.is_usable:
                return connection
        return None

    async def take(self) -> Connection:
        """A connection for one request; whoever takes it exchanges it at once.

        Raises:
            Lost: nobody listens, or too many wait already; the request has not left.
        """
        while not self._is_closed:
            if (connection := self.take_free()) is not None:
                return connection
            if len(self._open) < self._limits.connections_max and self._opening_now < self._limits.opening_max:
                return await self._opened()
            given = await self._wait()
            if given is not None and given.is_usable:
                return given
        raise Lost("the client is closed", may_have_begun=False)

    def give(self, connection: Connection) -> None:
        """Take a connection back that is free again."""
        if self._is_retired:
            connection.close()
        elif not self._hand_on(connection):
            self._free.append(connection)

    def lose(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        self._hand_on(None)

    def close_idle(self, since: float) -> None:
        """Close connections that nobody has used since then."""
        for connection in [each for each in self._free if each.used_at < since]:
            connection.close()

    def retire(self) -> None:
        """Keep no connection any more; calls under way end."""
        self._is_retired = True
        for connection in list(self._free):
            connection.close()

    def close(self) -> None:
        """Close all connections; nobody waits for one any more."""
        self._is_retired = self._is_closed = True
        for connection in list(self._open):
            connection.close()
        while self._hand_on(None):
            pass

    def _hand_on(self, connection: Connection | None) -> bool:
        """Give a connection, or the place for one, to whoever waits longest; False where nobody does.

        In a crowd it is the last one, who can still be in time (adaptive LIFO: Maurer, "Fail at scale", 2015).
        """
        while self._waiting:
            waiting = next(iter(self._waiting) if len(self._waiting) < CROWD else reversed(self._waiting))
            del self._waiting[waiting]
            if not waiting.done():
                waiting.set_result(connection)
                return True
        return False

    async def _wait(self) -> Connection | None:
        """A connection that somebody gives back; None when a new one may be opened."""
        if len(self._waiting) >= self._limits.waiting_max:
            reason = f"{self._limits.connections_max} calls are under way, and {len(self._waiting)} wait"
            raise Full(reason, may_have_begun=False)
        waiting: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting[waiting] = None
        try:
            return await waiting
        except asyncio.CancelledError:
            self._waiting.pop(waiting, None)
            if (
                waiting.done() and not waiting.cancelled() and waiting.exception() is None
            ):  # it was given what another can use
                given = waiting.result()
                if given is not None:
                    self.give(given)
                else:
                    self._hand_on(None)
            raise

    async def _opened(self) -> Connection:
        connection = Connection(self.give, self.lose, self._limits.answer_bytes_max, is_own=self._is_own)
        self._open.add(connection)
        self._opening()
        self._opening_now += 1
        try:
            async with asyncio.timeout(self._limits.connect_s):
                await self._connect(self._split, lambda: connection, self._tls)
        except (OSError, TimeoutError, ValueError) as error:
            self._open.discard(connection)
            raise Lost(f"nobody answers at {self._address} ({_said(error)})", may_have_begun=False) from None
        except BaseException:
            connection.close()
            self._open.discard(connection)
            raise
        finally:
            self._opening_now -= 1
            self._hand_on(None)  # another one may be opened
        return connection


def _said(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.lower() or type(error).__name__


def _unavailable(request: Request, reason: str, again: Again) -> Response:
    problem = Unavailable(service=request.operation.service, reason=reason)
    return Response(problem.status, to_wire(problem, request.context.trace.id), again=again)
