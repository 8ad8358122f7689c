"""Who calls, by proof: what a process sends with its calls to others, and how it checks those that come.

What travels are two headers beside those that say it in plain words:

    atoll-token        the caller's identity, and that it calls this service: see `atoll.identity`
    atoll-user-token   an edge's word about the user, carried unchanged from hop to hop
"""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from atoll.contract import Operation, Unauthenticated, service_of
from atoll.identity import Credentials, Refused, Verifier, spiffe_id
from atoll.kernel import Context

TOKEN, USER_TOKEN = b"atoll-token", b"atoll-user-token"

FRESH_S = 5.0
"""For how long a token is sent or believed without another look at the clock on the wall, by which it ends."""

SEEN_MAX = 1_024
"""How many tokens are known by their bytes."""

_log = logging.getLogger("atoll.access")


class _Seen(NamedTuple):
    """Whose token it was, for which service, until when it is not looked at again, and by which keys."""

    caller: str
    service: str
    until: float
    version: int


class Proving:
    """How one process proves who its services are, and checks who calls them.

    `credentials` are those of its services, by name. `is_edge` says of a service whether it lets users in; where one of
    the process does, it vouches for the users of all calls that leave the process.
    """

    def __init__(
        self, credentials: Mapping[str, Credentials], verifier: Verifier, is_edge: Callable[[str], bool]
    ) -> None:
        self._credentials = credentials
        self._verifier = verifier
        self._is_edge = is_edge
        self._lines: dict[tuple[str, str], tuple[bytes, float]] = {}
        self._seen: dict[bytes, _Seen] = {}

    @property
    def seen(self) -> int:
        """How many tokens are known by their bytes."""
        return len(self._seen)

    def lines(self, context: Context, audience: str, now: float) -> bytes:
        """The lines of a head that prove to a service who calls it; none where nobody can prove it here.

        `now` is the loop's time.
        """
        made = self._lines.get((context.caller, audience))
        if made is None or made[1] <= now:
            credentials = self._credentials.get(context.caller)
            if credentials is None:
                return b""
            made = b"atoll-token: %b\r\n" % credentials.token(audience).encode(), now + FRESH_S
            self._lines[context.caller, audience] = made
        line = made[0]
        if context.user is None:
            return line
        token = context.user_token or self._word(context.user)
        return line if token is None else b"%batoll-user-token: %b\r\n" % (line, token.encode())

    def is_peer(self, names: Sequence[str], service: str) -> bool:
        """Whether a service is among those that a certificate names, as SPIFFE IDs."""
        return spiffe_id(self._verifier.application, service) in names

    def check(
        self,
        headers: Mapping[bytes, bytes],
        context: Context,
        operation: Operation,
        now: float,
        peer_names: Sequence[str] = (),
    ) -> None:
        """Whether it is true what a request says about its caller and its user.

        `now` is the loop's time. `peer_names` are the services that the other side of the connection is by its
        certificate: a token that was stolen from another one is of no use there. Nothing where it has none, or one that
        names no services.

        Raises:
            Unauthenticated: nobody knows, or it is not; the log has a record of that.
        """
        service = audience_of(operation)
        try:
            token = headers.get(TOKEN)
            if token is None:
                raise Refused(f"nothing proves who calls: send the header `{TOKEN.decode()}` ({_hint(service)})")
            caller = self._caller(token, service, now)
            if caller != context.caller:
                raise Refused(f"`atoll-caller` says `{context.caller}`, and the token is that of `{caller}`")
            if peer_names and not self.is_peer(peer_names, caller):
                raise Refused(f"the token is that of `{caller}`, the certificate that of {', '.join(peer_names)}")
            if context.user is not None:
                self._check_user(context)
        except Refused as refused:
            noted = {
                "trace_id": context.trace.id,
                "operation": operation.id,
                "reason": str(refused),
                "service": service,
            }
            _log.warning("refused: a caller of %s is not believed: %s", operation.id, refused, extra=noted)
            raise Unauthenticated(reason=str(refused)) from None

    def _caller(self, token: bytes, service: str, now: float) -> str:
        """Whose token it is. One that was just seen is known by its bytes: nearly all calls show such a one."""
        seen = self._seen.get(token)
        version = self._verifier.version
        if seen is not None and seen.service == service and now < seen.until and seen.version == version:
            return seen.caller
        caller = self._verifier.caller(token.decode("latin-1"), service)
        if len(self._seen) >= SEEN_MAX:
            self._seen.clear()
        self._seen[token] = _Seen(caller, service, now + FRESH_S, version)
        return caller

    def _check_user(self, context: Context) -> None:
        if context.user_token is None:
            raise Refused(f"nothing proves who the user is: send the header `{USER_TOKEN.decode()}` on, as it came")
        if self._verifier.user(context.user_token, self._is_edge) != context.user:
            raise Refused("`atoll-user` says somebody else than its token does")

    def _word(self, user: str) -> str | None:
        """What an edge of this process, or its operator, says about a user of whom nothing was said yet."""
        for name, credentials in self._credentials.items():
            if not name or self._is_edge(name):
                return credentials.user_token(user)
        return None


@functools.lru_cache(4_096)
def audience_of(operation: Operation) -> str:
    """The service to which a call is addressed: a door of the platform's own is its service's."""
    return service_of(operation.service, operation.major).partition(".")[0]


def _hint(service: str) -> str:
    return f"`atoll keys token {service}` prints the operator's"
