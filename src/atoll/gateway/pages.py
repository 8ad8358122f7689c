"""The API reference: static pages from this package, which load nothing from anywhere else."""

from importlib.resources import files
from pathlib import Path

from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Content Security Policy (level 3): own files only, no inline script, in nobody's frame."""

_HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
]


def reference_pages() -> ASGIApp:
    """An ASGI application that serves the reference pages."""
    folder = Path(str(files("atoll.gateway") / "reference"))
    static = StaticFiles(directory=folder, html=True)

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        await static(scope, receive, send_with_policy)

    return pages
