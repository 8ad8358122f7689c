"""A service without Atoll: a small HTTP server, started from a command, that also asks an Atoll service."""

import json
import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Teller(BaseHTTPRequestHandler):
    """Says what it was asked, and what Stock says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """One answer."""
        body = json.dumps({"path": self.path, "pid": os.getpid(), "stock_pid": stock_pid()}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has above
        """Nothing is logged."""


def stock_pid() -> int:
    """Ask Stock by its own socket, as a program would that knows nothing of Atoll."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["ATOLL_SOCKET_STOCK"])
        token = (Path(os.environ["ATOLL_TOKENS"]) / "stock").read_text(encoding="utf-8")
        head = f"host: stock\r\nconnection: close\r\natoll-caller: teller\r\natoll-token: {token}"
        connection.sendall(f"GET /stock/v1/levels/hat HTTP/1.1\r\n{head}\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return int(json.loads(answer.partition(b"\r\n\r\n")[2])["pid"])


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Teller).serve_forever()
