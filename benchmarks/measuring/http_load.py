"""Load over HTTP/1.1 by the least that can make it: `http_load URL BODY ANSWER [APPLICATION FOLDER]`.

BODY and ANSWER are files of JSON. What is asked of services of Atoll is asked as the operator of the application with
this state folder, who proves it anew with each batch.

The same for all that is measured through it, so that differences are those of the servers. Every answer has to be the
first one, byte for byte, and the first one has to be the right one; a body that is none has to be refused with 422.
"""

import asyncio
import functools
import sys
import time
import urllib.parse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import httptools
import msgspec

from benchmarks.measuring.load import Batch, Load
from benchmarks.measuring.speaking import heard, run_program, say, say_ready

WRONG = b'{"email": 5}'


class _Connection(asyncio.Protocol):
    """One request after the other; `on_answer` is told the status and the body of each."""

    def __init__(self, request: bytes, on_answer: Callable[["_Connection", int, bytes], None]) -> None:
        self._request = request
        self._on_answer = on_answer
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._transport: asyncio.Transport
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.began_at = 0.0

    def ask(self) -> None:
        """Send the request."""
        self.began_at = time.perf_counter()
        self._transport.write(self._request)

    def close(self) -> None:
        """Leave."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self._body.append(part)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        self._on_answer(self, self._parser.get_status_code(), body)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


class HttpLoad:
    """Asks one URL with one body, again and again."""

    def __init__(self, url: str, body: bytes, proof: Callable[[], str] = str) -> None:
        self._url = urllib.parse.urlsplit(url)
        self._body = body
        self._proof = proof

    async def check(self, answer: object) -> bytes:
        """See that the answer is this one, and that a wrong body is refused; the answer's bytes.

        Raises:
            RuntimeError: it is another one, or the wrong body was taken.
        """
        status, right = await self._once(self._body)
        if status != 200 or msgspec.json.decode(right) != answer:
            raise RuntimeError(f"{self._url.geturl()} answered with {status}: {right[:500]!r}")
        status, refusal = await self._once(WRONG)
        if status != 422:
            raise RuntimeError(f"{self._url.geturl()} answered a wrong body with {status}: {refusal[:500]!r}")
        return right

    async def batch(self, batch: Batch, answer: bytes) -> Load:
        """Ask for so long on so many connections, which are opened before.

        Raises:
            RuntimeError: an answer was another one or late, or a connection was lost.
        """
        asking = _Asking(self._url.geturl(), answer)
        proof = self._proof()
        connections = [await self._connect(self._body, asking.on_answer, proof) for _ in range(batch.in_flight)]
        try:
            return await asking.load(connections, batch.seconds)
        finally:
            for connection in connections:
                connection.close()

    async def _once(self, body: bytes) -> tuple[int, bytes]:
        answered: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        told = self._proof()
        connection = await self._connect(body, lambda _, status, content: answered.set_result((status, content)), told)
        try:
            connection.ask()
            await asyncio.wait((answered, connection.lost), return_when=asyncio.FIRST_COMPLETED)
            if not answered.done():
                raise RuntimeError(f"{self._url.geturl()} closed the connection without an answer")
            return answered.result()
        finally:
            connection.close()

    async def _connect(
        self, body: bytes, on_answer: Callable[[_Connection, int, bytes], None], proof: str
    ) -> _Connection:
        head = (
            f"POST {self._url.path} HTTP/1.1\r\nhost: {self._url.netloc}\r\n{proof}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: _Connection(head.encode() + body, on_answer), self._url.hostname or "", self._url.port or 80
        )
        return connection


class _Asking:
    """A batch under way: each connection asks again as soon as it is answered, until the time is over."""

    def __init__(self, url: str, answer: bytes) -> None:
        self._url = url
        self._answer = answer
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._taken_s: list[float] = []
        self._until = 0.0
        self._asking = 0

    async def load(self, connections: Sequence[_Connection], seconds: float) -> Load:
        """What it was like."""
        self._asking = len(connections)
        for connection in connections:
            connection.lost.add_done_callback(self._on_lost)
        cpu_s, began_at = time.process_time(), time.perf_counter()
        self._until = began_at + seconds
        for connection in connections:
            connection.ask()
        await self._done
        return Load.of(self._taken_s, time.perf_counter() - began_at, time.process_time() - cpu_s)

    def on_answer(self, connection: _Connection, status: int, body: bytes) -> None:
        """The next request, or the end."""
        now = time.perf_counter()
        self._taken_s.append(now - connection.began_at)
        if status != 200 or body != self._answer:
            self._fail(f"answered with {status}: {body[:500]!r}")
        elif now < self._until:
            connection.ask()
        else:
            self._asking -= 1
            if not self._asking and not self._done.done():
                self._done.set_result(None)

    def _on_lost(self, _: "asyncio.Future[None]") -> None:
        self._fail("closed a connection under load")

    def _fail(self, what: str) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(f"{self._url} {what}"))


def proof_of(url: str, application: str, folder: Path) -> str:
    """The line of a head by which the operator of an application proves who he is to the service at a URL."""
    from atoll.elsewhere import Operator  # noqa: PLC0415  # what is not Atoll is asked without loading it
    from atoll.operating import operator_token  # noqa: PLC0415  # as above

    service = urllib.parse.urlsplit(url).path.split("/")[1]
    return f"atoll-token: {operator_token(Operator(application, folder), service)}\r\n"


async def main(url: str, body: bytes, answer: bytes, proof: Callable[[], str]) -> None:
    """Check, then make each batch of load that is asked for."""
    load = HttpLoad(url, body, proof)
    right = await load.check(msgspec.json.decode(answer))
    say_ready()
    async for batch in heard(Batch):
        say(await load.batch(batch, right))


if __name__ == "__main__":
    _, url, body, answer, *whose = sys.argv
    proof = functools.partial(proof_of, url, whose[0], Path(whose[1])) if whose else str
    run_program(main(url, Path(body).read_bytes(), Path(answer).read_bytes(), proof))
