"""Bodies that pass the edge unread, with their headers: what comes becomes the JSON of a `RawBody`."""

import msgspec
from starlette.datastructures import Headers

from atoll import RawBody

KEPT_BACK = frozenset(
    "connection content-length cookie idempotency-key keep-alive proxy-authorization te traceparent tracestate trailer"
    " transfer-encoding upgrade x-request-id".split()
)
"""What belongs to the connection, to the caller's browser, or to the platform."""


def raw_body(headers: Headers, body: bytes, *, is_for_anyone: bool) -> bytes:
    """A request as the body of a call. A key that has opened the edge stays there."""
    passed: dict[str, str] = {}
    for name, value in headers.items():  # repeated ones several times
        lower = name.lower()
        if lower in KEPT_BACK or lower.startswith("atoll-") or (lower == "authorization" and not is_for_anyone):
            continue
        passed[lower] = f"{passed[lower]}, {value}" if lower in passed else value
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return msgspec.json.encode(RawBody(body=body, media_type=media_type, headers=passed))
