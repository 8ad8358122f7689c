"""What statements say: who an instance is, whom it calls, for which user (RFC 7519, RFC 7800). Times are seconds."""

import msgspec

from atoll.identity.signing import PublicKey, Refused

IDENTITY = "atoll-identity+jwt"
CALL = "atoll-call+jwt"
USER = "atoll-user+jwt"
MANIFEST = "atoll-manifest+jwt"

LEEWAY_S = 30.0
"""How far the clocks of two machines may be apart."""


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That whoever can sign with the key `jwk` is an instance of the service `sub`; said by the authority `iss`."""

    iss: str
    sub: str
    jwk: PublicKey
    iat: float
    nbf: float
    exp: float


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the service `sub` calls the service `aud`, and no other; said by an instance of it."""

    sub: str
    aud: str
    iat: float
    nbf: float
    exp: float


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the edge `iss` has found out that it is the user `sub` who asks; said by an instance of it."""

    iss: str
    sub: str
    iat: float
    nbf: float
    exp: float


def check_times(claims: Identity | Call | User, now: float, life_max_s: float) -> None:
    """Whether a statement holds now.

    Raises:
        Refused: it has ended, holds later only, or for longer than such a statement may.
    """
    if not claims.iat <= claims.nbf < claims.exp <= claims.iat + life_max_s:
        raise Refused("its times are not those of such a statement")
    if claims.exp + LEEWAY_S <= now:
        raise Refused("it has expired")
    if claims.nbf - LEEWAY_S > now:
        raise Refused("it does not hold yet: the clock of one of both machines is wrong")
