"""The server's end of calls between processes: it listens, keeps its connections within limits, and drains.

What a connection does is in `http_served`. Addresses are URLs: `unix:/run/scoring.sock`, `http://127.0.0.1:7000` (port
0 takes any free one), `https://...` with certificates.
"""

import asyncio
import contextlib
import os
import socket
import ssl
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from atoll.adapters.http_asked import ServerLimits
from atoll.adapters.http_owner import Page
from atoll.adapters.http_served import Served
from atoll.calls import Proving, Routers, Transport
from atoll.calls.door import Door
from atoll.calls.http import context_of
from atoll.contract import Contract, Operation
from atoll.kernel import AtollError, Context, Entropy, Tasks
from atoll.resilience import Doorkeeper, Shedding

SWEEP_S = 1.0
"""How often slow senders, slow readers and idle connections are looked for; more often where a limit is shorter."""

BACKLOG = 1024

GOODBYE_S = 0.05
"""How long connections are still accepted after the address is gone: those that had been made before."""

CLOSE_S = 1.0
"""How long connections may take to end when all is closed."""


class NotListening(AtollError):
    """The address cannot be listened on."""

    code = "not_listening"

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address, self.reason = address, reason

    def __str__(self) -> str:
        return f"nobody can listen at {self.address or 'an empty address'}: {self.reason}"


