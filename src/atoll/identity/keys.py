"""Keys of callers from outside: a long secret that proves who asks.

Keys are compared as digests in constant time. The development key is made at the first start and kept in a file that
only the owner of the process can read, so that a laptop asks for a key like production does.
"""

import hashlib
import hmac

from atoll.kernel import Disk, Entropy

_DEVELOPMENT = "development.key"
_SCHEME = "bearer "

KEY_CHARS_MIN = 24
"""A shorter key could be guessed."""


class Keys:
    """The API keys that open this application, and whose they are."""

    def __init__(self, disk: Disk, entropy: Entropy) -> None:
        self._disk = disk
        self._entropy = entropy
        self._users: dict[bytes, str] = {}

    def development_key(self) -> str:
        """The key of the user `developer`; made now when there is none yet, or its file holds none that is worth one.

        The file is written at each start, so that only its owner can read it, whoever has put it there.
        """
        stored = self._disk.ensure(_DEVELOPMENT, lambda: self._made().encode(), private=True)
        key = stored.decode(errors="replace").strip()
        if len(key) < KEY_CHARS_MIN or not key.isascii():  # an emptied file must not open the door to an empty key
            key = self._made()
        self._disk.write(_DEVELOPMENT, key.encode(), private=True)
        self._users[_digest(key)] = "developer"
        return key

    def _made(self) -> str:
        return f"atoll_{self._entropy.token()}"

    def user_of(self, authorization: str | None) -> str | None:
        """Whose key stands in an `Authorization: Bearer` header (RFC 6750); None when it opens nothing."""
        key = bearer_in(authorization)
        if key is None:
            return None
        presented = _digest(key)
        user = None
        for known, name in self._users.items():  # all of them, so that time tells nothing
            if hmac.compare_digest(known, presented):
                user = name
        return user


def bearer_in(authorization: str | None) -> str | None:
    """The key or token in an `Authorization: Bearer` header (RFC 6750); None where there is none."""
    if authorization is None or not authorization.lower().startswith(_SCHEME):
        return None
    return authorization[len(_SCHEME) :].strip()


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()  # no two texts may become the same bytes
