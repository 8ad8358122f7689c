"""A collector that answers as it is told, and keeps what it was sent: for its moods, not for its understanding."""

import gzip
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import NamedTuple

from tests.patience import PATIENCE_S

Answer = tuple[int, dict[str, str], bytes]
WELL: Answer = (200, {"content-type": "application/x-protobuf"}, b"")


class Sent(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


class Collector:
    """Answers with `answers` first and well from then on."""

    def __init__(self, answers: Iterator[Answer]) -> None:
        self.sent: SimpleQueue[Sent] = SimpleQueue()
        self._answers = answers
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                names = {name.lower(): value for name, value in self.headers.items()}
                collector.sent.put(Sent(self.path, names, body))
                status, headers, answer = next(collector._answers, WELL)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the standard library has it
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def next(self) -> Sent:
        """The next request; fails where none comes."""
        return self.sent.get(timeout=PATIENCE_S)


@contextmanager
def collecting(*answers: Answer) -> Generator[Collector]:
    """A collector, until the block is left."""
    collector = Collector(iter(answers))
    thread = threading.Thread(target=collector.server.serve_forever, args=(0.01,), name="collector")
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        thread.join()
        collector.server.server_close()
