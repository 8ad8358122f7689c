"""The pages as files: built from `console/` at the root of the checkout, and part of the package."""

from http import HTTPStatus
from importlib.resources import files

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

_FOR_EVER = "public, max-age=31536000, immutable"

MISSING = """The pages of the console are not built here. In a checkout of Atoll: `make pages`.
What they show can be asked on the command line meanwhile: `atoll top`, `atoll traces`, `atoll logs`, `atoll story`.
"""


def pages() -> ASGIApp:
    """An ASGI application that serves the files; for all other addresses the page itself, which knows what to show."""
    static = StaticFiles(directory=str(files("atoll.console") / "pages"), check_dir=False)

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await (await _answer(static, scope))(scope, receive, send)

    return GZipMiddleware(page)


async def _answer(static: StaticFiles, scope: Scope) -> Response:
    if scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("The pages are only read.\n", HTTPStatus.METHOD_NOT_ALLOWED, {"allow": "GET, HEAD"})
    path = static.get_path(scope)
    try:
        found = await static.get_response(path, scope)
    except HTTPException:
        path = "index.html"
        try:
            found = await static.get_response(path, scope)
        except HTTPException:
            return PlainTextResponse(MISSING, HTTPStatus.SERVICE_UNAVAILABLE)
    headers = MutableHeaders(raw=found.raw_headers)
    headers["cache-control"] = _FOR_EVER if path.startswith("assets") else "no-cache"
    return found
