"""Somebody outside, for tests: a server on this machine that answers as the test says, and what it was asked."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """What somebody answers: JSON, or bytes as they are."""

    body: Any = None  # Any: JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def raw(self) -> bytes:
        """As HTTP/1.1."""
        body = self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)
        lines = [f"HTTP/1.1 {self.status} X", f"content-length: {len(body)}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


HANGS = Says(status=0)
"""No answer, as long as anybody waits."""
BREAKS_OFF = Says(status=-1)
"""The connection ends without an answer."""

Answering = Callable[[Asked], "Says | Awaitable[Says]"]


@dataclass
class Outsider:
    """A server that answers as the test says, and remembers what it was asked."""

    answer: Answering
    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Asked(method, target, headers, body)
            self.asked.append(request)
            self.is_asked.set()
            says = self.answer(request)
            if not isinstance(says, Says):
                says = await says
            if says is HANGS:
                await reader.read()
            elif says is not BREAKS_OFF:
                writer.write(says.raw())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def outsider(answer: "Answering | Says") -> AsyncGenerator[Outsider]:
    """Somebody who listens on this machine."""
    it = Outsider((lambda _: answer) if isinstance(answer, Says) else answer)
    listening = await asyncio.start_server(it.talk, "127.0.0.1", 0)
    async with listening:
        it.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield it
