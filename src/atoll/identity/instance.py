"""An instance that proves who it is: its own key, what the authority says of it, and a token for each target."""

from collections.abc import Callable
from typing import NamedTuple

from atoll.identity.claims import CALL, USER, Call, User
from atoll.identity.names import spiffe_id
from atoll.identity.signing import SigningKey
from atoll.kernel import Clock

CALL_S = 60.0
"""For how long a token of a call holds; a new one is made at half of that."""

USER_S = 900.0
"""For how long an edge's word about a user holds: as long as what he has asked for may go from service to service."""

USERS_MAX = 1_024
"""For how many users an edge keeps what it has said."""

BETWEEN = "~"
"""Stands between the two statements of a token: the identity, and what its holder says."""


class Lasting(NamedTuple):
    """A statement, and from when until when it is told, in seconds since 1970."""

    text: str
    made_at: float
    renews_at: float

    def is_told(self, now: float) -> bool:
        """Whether it is told now: one that was made later than that nobody believes, since the clock was set back."""
        return self.made_at <= now < self.renews_at


_NOTHING = Lasting("", 0.0, 0.0)


class Credentials:
    """The proof of one service's instance. Owns its key, its identity, and the tokens that it has made.

    `vouch` asks the authority for a new identity, for the public half of the key; it is asked again when that is no
    longer told.
    """

    def __init__(
        self, application: str, service: str, key: SigningKey, clock: Clock, vouch: Callable[[bytes], Lasting]
    ) -> None:
        self.service = service
        self._application = application
        self._subject = spiffe_id(application, service)
        self._key = key
        self._clock = clock
        self._vouch = vouch
        self._identity = _NOTHING
        self._tokens: dict[str, Lasting] = {}
        self._users: dict[str, Lasting] = {}

    def token(self, target: str) -> str:
        """A token for calls to one service, and to no other: the same one until half of its life is over."""
        now = self._clock.now().timestamp()
        found = self._tokens.get(target)
        if found is not None and found.is_told(now):
            return found.text
        claims = Call(self._subject, spiffe_id(self._application, target), iat=now, nbf=now, exp=now + CALL_S)
        made = self._tokens[target] = self._said(CALL, claims, now, CALL_S)
        return made.text

    def user_token(self, user: str) -> str:
        """An edge's word that it is this user who asks, for whatever service is called in his name."""
        now = self._clock.now().timestamp()
        found = self._users.get(user)
        if found is not None and found.is_told(now):
            return found.text
        made = self._said(USER, User(self._subject, user, iat=now, nbf=now, exp=now + USER_S), now, USER_S)
        while len(self._users) >= USERS_MAX:
            del self._users[next(iter(self._users))]
        self._users[user] = made
        return made.text

    def _said(self, kind: str, claims: Call | User, now: float, life_s: float) -> Lasting:
        """A statement beside the identity of who makes it, told for half of its life, and as long as that."""
        if not self._identity.is_told(now):
            self._identity = self._vouch(self._key.public)
        identity, made_at, renews_at = self._identity
        text = f"{identity}{BETWEEN}{self._key.sign(kind, claims)}"
        return Lasting(text, max(now, made_at), min(now + life_s / 2, renews_at))
