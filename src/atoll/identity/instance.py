"""An instance that proves who it is: its own key, what the authority says of it, and a token for each target."""

from collections.abc import Callable

from atoll.identity.claims import CALL, Call
from atoll.identity.names import spiffe_id
from atoll.identity.signing import SigningKey
from atoll.kernel import Clock

CALL_S = 60.0
"""For how long a token of a call holds; a new one is made at half of that."""

BETWEEN = "~"
"""Stands between the two statements of a token: the identity, and the call."""


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

    def token(self, target: str) -> str:
        """A token for calls to one service, and to no other: the same one until half of its life is over."""
        now = self._clock.now().timestamp()
        found = self._tokens.get(target)
        if found is not None and found[1] > now:
            return found[0]
        if self._renews_at <= now:
            self._identity, self._renews_at = self._vouch(self._key.public)
        claims = Call(self._subject, spiffe_id(self._application, target), iat=now, nbf=now, exp=now + CALL_S)
        made = f"{self._identity}{BETWEEN}{self._key.sign(CALL, claims)}"
        self._tokens[target] = made, min(now + CALL_S / 2, self._renews_at)
        return made
