"""A body as it came from outside, for operations that look at bytes and headers themselves: signatures, forms."""

from atoll.contract.value import Personal, Value


class RawBody(Value):
    """What somebody has sent, unread: its bytes, its media type (lower case, without parameters) and its headers.

    An operation whose body is one takes any media type at the edge. Names of headers are in lower case; where one was
    sent several times its values are joined by commas. Cookies, what belongs to the connection and to the platform are
    not among them, and `authorization` only where the operation is for anyone.
    """

    body: Personal[bytes] = b""
    media_type: str = ""
    headers: Personal[dict[str, str]] = {}  # noqa: RUF012  # msgspec copies defaults
