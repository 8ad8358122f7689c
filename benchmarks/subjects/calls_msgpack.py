"""What Python allows: frames of msgpack over one Unix socket, told apart by a number, and nothing else.

No routing, no deadlines, no limits, no errors but one. A frame is its size and its number (four bytes each), then the
body. All frames that are made in one turn of the loop are written at once; a handler that does not wait gets no task.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from struct import Struct
from typing import cast

import msgspec

from benchmarks.subjects.calls_peer import WRONG, Refused
from benchmarks.subjects.leads import LEAD, Lead, Score, score_of

HEAD = Struct("<II")
REFUSED = 0xFFFFFFFF
"""A size that says: this was no lead."""

_encode = msgspec.msgpack.Encoder().encode
_lead = msgspec.msgpack.Decoder(Lead)
_score = msgspec.msgpack.Decoder(Score)


async def _handle(lead: Lead) -> Score:
    return score_of(lead.id)


class _Frames(asyncio.Protocol):
    """Cuts what arrives into frames, and writes once a turn."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._out: list[bytes] = []
        self._write: Callable[[bytes], None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, end, unpack = 0, len(data), HEAD.unpack_from
        while at + 8 <= end:
            size, number = unpack(data, at)
            until = at + 8 + (0 if size == REFUSED else size)
            if until > end:
                break
            self._frame(number, None if size == REFUSED else data[at + 8 : until])
            at = until
        self._rest = data[at:]

    def send(self, number: int, body: bytes | None) -> None:
        """Write a frame with all others of this turn."""
        out = self._out
        if not out:
            self._loop.call_soon(self._flush)
        if body is None:
            out.append(HEAD.pack(REFUSED, number))
        else:
            out += (HEAD.pack(len(body), number), body)

    def _flush(self) -> None:
        self._write(b"".join(self._out))
        self._out.clear()

    def _frame(self, number: int, body: bytes | None) -> None:
        raise NotImplementedError


class _Server(_Frames):
    def _frame(self, number: int, body: bytes | None) -> None:
        try:
            work = _handle(_lead.decode(body or b""))
        except msgspec.DecodeError:
            self.send(number, None)
            return
        try:
            work.send(None)
        except StopIteration as end:
            self.send(number, _encode(end.value))
        else:
            raise RuntimeError("the handler of the limit does not wait")


class _Client(_Frames):
    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._waiting: dict[int, asyncio.Future[bytes]] = {}

    async def call(self) -> Score:
        return _score.decode(await self._sent(_encode(LEAD)))

    async def call_wrongly(self) -> None:
        await self._sent(_encode(msgspec.json.decode(WRONG)))

    def _sent(self, body: bytes) -> "asyncio.Future[bytes]":
        self._number = number = (self._number + 1) & 0xFFFFFFFF
        self._waiting[number] = future = self._loop.create_future()
        self.send(number, body)
        return future

    def _frame(self, number: int, body: bytes | None) -> None:
        future = self._waiting.pop(number)
        if body is None:
            future.set_exception(Refused())
        else:
            future.set_result(body)

    def connection_lost(self, exc: Exception | None) -> None:
        for future in self._waiting.values():
            future.set_exception(exc or ConnectionResetError("the server went away"))


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str, None]:
    """On a Unix socket."""
    address = folder / "msgpack.sock"
    async with await asyncio.get_running_loop().create_unix_server(_Server, address):
        yield str(address)


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[_Client, None]:
    """One connection for all calls."""
    transport, client = await asyncio.get_running_loop().create_unix_connection(_Client, address)
    try:
        yield client
    finally:
        transport.close()
