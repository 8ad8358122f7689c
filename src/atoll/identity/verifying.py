"""Who calls, by proof: tokens are verified once, and known by their digest until they end."""

import hashlib

from atoll.identity.authority import IDENTITY_S, Trusted
from atoll.identity.claims import CALL, IDENTITY, LEEWAY_S, Call, Identity, check_times
from atoll.identity.instance import BETWEEN, CALL_S
from atoll.identity.names import service_in, spiffe_id, trust_domain
from atoll.identity.signing import Refused, read_statement, thumbprint
from atoll.kernel import Clock

TOKEN_CHARS_MAX = 4_096
"""A longer token is not read."""

KNOWN_MAX = 4_096
"""How many tokens are known at a time; of more, the oldest are verified again."""


class Verifier:
    """Verifies tokens for the services of one process. Owns what it knows of tokens that it has verified."""

    def __init__(self, trusted: Trusted, clock: Clock) -> None:
        self._trusted = trusted
        self._clock = clock
        self._known: dict[bytes, tuple[str, float]] = {}
        self._version = trusted.version

    @property
    def known(self) -> int:
        """How many tokens are known now."""
        return len(self._known)

    def caller(self, token: str, target: str) -> str:
        """The service that calls the service `target` with this token.

        Raises:
            Refused: the token is not believed, or is for another service.
        """
        if len(token) > TOKEN_CHARS_MAX:
            raise Refused(f"it has more than {TOKEN_CHARS_MAX} characters")
        if self._version != self._trusted.version:  # what was signed by a key that is trusted no longer is not known
            self._known.clear()
            self._version = self._trusted.version
        digest = hashlib.blake2b(f"{target} {token}".encode(errors="surrogatepass"), digest_size=16).digest()
        now = self._clock.now().timestamp()
        found = self._known.get(digest)
        if found is not None and now < found[1]:
            return found[0]
        caller, ends_at = self._verified(token, target, now)
        while len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[digest] = caller, ends_at
        return caller

    def _verified(self, token: str, target: str, now: float) -> tuple[str, float]:
        """The caller, and until when the token may be believed."""
        if not token.isascii():
            raise Refused("it is not in ASCII")
        identity_text, between, call_text = token.partition(BETWEEN)
        if not between:
            raise Refused("it is not an identity and a call")
        application = self._trusted.application
        said = read_statement(identity_text, IDENTITY, TOKEN_CHARS_MAX)
        public = self._trusted.keys.get(said.key_id)
        if public is None:
            raise Refused("its identity is signed by a key that is not trusted here")
        identity = said.claims(public, Identity)
        check_times(identity, now, IDENTITY_S)
        service = service_in(identity.sub, application)
        if identity.iss != trust_domain(application) or service is None:
            raise Refused("its identity is not of a service of this application")
        own = identity.jwk.raw
        said = read_statement(call_text, CALL, TOKEN_CHARS_MAX)
        if said.key_id != thumbprint(own):
            raise Refused("its call is not signed by the instance that it says it is from")
        call = said.claims(own, Call)
        check_times(call, now, CALL_S)
        if call.sub != identity.sub:
            raise Refused("its call is in the name of another service")
        if call.aud != spiffe_id(application, target):
            raise Refused("it is for another service")
        return service, min(call.exp, identity.exp) + LEEWAY_S
