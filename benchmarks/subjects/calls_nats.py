"""Request and reply over a NATS broker by nats-py: JSON by msgspec, which both sides validate.

The broker is a child of the server's process, so that its processor time counts as the server's; it may use all cores.
"""

import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from benchmarks.measuring.load import LATE_S
from benchmarks.subjects.calls_peer import WRONG, Refused
from benchmarks.subjects.leads import LEAD, Lead, Score, score_of

SUBJECT = "leads.score"
ERROR = "Nats-Service-Error-Code"
"""The header by which services on NATS tell an error from an answer (its ADR 32)."""

_encode = msgspec.json.Encoder().encode
_lead = msgspec.json.Decoder(Lead)
_score = msgspec.json.Decoder(Score)


class _Ports(msgspec.Struct):
    nats: list[str]


@contextmanager
def _broker(folder: Path) -> Generator[str, None, None]:
    """A broker on a free port, which it writes into a file; its URL."""
    program = str(Path(sys.executable).with_name("nats-server"))
    command = [program, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _url(folder, process)
    finally:
        process.terminate()
        process.wait()


def _url(folder: Path, process: "subprocess.Popen[bytes]") -> str:
    for _ in range(1000):
        for path in folder.glob("*.ports"):
            if content := path.read_bytes():
                return msgspec.json.decode(content, type=_Ports).nats[0]
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise RuntimeError("the broker did not start")


async def _connected(url: str) -> Client:
    client = Client()
    await client.connect(url)
    return client


class _Handler:
    """Answers requests; an error goes back with the header that says so."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def handle(self, message: Msg) -> None:
        try:
            lead = _lead.decode(message.data)
        except msgspec.DecodeError as error:
            await self._client.publish(message.reply, str(error).encode(), headers={ERROR: "422"})
            return
        await self._client.publish(message.reply, _encode(score_of(lead.id)))


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str, None]:
    """The broker, and a subscriber of it that answers."""
    with _broker(folder) as url:
        client = await _connected(url)
        try:
            handle = _Handler(client).handle
            await client.subscribe(SUBJECT, cb=handle)  # pyright: ignore[reportUnknownMemberType]  # nats-py leaves it open
            await client.flush()
            yield url
        finally:
            await client.close()


class _Caller:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self) -> Score:
        return await self._request(_encode(LEAD))

    async def call_wrongly(self) -> None:
        await self._request(WRONG)

    async def _request(self, body: bytes) -> Score:
        message = await self._client.request(SUBJECT, body, timeout=LATE_S)
        if message.headers and ERROR in message.headers:
            raise Refused(message.data.decode())
        return _score.decode(message.data)


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[_Caller, None]:
    """One connection with that broker."""
    client = await _connected(address)
    try:
        yield _Caller(client)
    finally:
        await client.close()