class HttpServer:
    """Answers requests for the operations of some contracts. Owns its listening sockets and its connections.

    With `proving`, callers prove who they are; without it, they are believed.
    """

    def __init__(
        self,
        answering: Transport,
        contracts: Sequence[Contract],
        entropy: Entropy,
        *,
        limits: ServerLimits | None = None,
        pages: Mapping[str, Page] | None = None,
        doorkeeper: Doorkeeper | None = None,
        proving: Proving | None = None,
    ) -> None:
        self.answering: Transport = Door(answering, doorkeeper or Shedding.drawing(entropy.bits), entropy.bits)
        self.limits = limits or ServerLimits()
        self._bits = entropy.bits
        self._check = proving.check if proving is not None else None
        self.is_draining = False
        self.tasks = Tasks("http")
        self.connections: set[Served] = set()
        self.pages = dict(pages or {})
        self._routers = Routers({contract.name: contract.operations for contract in contracts})
        self.plain = {
            (operation.method, f"/{contract.name}{'' if operation.path == '/' else operation.path}".encode()): operation
            for contract in contracts
            for operation in contract.operations
            if "{" not in operation.path
        }
        self._listening: list[asyncio.Server] = []
        self._files: list[tuple[Path, int]] = []
        shortest_s = min(self.limits.head_s, self.limits.body_s, self.limits.idle_s, self.limits.write_s)
        self._sweep_s = min(SWEEP_S, shortest_s / 2)
        self._sweeping: asyncio.TimerHandle | None = None
        self._fewer = asyncio.Event()

    async def listen(self, address: str, tls: ssl.SSLContext | None = None) -> str:
        """Listen at an address; the address as others can reach it.

        Raises:
            NotListening: nobody can listen there.
        """
        loop = asyncio.get_running_loop()
        split = urlsplit(address)
        if not _can_be_listened_at(split):
            raise NotListening(address, "it is no address: write unix:/path, http://host:port or https://host:port")
        try:
            if split.scheme == "unix":
                _make_way(Path(split.path))
                server = await loop.create_unix_server(self.connection, split.path, backlog=BACKLOG)
                self._files.append(_kept_private(Path(split.path)))
            else:
                if (split.scheme == "https") != (tls is not None):
                    raise NotListening(address, "https wants a certificate and its key (ATOLL_TLS_...), and http none")
                server = await loop.create_server(
                    self.connection,
                    split.hostname,
                    split.port or 0,
                    backlog=BACKLOG,
                    ssl=tls,
                    ssl_handshake_timeout=self.limits.head_s if tls else None,
                )
        except (OSError, OverflowError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise NotListening(address, f"{reason}; end what listens there, or name another address") from None
        self._listening.append(server)
        if self._sweeping is None:
            self._sweeping = loop.call_later(self._sweep_s, self._sweep)
        if split.scheme == "unix":
            return address
        port = server.sockets[0].getsockname()[1]
        host = f"[{split.hostname}]" if ":" in (split.hostname or "") else split.hostname
        return f"{split.scheme}://{host}:{port}"

    def connection(self) -> Served:
        """The protocol of a new connection."""
        return Served(self)

    async def drain(self, timeout_s: float) -> None:
        """Let requests in progress end within `timeout_s`; whoever comes now is told to go elsewhere."""
        self.is_draining = True
        self._remove_files()
        for connection in list(self.connections):
            connection.drain()
        await asyncio.sleep(GOODBYE_S)
        await self._until(lambda: not self._is_busy(), timeout_s)

    async def close(self) -> None:
        """Listen no more, and end all connections and what they wait for."""
        self.is_draining = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._remove_files()
        for server in self._listening:
            server.close()
        await self._until(lambda: not self._is_busy(), GOODBYE_S)  # the last words of those that have just been ended
        for connection in list(self.connections):
            connection.close()
        await self.tasks.close()
        await self._until(lambda: not self.connections, CLOSE_S)
        for connection in list(self.connections):
            connection.close()
        await asyncio.sleep(0)  # they learn of it on the loop's next turn
        for server in self._listening:
            await server.wait_closed()

    def find(self, method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
        """The operation at `/{id}/v{major}{path}`, and the words of its path arguments.

        Raises:
            NoSuchOperation, MethodNotAllowed, InvalidInput: see `Router.find`.
        """
        return self._routers.find(method, path)

    def context_of(
        self, headers: Mapping[bytes, bytes], operation: Operation, now: float, peer_names: Sequence[str]
    ) -> Context:
        """What the headers of a request say about it.

        Raises:
            InvalidInput, Unauthenticated: it cannot be read, or is not believed.
        """
        context = context_of(headers, operation, now, self._bits)
        if self._check is not None:
            self._check(headers, context, operation, now, peer_names)
        return context

    def ended(self) -> None:
        """A request has ended, or a connection: whoever waits for that looks again."""
        self._fewer.set()

    def _is_busy(self) -> bool:
        return any(connection.is_busy for connection in self.connections)

    async def _until(self, is_so: Callable[[], bool], timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not is_so():
                    self._fewer.clear()
                    await self._fewer.wait()

    def _remove_files(self) -> None:
        """Take Unix sockets out of the way; never the file of another that listens at the same place by now."""
        files, self._files = self._files, []
        for path, inode in files:
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_ino == inode:
                    path.unlink()

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self.connections):
            connection.look(loop.time())
        self._sweeping = loop.call_later(self._sweep_s, self._sweep)


def _can_be_listened_at(split: SplitResult) -> bool:
    """Whether it names a socket's file, or a host and a port; never all hosts of the machine by mistake."""
    if split.query or split.fragment or split.username:
        return False
    if split.scheme == "unix":
        return split.path.startswith("/") and split.path != "/" and not split.netloc
    try:
        has_port = split.port is not None
    except ValueError:
        return False
    return split.scheme in ("http", "https") and bool(split.hostname) and has_port and split.path in ("", "/")


def _kept_private(path: Path) -> tuple[Path, int]:
    """The file of a socket, for the owner of the process alone, and what tells it from another of its name."""
    path.chmod(0o600)
    return path, path.stat().st_ino


def _make_way(path: Path) -> None:
    """Remove the socket of a process that was killed; one that is answered belongs to somebody.

    Raises:
        OSError: somebody listens there, it is no socket, or its folder cannot be made.
    """
    if len(os.fsencode(path)) > 100:
        raise OSError("the path is longer than a Unix socket's may be: name a shorter --state folder")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise OSError("there is a file that is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except FileNotFoundError:
            return
        except OSError:
            pass  # it is there, and too busy to answer
    raise OSError("another process listens there")
