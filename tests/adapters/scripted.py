"""A server that follows a script, whatever HTTP says; and clients of several servers."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from atoll.adapters.http_client import HttpClient
from atoll.adapters.http_instance import ClientLimits
from atoll.calls import Caller, client
from atoll.testing import SeededEntropy
from atoll.topology.peers import Directory, Peers
from tests.adapters.wire import Wire
from tests.plain import PLAIN

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"a"'
NOT_BEGUN = b'{"code":"not_begun","status":%d,"title":"Not begun","detail":"elsewhere"}'


def not_begun(status: int) -> bytes:
    """What an instance says that is about to go."""
    body = NOT_BEGUN % status
    return answer_saying(status, body, b"atoll-not-begun: 1\r\n")


def answer_saying(status: int, body: bytes, more: bytes = b"") -> bytes:
    """A problem, with further lines of its head."""
    head = b"HTTP/1.1 %d -\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n%b\r\n"
    return head % (status, len(body), more) + body


@dataclass
class Conversation:
    """One connection as the script sees it: the `number`th, from 1 on."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    script: "Script"
    number: int

    async def asked(self) -> bytes:
        """The next request, whole; empty when the client has gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        self.script.asked.append(head.split(b" HTTP/")[0].decode())
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return head + await self.reader.readexactly(int(length or b"0"))

    async def say(self, data: bytes) -> None:
        """Send."""
        with contextlib.suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()


Play = Callable[[Conversation], Awaitable[None]]


@dataclass
class Script:
    """A server: where it listens, and what it was asked."""

    address: str
    asked: list[str] = field(default_factory=list[str])
    connections: int = 0
    gone: int = 0


@asynccontextmanager
async def scripted(folder: Path, play: Play, name: str = "scripted") -> AsyncGenerator[Script]:
    """A server that plays this on each connection, and closes it."""
    script = Script(f"unix:{folder}/{name}.sock")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        script.connections += 1
        try:
            await play(Conversation(reader, writer, script, script.connections))
        except asyncio.CancelledError:
            pass
        finally:
            script.gone += 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_unix_server(serve, f"{folder}/{name}.sock", limit=1_000_000)
    try:
        yield script
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answering(data: bytes) -> Play:
    """Say this to the first request, and close."""

    async def play(conversation: Conversation) -> None:
        if await conversation.asked():
            await conversation.say(data)

    return play


def serving(data: bytes = ANSWER) -> Play:
    """Say this to each request."""

    async def play(conversation: Conversation) -> None:
        while await conversation.asked():
            await conversation.say(data)

    return play


async def silent(conversation: Conversation) -> None:
    """Never say anything."""
    while await conversation.asked():
        pass


@dataclass
class Calling:
    """A client of some instances of one service."""

    wire: Wire
    directory: Directory
    transport: HttpClient


@asynccontextmanager
async def calling(
    *addresses: str,
    limits: ClientLimits | None = None,
    timeout_s: float | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[Calling]:
    """A typed client of the service at these addresses."""
    directory = Directory(Peers({"wire": addresses}))
    transport = HttpClient(directory, SeededEntropy(0), limits=limits, tls=tls)
    typed = client(Wire, Caller("tester", transport, SeededEntropy(1), timeout_s=timeout_s, policies=PLAIN))
    try:
        yield Calling(typed, directory, transport)
    finally:
        await transport.close()
