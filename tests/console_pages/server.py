"""Serves the pages with their policy, and the sample's answers: for the tests, and for work on the pages.

`python -m tests.console_pages.server` listens on port 8090. `npm run dev` in `console` asks the API there.
"""

import gzip
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from atoll.console.app import ASKED
from tests.console_pages import sample
from tests.console_pages.sample import Json

PAGES = Path(__file__).parents[2] / "src/atoll/console/pages"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
CSRF = "c5rf"


def packed_bytes() -> int:
    """How much all that a browser ever loads comes to, compressed."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in PAGES.rglob("*") if file.is_file())


@dataclass
class Console:
    """An application as the API tells of it. What a test changes here, the pages see with their next question."""

    role: str = "operator"
    is_logged_in: bool = True
    is_lost: bool = False
    services: int = 0
    long: int = 10_000
    lines: list[Json] = field(default_factory=sample.lines)
    dead: list[Json] = field(default_factory=sample.dead)
    twist: Callable[[Any], Any] = lambda answer: answer  # Any: a JSON document, before it is sent
    asked: list[str] = field(default_factory=list[str])
    deeds: list[tuple[str, Json]] = field(default_factory=list[tuple[str, Json]])
    refuses: str = ""
    origin: str = ""
    turn: int = 0

    def get(  # noqa: C901 - a table of addresses
        self, path: str, query: dict[str, str]
    ) -> tuple[int, Any]:  # Any: a JSON document
        """Status and answer."""
        parts = [unquote(part) for part in path.split("/")[2:]]
        match parts:
            case ["session"]:
                return 200, {"application": "revenue", "version": "1.4.0", "topology": "processes", "user": "ada",
                             "role": self.role, "csrf": CSRF}  # fmt: skip
            case ["map"]:
                self.turn += 1
                return 200, sample.chart(self.turn, self.services)
            case ["services", name] if name in {*sample.SERVICES, "gateway"}:
                return 200, sample.service(name)
            case ["traces"]:
                return 200, {"traces": self._traces(query), "lost": {"traces": 3, "missed_bytes": 0}}
            case ["traces", id_] if id_ in {sample.TRACE, sample.LONG}:
                spans = sample.spans(self.long if id_ == sample.LONG else 0)
                return 200, {"trace_id": id_, "spans": spans, "lines": [] if id_ == sample.LONG else sample.lines()}
            case ["logs"]:
                return 200, {"lines": self._lines(query)}
            case ["events"]:
                return 200, sample.events()
            case ["events", "dead"]:
                found = self._dead(query)
                return 200, {"messages": found, "total": len(found)}
            case ["events", "messages"]:
                return 200, {"messages": [one for one in sample.messages() if one["key"] == query.get("key")]}
            case ["story", key]:
                spans = [span | {"trace_id": sample.TRACE} for span in sample.spans()] if key == sample.KEY else []
                return 200, {"key": key, "spans": spans, "lines": sample.lines(6) if spans else [],
                             "dead": self._dead({"key": key})}  # fmt: skip
            case ["audit"]:
                return 200, {"deeds": sample.audit()}
            case _:
                return 404, {"title": "Not found", "detail": f"There is no {path}.", "code": "not_found"}

    def post(self, path: str, body: Json) -> tuple[int, Any]:  # Any: a JSON document
        """Status and answer; what was done is noted."""
        if self.refuses:
            return 409, {"title": "Conflict", "detail": self.refuses, "code": "conflict"}
        self.deeds.append((path, body))
        match path.split("/")[2:]:
            case ["events", "replay" | "drop"]:
                numbers = body.get("numbers")
                words = {name: body[name] for name in ("service", "key", "type") if body.get(name)}
                found = [one for one in self._dead(words) if numbers is None or one["number"] in numbers]
                if not body["dry_run"]:
                    self.dead = [one for one in self.dead if one not in found]
                return 200, {"count": len(found), "dry_run": body["dry_run"]}
            case ["services", _, "operations", _, "call"]:
                return 200, {"status": 201, "body": {"id": sample.KEY}, "trace_id": sample.TRACE, "duration_ms": 12.5}
            case ["services", name, did]:
                return 200, {"steps": [{"process": f"{name}-0", "did": did, "said": ""}]}
            case _:
                return 404, {"title": "Not found", "detail": "", "code": "not_found"}

    def _traces(self, query: dict[str, str]) -> list[Json]:
        found = sample.traces()
        if "failed" in query:
            found = [one for one in found if one["errors"]]
        if "key" in query:
            found = [one for one in found if one["key"] == query["key"]]
        if "service" in query:
            found = [one for one in found if query["service"] in one["services"]]
        return found[: int(query.get("limit", "200"))]

    def _lines(self, query: dict[str, str]) -> list[Json]:
        found = [one for one in self.lines if query.get("service", one["service"]) == one["service"]]
        found = [one for one in found if query.get("text", "") in one["message"]]
        if "level" in query:
            levels = ["debug", "info", "warning", "error", "critical"]
            found = [one for one in found if levels.index(one["level"]) >= levels.index(query["level"])]
        if "after" in query:
            return [one for one in found if one["number"] > int(query["after"])]
        return found[::-1]

    def _dead(self, query: dict[str, str]) -> list[Json]:
        names = [name for name in ("service", "key", "type") if query.get(name)]
        return [one for one in self.dead if all(one[name] == query[name] for name in names)]


def _handler(console: Console) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - holds a class
    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # an idle connection of the browser does not keep the server from closing
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if not address.path.startswith("/api/"):
                return self._file(address.path)
            console.asked.append(self.path)
            query = {name: words[0] for name, words in parse_qs(address.query).items()}
            known = ASKED.get(address.path.removeprefix("/api"), ())
            if unknown := [name for name in query if name not in known]:
                return self._json(422, {"title": "Invalid input", "detail": str(unknown), "code": "invalid_input"})
            return self._json(*self._checked(lambda: console.get(address.path, query)))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))))
            is_own = self.headers.get("x-atoll-csrf") == CSRF and console.role == "operator"
            refusal = (403, {"title": "Forbidden", "detail": "Only operators do that.", "code": "forbidden"})
            self._json(*self._checked(lambda: console.post(urlsplit(self.path).path, body) if is_own else refusal))

        def _checked(self, answer: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:  # Any: a JSON document
            if console.is_lost:
                return 503, {"title": "Unavailable", "detail": "", "code": "unavailable"}
            if not console.is_logged_in:
                return 401, {"title": "Unauthorized", "detail": "", "code": "unauthorized"}
            return answer()

        def _file(self, path: str) -> None:
            file = PAGES / path.removeprefix("/")
            file = file if file.is_file() else PAGES / "index.html"
            self._send(200, TYPES.get(file.suffix, "application/octet-stream"), file.read_bytes())

        def _json(self, status: int, answer: Any) -> None:  # Any: a JSON document
            self._send(status, "application/json", json.dumps(console.twist(answer)).encode())

        def _send(self, status: int, media_type: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(content)))
            self.send_header("content-security-policy", POLICY)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
            """Say nothing."""

    return Handler


@contextmanager
def served(console: Console, port: int = 0) -> Generator[Console]:
    """The pages and their API, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(console))
    console.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield console
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with served(Console(), port=8090) as running:
        print(f"{running.origin} - Ctrl-C ends it")
        threading.Event().wait()
