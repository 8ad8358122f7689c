"""A service behind a socket, and what a test needs to speak with it byte by byte."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, cast
from urllib.parse import urlsplit

from atoll import Context, Problem, Value, context, contract, get, post
from atoll.adapters.http_asked import ServerLimits
from atoll.adapters.http_server import HttpServer
from atoll.calls import Dispatcher, LocalTransport
from atoll.contract import contract_of
from atoll.testing import SeededEntropy
from tests.patience import PATIENCE_S

Handler = Callable[..., Any]  # Any: handlers of any signature


class Note(Value):
    words: list[str]


class TooLate(Problem, status=408):
    """A handler's own 408."""


class Misled(Problem, status=421):
    """A handler's own 421."""


@contract(version="1.0")
class Wire(Protocol):
    """Answers, and takes its time where a test wants it to."""

    @post("/notes", raises=(TooLate, Misled), timeout_s=5)
    async def note(self, note: Note) -> Note:
        """The same again."""
        ...

    @post("/orders", timeout_s=5)
    async def order(self) -> None:
        """Nothing."""
        ...

    @get("/words/{word}", raises=(TooLate, Misled), timeout_s=5)
    async def word(self, word: str, times: int = 1) -> str:
        """The word, so many times."""
        ...

    @get("/items", timeout_s=5)
    def items(self, count: int = 3, size: int = 0) -> AsyncIterator[str]:
        """So many items of that size."""
        ...


@dataclass
class Desk:
    """What the handlers have done, and whether they go on: `seen` began, `ended` were cancelled."""

    seen: list[str] = field(default_factory=list[str])
    ended: list[str] = field(default_factory=list[str])
    contexts: list[Context] = field(default_factory=list[Context])
    made: int = 0
    problem: Problem | None = None
    go: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.go.set()

    async def note(self, note: Note) -> Note:
        await self._work(f"note {len(note.words)}")
        return note

    async def order(self) -> None:
        await self._work("order")

    async def word(self, word: str, times: int = 1) -> str:
        await self._work(f"word {word[:20]}")
        return word * times

    async def items(self, count: int = 3, size: int = 0) -> AsyncIterator[str]:
        try:
            await self._work("items")
            for number in range(count):
                self.made += 1
                yield f"{number}" + "." * size
        finally:
            self.left.set()

    async def _work(self, what: str) -> None:
        self.seen.append(what)
        self.contexts.append(context())
        self.entered.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.ended.append(what)
            self.left.set()
            raise
        if self.problem is not None:
            raise self.problem


@dataclass
class Listening:
    """A server, where it listens, and its handlers."""

    server: HttpServer
    address: str
    desk: Desk
    dispatcher: Dispatcher


def dispatching(desk: Desk) -> Dispatcher:
    """What answers the service's calls."""
    handlers: dict[str, Handler] = {"note": desk.note, "order": desk.order, "word": desk.word, "items": desk.items}
    return Dispatcher(contract_of(Wire), handlers, SeededEntropy(0))


async def live() -> tuple[int, bytes]:
    return 200, b'{"status":"live"}'


async def broken() -> tuple[int, bytes]:
    raise OSError("a page that fails")


@asynccontextmanager
async def listening(
    address: str, *, desk: Desk | None = None, limits: ServerLimits | None = None, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Listening]:
    """The service, listening until the block is left; nothing may be left of it then."""
    desk = desk or Desk()
    dispatcher = dispatching(desk)
    answering = LocalTransport()
    answering.add(dispatcher)
    pages = {"/livez": live, "/broken": broken}
    server = HttpServer(answering, [dispatcher.contract], SeededEntropy(1), limits=limits, pages=pages)
    try:
        yield Listening(server, await server.listen(address, tls), desk, dispatcher)
    finally:
        await server.close()
        await dispatcher.close()
    assert not server.connections
    assert not dispatcher.active


def socket_in(folder: Path, name: str = "wire") -> str:
    """The address of a Unix socket there."""
    return f"unix:{folder}/{name}.sock"


@dataclass
class Answer:
    """One answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes


class Speaker:
    """One connection, on which a test says what it likes. Owns it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, address: str, tls: ssl.SSLContext | None = None) -> Self:
        """To a socket's address."""
        split = urlsplit(address)
        if split.scheme == "unix":
            return cls(*await asyncio.open_unix_connection(split.path))
        return cls(*await asyncio.open_connection(split.hostname, split.port, ssl=tls))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def pause(self) -> None:
        """Read nothing more."""
        pause_reading(self.writer)

    async def say(self, data: bytes) -> None:
        """Send; whoever has closed meanwhile has its reasons."""
        with contextlib.suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    async def hear(self) -> bytes:
        """All that comes, until the other side closes."""
        data = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            async with asyncio.timeout(PATIENCE_S):
                while piece := await self.reader.read(65536):
                    data += piece
        return data

    async def answer(self) -> Answer:
        """The next answer, on a connection that goes on."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            (answer,) = answers_in(head)
            length = int(answer.headers.get("content-length", "0"))
            answer.body = await self.reader.readexactly(length)
        return answer


def pause_reading(writer: asyncio.StreamWriter) -> None:
    """Take nothing more from a connection."""
    cast(asyncio.Transport, writer.transport).pause_reading()


async def told(address: str, data: bytes) -> list[Answer]:
    """What a server answers to these bytes until it closes the connection."""
    async with await Speaker.connect(address) as speaker:
        await speaker.say(data)
        return answers_in(await speaker.hear())


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A clean request."""
    lines = {"host": "wire", **(headers or {})}
    if body:
        lines = {"content-type": "application/json", "content-length": f"{len(body)}", **lines}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def closing(method: str, path: str, body: bytes = b"") -> bytes:
    """A clean request that is the last one on its connection."""
    return request(method, path, body, {"connection": "close"})


def answers_in(data: bytes) -> list[Answer]:
    """Answers, one after the other, taken apart strictly; the last one may be cut."""
    answers: list[Answer] = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, f"no answer: {head[:200]!r}"
        first, *lines = head.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", first)
        assert found, f"no answer: {first[:200]!r}"
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body, data = _chunks(data)
        else:
            length = int(headers.get("content-length", len(data) if "content-type" in headers else 0))
            body, data = data[:length], data[length:]
        answers.append(Answer(int(found[1]), headers, body))
    return answers


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        body, data = body + data[:length], data[length + 2 :]
        if not length:
            break
    return body, data


async def still_answers(wire: Listening) -> bool:
    """Whether the next request, on another connection, is answered."""
    wire.desk.go.set()
    (answer,) = await told(wire.address, closing("GET", "/wire/v1/words/well"))
    return (answer.status, answer.body) == (200, b'"well"')


async def comes_true(claim: Callable[[], bool]) -> None:
    """Wait until it is so; for what tells nobody."""
    async with asyncio.timeout(PATIENCE_S):
        while not claim():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)
