"""Who looks: one-time links, and sessions in a cookie. Both are signed by a key in the console's own folder.

So they outlive a restart, and whoever can read the folder can make a link: the command line does.
"""

import base64
import hashlib
import hmac
from typing import Literal, TypeVar

import msgspec

from atoll import Clock, Disk, Entropy

KEY, USED = "session.key", "used-links.json"
LINK_S = 600.0
"""For how long a link can be used, once."""

Role = Literal["operator", "viewer"]


class Session(msgspec.Struct, frozen=True):
    """Somebody who has logged in: as whom, and until when (seconds since 1970)."""

    id: str
    role: Role
    until: float

    @property
    def user(self) -> str:
        """The name by which the application knows whoever it is."""
        return f"console-{self.role}"


class _Link(msgspec.Struct, frozen=True):
    id: str
    role: Role
    until: float


S = TypeVar("S", _Link, Session)


class Sessions:
    """Makes links and sessions, and knows them again. Owns the key, and which links were used."""

    def __init__(self, disk: Disk, clock: Clock, entropy: Entropy, session_s: float) -> None:
        self._disk = disk
        self._clock = clock
        self._entropy = entropy
        self._session_s = session_s
        self._key = signing_key(disk, entropy)

    def enter(self, token: str) -> str | None:
        """The cookie of a session for a link that is used now; None where it is none, is too old, or was used."""
        link = self._read(token, "link", _Link)
        if link is None:
            return None
        now = self._now
        used = {link_id: until for link_id, until in self._used().items() if until > now}
        if link.id in used:
            return None
        self._disk.write(USED, msgspec.json.encode(used | {link.id: link.until}), private=True)
        return sign(self._key, "session", Session(self._entropy.token(), link.role, now + self._session_s))

    def session(self, cookie: str) -> Session | None:
        """The session of a cookie; None where it is none, or is over."""
        return self._read(cookie, "session", Session)

    def csrf(self, session: Session) -> str:
        """What a page says with each change, so that no other page can make it."""
        return _signature(self._key, "csrf", session.id.encode())

    def _used(self) -> dict[str, float]:
        try:
            return msgspec.json.decode(self._disk.read(USED) or b"{}", type=dict[str, float])
        except msgspec.DecodeError:
            return {}

    def _read(self, token: str, purpose: str, kind: type[S]) -> S | None:
        content, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), _signature(self._key, purpose, content.encode()).encode()):
            return None
        try:
            found = msgspec.json.decode(base64.urlsafe_b64decode(content), type=kind)
        except (ValueError, msgspec.DecodeError):
            return None
        return found if found.until > self._now else None

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()


def signing_key(disk: Disk, entropy: Entropy) -> bytes:
    """The key of a console; made where there is none, for its owner alone."""
    return disk.ensure(KEY, lambda: entropy.token().encode(), private=True)


def link_token(key: bytes, clock: Clock, entropy: Entropy, role: Role) -> str:
    """The secret part of a link that logs in once, within `LINK_S`."""
    return sign(key, "link", _Link(entropy.token(), role, clock.now().timestamp() + LINK_S))


def sign(key: bytes, purpose: str, what: _Link | Session) -> str:
    """A record as text that only who has the key can make, for one purpose."""
    content = base64.urlsafe_b64encode(msgspec.json.encode(what)).decode()
    return f"{content}.{_signature(key, purpose, content.encode())}"


def _signature(key: bytes, purpose: str, content: bytes) -> str:
    return hmac.new(key, purpose.encode() + b"\n" + content, hashlib.sha256).hexdigest()
