"""JWTs of an issuer that somebody has configured: a company's own login, say (RFC 7519, RFC 7517, RFC 8725).

The algorithm is chosen by the key, and the key by its id among those of the issuer. `PyJWT` is loaded with the first
token, and not before.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from atoll.identity.claims import LEEWAY_S
from atoll.identity.principal import Principal
from atoll.identity.signing import Refused
from atoll.kernel import Clock

TOKEN_CHARS_MAX = 8_192
"""A longer token is not read."""

KEYS_MAX = 100
"""How many keys an issuer may have."""

_ALGORITHMS = {
    "Ed25519": ("EdDSA",),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
}
"""By the kind of key. All are asymmetric: what verifies cannot sign."""

_MEMBERS = frozenset(("alg", "kid", "typ", "x5t", "x5t#S256"))
"""What a header may hold; the last two name a certificate, and are of no effect here."""

_KINDS = frozenset(("jwt", "at+jwt", "application/at+jwt"))

RSA_BITS_MIN = 2_048


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key of an issuer, and by which algorithms it may have signed."""

    key: Any  # Any: a key of `cryptography`, which is loaded late
    algorithms: tuple[str, ...]


IssuerKeys: TypeAlias = dict[str, IssuerKey]
"""By their ids."""


class Issuer:
    """Believes the tokens of one issuer, for one audience. Holds no keys: they are given with each token."""

    def __init__(self, name: str, audience: str, clock: Clock) -> None:
        self._name = name
        self._audience = audience
        self._clock = clock

    def key_id(self, token: str) -> str:
        """By which of its keys the token says that it is signed.

        Raises:
            Refused: it is no such token at all.
        """
        return self._header(token).kid

    def principal_of(self, token: str, keys: IssuerKeys) -> Principal:
        """Whose token that is.

        Raises:
            Refused: it is not believed.
        """
        import jwt  # noqa: PLC0415  # loaded by those alone to whom somebody presents one

        header = self._header(token)
        key = keys.get(header.kid)
        if key is None:
            raise Refused("the token is signed by a key that its issuer does not list")
        if header.alg not in key.algorithms:
            raise Refused("the token is signed by an algorithm that its key is not for")
        required = {"require": ["exp", "iat", "iss", "aud", "sub"]}
        # Times are looked at below, by the clock of this application.
        without = dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False)
        options: Any = required | without  # Any: a typed dict of PyJWT's
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[header.alg],
                audience=self._audience,
                issuer=self._name,
                options=options,
            )
        except jwt.PyJWTError as error:
            raise Refused(f"the token of {self._name} is not believed: {type(error).__name__}") from None
        self._check_times(claims)
        subject: object = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 200 or not subject.isprintable():
            raise Refused("the token does not say whose it is")
        return Principal(subject, f"token of {self._name}")

    def _check_times(self, claims: dict[str, Any]) -> None:  # Any: parts of a token
        now = self._clock.now().timestamp()
        times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
        if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in times):
            raise Refused("the times of the token are no numbers")
        expires_at, issued_at, begins_at = times
        if now >= expires_at + LEEWAY_S:
            raise Refused("the token has expired")
        if now < max(issued_at, begins_at) - LEEWAY_S:
            raise Refused("the token does not hold yet")

    def _header(self, token: str) -> "_Header":
        if len(token) > TOKEN_CHARS_MAX or not token.isascii():
            raise Refused("it is no token")
        head, first, rest = token.partition(".")
        if not first or rest.count(".") != 1 or token.endswith("."):
            raise Refused("it is no signed token")
        try:
            raw = msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)), type=dict[str, object])
            if not raw.keys() <= _MEMBERS:
                raise Refused("the header of the token asks for what is not done here")
            header = msgspec.convert({name: raw[name] for name in ("alg", "kid", "typ") if name in raw}, _Header)
        except (ValueError, binascii.Error, RecursionError):
            raise Refused("the header of the token cannot be read") from None
        if header.typ.lower() not in _KINDS:
            raise Refused("the token is of another kind")
        return header


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str
    typ: str = "JWT"


def issuer_keys(text: bytes) -> IssuerKeys:
    """The public keys in a JSON Web Key Set (RFC 7517). Keys that are not for signing, or of other kinds, are left out.

    Raises:
        Refused: it cannot be read, or holds no key that could be used.
    """
    import jwt  # noqa: PLC0415  # as above

    try:
        found = msgspec.json.decode(text, type=_Set)
    except (ValueError, RecursionError):
        raise Refused("the keys of the issuer cannot be read") from None
    keys: IssuerKeys = {}
    for each in found.keys[:KEYS_MAX]:
        kid, kind = each.get("kid"), each.get("kty")
        named = each.get("crv") if kind in ("EC", "OKP") else kind
        algorithms = _ALGORITHMS.get(str(named), ())
        if not isinstance(kid, str) or not algorithms or each.get("use", "sig") != "sig" or "d" in each:
            continue
        if isinstance(said := each.get("alg"), str):
            algorithms = tuple(name for name in algorithms if name == said)
        try:
            key = jwt.PyJWK.from_dict(each, algorithm=algorithms[0]).key if algorithms else None
        except (jwt.PyJWTError, ValueError, TypeError):
            key = None
        if key is not None and (kind != "RSA" or key.key_size >= RSA_BITS_MIN):
            keys[kid] = IssuerKey(key, algorithms)
    if not keys:
        raise Refused("the issuer lists no public key for signatures of EdDSA, ES256, RS256 or their kin")
    return keys


class _Set(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]  # Any: members of keys of all kinds
