"""One call of an ASGI application with nothing between: no client, no server, bytes in and bytes out."""

from starlette.types import ASGIApp, Message, Scope


async def asgi_call(app: ASGIApp, method: str, path: str, body: bytes = b"") -> bytes:
    """The body of the answer.

    Raises:
        RuntimeError: the application did not answer with 200.
    """
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    status: list[int] = []
    answer: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
        else:
            answer.append(message.get("body", b""))

    await app(scope, receive, send)
    if status != [200]:
        raise RuntimeError(f"{method} {path} was answered with {status}: {b''.join(answer)[:500]!r}")
    return b"".join(answer)
