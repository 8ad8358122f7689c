"""The pages as files: built from `console/` at the root of the checkout, and part of the package."""

from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

PAGES = Path(str(files("atoll.console") / "pages"))
_FOR_EVER = "public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

MISSING = """The pages of the console are not built here. In a checkout of Atoll: `make pages`.
What they show can be asked on the command line meanwhile: `atoll top`, `atoll traces`, `atoll logs`, `atoll story`.
"""


async def page(request: Request) -> Response:
    """A file of the pages; for all addresses that are no file the page itself, which knows what to show there."""
    return _answer(request.path_params.get("path", ""), request.headers.get("accept-encoding", ""))


def _answer(asked: str, encodings: str) -> Response:
    root = PAGES.resolve()
    path = (root / asked).resolve()
    is_file = asked and path.is_relative_to(root) and path.is_file() and path.suffix not in {".br", ".gz"}
    path = path if is_file else root / "index.html"
    if not path.is_file():
        return PlainTextResponse(MISSING, 503)
    headers = {"cache-control": _FOR_EVER if "assets" in path.parts[-2:-1] else "no-cache", "vary": "accept-encoding"}
    for encoding, suffix in _ENCODINGS:
        packed = path.with_name(path.name + suffix)
        if encoding in encodings and packed.is_file():
            media_type = FileResponse(path).media_type
            return FileResponse(packed, headers=headers | {"content-encoding": encoding}, media_type=media_type)
    return FileResponse(path, headers=headers)
