"""Who calls, by proof: tokens are verified once, and known until they end."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from atoll.identity.authority import IDENTITY_S, Trusted
from atoll.identity.claims import CALL, IDENTITY, LEEWAY_S, USER, Call, Identity, User, check_times
from atoll.identity.instance import BETWEEN, CALL_S, USER_S
from atoll.identity.names import OPERATOR, service_in, spiffe_id, trust_domain
from atoll.identity.signing import Refused, read_statement, thumbprint
from atoll.kernel import Clock

C = TypeVar("C", Call, User)

TOKEN_CHARS_MAX = 4_096
"""A longer token is not read."""

KNOWN_MAX = 4_096
"""How many tokens are known at a time; of more, the oldest are verified again."""


def _nothing_new() -> None:
    """There is nowhere to look."""


class _Proven(NamedTuple):
    """The service that has made a token, the user whom it names, if it does, and until when it may be believed."""

    service: str
    user: str
    until: float


class Verifier:
    """Verifies tokens for the services of one process. Owns what it knows of tokens that it has verified.

    `look` finds out whether there are new keys: it is called before a token is refused because of an unknown one.
    """

    def __init__(self, trusted: Trusted, clock: Clock, look: Callable[[], object] = _nothing_new) -> None:
        self._trusted = trusted
        self._clock = clock
        self._look = look
        self._known: dict[tuple[str, str, str], _Proven] = {}
        self._version = trusted.version

    @property
    def application(self) -> str:
        """The application whose tokens these are."""
        return self._trusted.application

    @property
    def version(self) -> int:
        """Which keys are trusted: it changes with them."""
        return self._trusted.version

    @property
    def known(self) -> int:
        """How many tokens are known now."""
        return len(self._known)

    def caller(self, token: str, target: str) -> str:
        """The service that calls the service `target` with this token; `OPERATOR` where no service does.

        Raises:
            Refused: the token is not believed, or is for another service.
        """
        return self._proven(CALL, token, target).service

    def user(self, token: str, is_edge: Callable[[str], bool]) -> str:
        """The user in whose name the token says that something is done.

        Raises:
            Refused: the token is not believed, or was not made by an edge or the operator.
        """
        proven = self._proven(USER, token, "")
        if proven.service != OPERATOR and not is_edge(proven.service):
            raise Refused(f"it is made by `{proven.service}`, which is no edge of this application")
        return proven.user

    def _proven(self, kind: str, token: str, target: str) -> "_Proven":
        """What a token of this kind proves, where it is known already or is believed now."""
        if len(token) > TOKEN_CHARS_MAX:
            raise Refused(f"it has more than {TOKEN_CHARS_MAX} characters")
        if self._version != self._trusted.version:  # what was signed by a key that is trusted no longer is not known
            self._known.clear()
            self._version = self._trusted.version
        asked = (kind, target, token)
        now = self._clock.now().timestamp()
        found = self._known.get(asked)
        if found is not None and now < found.until:
            return found
        proven = self._call(token, target, now) if kind == CALL else self._user(token, now)
        while len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[asked] = proven
        return proven

    def _call(self, token: str, target: str, now: float) -> "_Proven":
        caller, identity, call = self._said(token, CALL, Call, now, CALL_S)
        if call.sub != identity.sub:
            raise Refused("its call is in the name of another service")
        if call.aud != spiffe_id(self._trusted.application, target):
            raise Refused("it is for another service")
        return _Proven(caller, "", min(call.exp, identity.exp) + LEEWAY_S)

    def _user(self, token: str, now: float) -> "_Proven":
        edge, identity, user = self._said(token, USER, User, now, USER_S)
        if user.iss != identity.sub:
            raise Refused("it is made in the name of another service")
        return _Proven(edge, user.sub, min(user.exp, identity.exp) + LEEWAY_S)

    def _said(self, token: str, kind: str, shape: type[C], now: float, life_max_s: float) -> tuple[str, Identity, C]:
        """The service whose instance has made a token, its identity, and what it says."""
        if not token.isascii():
            raise Refused("it is not in ASCII")
        identity_text, between, said_text = token.partition(BETWEEN)
        if not between:
            raise Refused("it is not an identity and what its holder says")
        application = self._trusted.application
        said = read_statement(identity_text, IDENTITY, TOKEN_CHARS_MAX)
        public = self._trusted.keys.get(said.key_id)
        if public is None:
            self._look()
            public = self._trusted.keys.get(said.key_id)
        if public is None:
            raise Refused("its identity is signed by a key that is not trusted here")
        identity = said.claims(public, Identity)
        check_times(identity, now, IDENTITY_S)
        service = service_in(identity.sub, application)
        if identity.iss != trust_domain(application) or service is None:
            raise Refused("its identity is not of a service of this application")
        own = identity.jwk.raw
        said = read_statement(said_text, kind, TOKEN_CHARS_MAX)
        if said.key_id != thumbprint(own):
            raise Refused("it is not signed by the instance that it says it is from")
        claims = said.claims(own, shape)
        check_times(claims, now, life_max_s)
        return service, identity, claims
