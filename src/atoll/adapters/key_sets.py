"""Where the public keys of an issuer come from: a file, or a URL that is asked from time to time."""

import asyncio
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from atoll.kernel import AtollError

ANSWER_S = 5.0
"""How long the issuer may take to answer."""

BYTES_MAX = 256 * 1024
"""A longer set of keys is not read."""


class NoKeySet(AtollError):
    """The keys of an issuer cannot be had now."""

    code = "no_key_set"
    retryable = True

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place, self.reason = place, reason

    def __str__(self) -> str:
        return f"the keys at {self.place} cannot be had: {self.reason}"


async def key_set(place: str) -> bytes:
    """The set of keys in a file, or at a URL, as it is written there. Redirects are not followed.

    Raises:
        NoKeySet: it cannot be had.
    """
    if not is_url(place):
        try:
            return await asyncio.to_thread(Path(place).read_bytes)
        except OSError as error:
            raise NoKeySet(place, error.strerror or str(error)) from None
    import httpx  # noqa: PLC0415  # loaded by those alone who ask an issuer

    try:
        async with (
            asyncio.timeout(ANSWER_S),
            httpx.AsyncClient(timeout=ANSWER_S, follow_redirects=False, trust_env=False) as http,
            http.stream("GET", place, headers={"accept": "application/json"}) as response,
        ):
            if response.status_code != 200:
                raise NoKeySet(place, f"it answers with {response.status_code}")
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > BYTES_MAX:
                    raise NoKeySet(place, f"it has more than {BYTES_MAX} bytes")
            return bytes(body)
    except (httpx.HTTPError, TimeoutError) as error:
        raise NoKeySet(place, str(error) or type(error).__name__) from None


def is_url(place: str) -> bool:
    """Whether keys are at a URL, rather than in a file."""
    return place.startswith(("http://", "https://"))


def is_safe_url(place: str) -> bool:
    """Whether nobody on the way could put keys of his own in their place: by TLS, or on this machine."""
    try:
        split = urlsplit(place)
        host = split.hostname or ""
    except ValueError:
        return False
    if split.scheme == "https":
        return bool(host)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
