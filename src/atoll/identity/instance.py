"""An instance that proves who it is: its own key, what the authority says of it, and a token for each target."""

from collections.abc import Callable

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


class Credentials:
    """The proof of one service's instance. Owns its key, its identity, and the tokens that it has made.

    `vouch` asks the authority for a new identity, for the public half of the key; it is asked again when half of the
    identity's life is over.
    """

    def __init__(
        self, application: str, service: str, key: SigningKey, clock: Clock, vouch: Callable[[bytes], tuple[str, float]]
    ) -> None:
        self.service = service
        self._application = application
        self._subject = spiffe_id(application, service)
        self._key = key
        self._clock = clock
        self._vouch = vouch
        self._identity = ""
        self._renews_at = 0.0
        self._tokens: dict[str, tuple[str, float]] = {}
        self._users: dict[str, tuple[str, float]] = {}

    def token(self, target: str) -> str:
        """A token for calls to one service, and to no other: the same one until half of its life is over."""
        now = self._clock.now().timestamp()
        found = self._tokens.get(target)
        if found is not None and found[1] > now:
            return found[0]
        claims = Call(self._subject, spiffe_id(self._application, target), iat=now, nbf=now, exp=now + CALL_S)
        made, renews_at = self._said(CALL, claims, now)
        self._tokens[target] = made, min(now + CALL_S / 2, renews_at)
        return made

    def user_token(self, user: str) -> str:
        """An edge's word that it is this user who asks, for whatever service is called in his name."""
        now = self._clock.now().timestamp()
        found = self._users.get(user)
        if found is not None and found[1] > now:
            return found[0]
        made, renews_at = self._said(USER, User(self._subject, user, iat=now, nbf=now, exp=now + USER_S), now)
        while len(self._users) >= USERS_MAX:
            del self._users[next(iter(self._users))]
        self._users[user] = made, min(now + USER_S / 2, renews_at)
        return made

    def _said(self, kind: str, claims: Call | User, now: float) -> tuple[str, float]:
        """A statement beside the identity of who makes it, and when that is renewed."""
        if self._renews_at <= now:
            self._identity, self._renews_at = self._vouch(self._key.public)
        return f"{self._identity}{BETWEEN}{self._key.sign(kind, claims)}", self._renews_at
