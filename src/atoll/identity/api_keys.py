"""API keys of callers from outside: made, listed and revoked, while the application runs or not.

A key is `atoll_{id}_{secret}`. The id is no secret: it stands in lists and logs. Of the secret, which has 256 bits,
only the digest is kept. So nobody can read a key out of the file, and a slow hash would protect nothing.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence

import msgspec

from atoll.identity.principal import Principal
from atoll.kernel import AtollError, Clock, Disk, Entropy

FILE = "keys.json"

LOOK_S = 1.0
"""How long a key that was revoked may still open something."""

_KEY = re.compile(r"atoll_(?P<id>[0-9a-f]{10})_(?P<secret>[A-Za-z0-9_-]{43,64})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_SCOPE = re.compile(r"\*|[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)")
_NO_DIGEST = b"\0" * 32


class NotAKey(AtollError):
    """A key cannot be made, found or read as it was asked for."""

    code = "not_a_key"

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what, fix)
        self.what, self.fix = what, fix

    def __str__(self) -> str:
        return f"{self.what}: {self.fix}"


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key as it is kept. Times are seconds since 1970."""

    id: str
    user: str
    digest: bytes
    operations: tuple[str, ...]
    made_at: float
    expires_at: float | None = None
    revoked_at: float | None = None

    def is_open(self, now: float) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class ApiKeys:
    """The keys in a folder. Owns what it has read of them; whoever changes them has the folder for himself."""

    def __init__(self, disk: Disk, clock: Clock, entropy: Entropy) -> None:
        self._disk = disk
        self._clock = clock
        self._entropy = entropy
        self._by_id: dict[str, ApiKey] = {}
        self._looks_at = float("-inf")

    def all(self) -> list[ApiKey]:
        """All keys, also those that open nothing any more, in the order in which they were made.

        Raises:
            NotAKey: the file cannot be read.
        """
        stored = self._disk.read(FILE)
        try:
            return [] if stored is None else msgspec.json.decode(stored, type=list[ApiKey])
        except ValueError:
            where = self._disk.location(FILE)
            raise NotAKey(f"{where} holds no keys", "put it back from a backup, or remove it to begin anew") from None

    def make(self, user: str, operations: Sequence[str], lasts_s: float | None = None) -> tuple[str, ApiKey]:
        """A new key for a user: the key itself, which is told this once, and what is kept of it.

        Raises:
            NotAKey: the user, or an operation, is not written as such.
        """
        if not _NAME.fullmatch(user):
            raise NotAKey(f"`{user}` is no name of a user", "use letters, digits and . _ @ + -, 100 at most")
        for each in operations:
            if not _SCOPE.fullmatch(each):
                raise NotAKey(f"`{each}` is no operation", "write scoring.score, scoring.* or *")
        if not operations:
            raise NotAKey("the key would open nothing", "name the operations that it opens, or *")
        now = self._now
        number, secret = f"{self._entropy.uuid().int & 0xFF_FFFF_FFFF:010x}", self._entropy.token()
        secret += "0" * (43 - len(secret))
        expires_at = None if lasts_s is None else now + lasts_s
        made = ApiKey(number, user, _digest(secret), tuple(operations), now, expires_at)
        self._put([*self.all(), made])
        return f"atoll_{number}_{secret}", made

    def revoke(self, key_id: str) -> ApiKey:
        """A key, which opens nothing from now on, or a second later where a gateway runs.

        Raises:
            NotAKey: there is none of this id.
        """
        keys = self.all()
        found = next((each for each in keys if each.id == key_id), None)
        if found is None:
            raise NotAKey(f"there is no key `{key_id}`", "`atoll keys` lists them by id")
        if found.revoked_at is not None:
            return found
        revoked = msgspec.structs.replace(found, revoked_at=self._now)
        self._put([revoked if each.id == key_id else each for each in keys])
        return revoked

    def principal_of(self, presented: str) -> Principal | None:
        """Whose key that is; None where it opens nothing.

        A file that cannot be read opens nothing.
        """
        self._look()
        match = _KEY.fullmatch(presented)
        known = self._by_id.get(match["id"]) if match is not None else None
        digest = _digest(match["secret"] if match is not None else presented)
        # Compared also where there is no such id, so that time tells nothing of which ids there are.
        is_right = hmac.compare_digest(digest, known.digest if known is not None else _NO_DIGEST)
        if known is None or not is_right or not known.is_open(self._now):
            return None
        return Principal(known.user, f"key {known.id}", frozenset(known.operations))

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _look(self) -> None:
        """Read the keys again, when it is time."""
        now = self._clock.monotonic()
        if now < self._looks_at:
            return
        self._looks_at = now + LOOK_S
        try:
            self._by_id = {each.id: each for each in self.all()}
        except NotAKey:
            self._by_id = {}

    def _put(self, keys: Sequence[ApiKey]) -> None:
        self._disk.write(FILE, msgspec.json.encode(keys), private=True)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
