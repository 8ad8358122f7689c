"""Tokens of an issuer that was configured: what is believed, and all that is not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from atoll.identity import Issuer, Refused, issuer_keys
from atoll.identity.claims import LEEWAY_S
from tests.identity.proofs import SetClock

NAME, AUDIENCE = "https://login.example.com/", "shop"
CLOCK = SetClock()
NOW = CLOCK.now().timestamp()
CLAIMS = {"iss": NAME, "aud": AUDIENCE, "sub": "ada@example.com", "iat": NOW, "exp": NOW + 300}

PRIVATE: dict[str, Any] = {  # Any: keys of all kinds
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
}
WEAK = rsa.generate_private_key(65537, 1024)  # shorter than is believed


def listed(alg: str, key: Any) -> dict[str, Any]:  # Any: a key, and members of one
    """The public half as a JWK."""
    made = jwt.get_algorithm_by_name(alg).to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": alg.lower(), "use": "sig"}


SET = json.dumps({"keys": [listed(alg, key) for alg, key in PRIVATE.items()]}).encode()


def signed(alg: str = "EdDSA", *, headers: dict[str, object] | None = None, **changed: object) -> str:
    claims = {name: value for name, value in (CLAIMS | changed).items() if value is not ...}
    return jwt.encode(claims, PRIVATE[alg], alg, headers={"kid": alg.lower()} | (headers or {}))


def believed(token: str, at: SetClock = CLOCK) -> str:
    return Issuer(NAME, AUDIENCE, at).principal_of(token, issuer_keys(SET)).user


@pytest.mark.parametrize("alg", list(PRIVATE))
def test_a_token_of_the_issuer_says_who_it_is(alg: str) -> None:
    """By each kind of key that issuers have."""
    assert believed(signed(alg)) == "ada@example.com"


def test_it_opens_whatever_is_public() -> None:
    """The issuer says who somebody is, and nothing of operations."""
    principal = Issuer(NAME, AUDIENCE, CLOCK).principal_of(signed(), issuer_keys(SET))

    assert principal.operations is None
    assert principal.proof == f"token of {NAME}"


def by_hmac(secret: bytes) -> str:
    """Signed with what everybody knows."""
    head = {"alg": "HS256", "kid": "rs256", "typ": "JWT"}
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (head, CLAIMS)]
    digest = hmac.digest(secret, b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(digest).rstrip(b"=")]).decode()


def stripped(token: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","kid":"eddsa"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


PUBLIC_PEM = PRIVATE["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

WRONG = {
    "expired": signed(exp=NOW - LEEWAY_S),
    "expired long ago": signed(iat=NOW - 9_999, exp=NOW - 9_000),
    "not yet valid": signed(nbf=NOW + LEEWAY_S + 1),
    "issued in the future": signed(iat=NOW + LEEWAY_S + 1, exp=NOW + 600),
    "another audience": signed(aud="bank"),
    "no audience": signed(aud=...),
    "another issuer": signed(iss="https://evil.example"),
    "no issuer": signed(iss=...),
    "no expiry": signed(exp=...),
    "no moment of issue": signed(iat=...),
    "no subject": signed(sub=...),
    "an empty subject": signed(sub=""),
    "a subject with a line end": signed(sub="ada\r\natoll-user: root"),
    "a subject that is too long": signed(sub="x" * 201),
    "an expiry that is true": signed(exp=True),
    "HS256 with the public key in PEM": by_hmac(PUBLIC_PEM),
    "HS256 with nothing": by_hmac(b""),
    "none": stripped(signed()),
    "another key of the issuer": signed("ES256", headers={"kid": "eddsa"}),
    "an unknown key": signed(headers={"kid": "other"}),
    "crit": signed(headers={"crit": ["exp"]}),
    "jku": signed(headers={"jku": "https://evil.example"}),
    "x5u": signed(headers={"x5u": "https://evil.example"}),
    "jwk": signed(headers={"jwk": listed("EdDSA", PRIVATE["EdDSA"])}),
    "zip": signed(headers={"zip": "DEF"}),
    "another kind": signed(headers={"typ": "logout+jwt"}),
    "one of ours": signed(headers={"typ": "atoll-call+jwt"}),
    "without signature": signed().rpartition(".")[0],
    "with an empty signature": signed().rpartition(".")[0] + ".",
    "with another signature": signed()[:-8] + "AAAAAAAA",
    "five parts": signed() + ".x.y",
    "nothing": "",
    "dots": "..",
    "not ASCII": signed() + "ä",
    "too long": signed(more="x" * 8_192),
    "a bomb": "A" * 5_000_000,
}


@pytest.mark.parametrize("name", list(WRONG))
def test_what_is_wrong_is_not_believed(name: str) -> None:
    """Each of them in one way."""
    with pytest.raises(Refused) as caught:
        believed(WRONG[name])

    assert "ada" not in str(caught.value)


def test_the_clock_of_the_application_counts() -> None:
    """The control: with another clock the expired token is believed."""
    assert believed(WRONG["expired"], SetClock(-LEEWAY_S)) == "ada@example.com"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"keys":[]}',
        b'{"keys":[{}]}',
        b'{"keys":[7]}',
        json.dumps({"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}).encode(),
        json.dumps({"keys": [listed("EdDSA", PRIVATE["EdDSA"]) | {"use": "enc"}]}).encode(),
        json.dumps({"keys": [listed("EdDSA", PRIVATE["EdDSA"]) | {"d": "AAAA"}]}).encode(),
        json.dumps({"keys": [listed("EdDSA", PRIVATE["EdDSA"]) | {"kid": None}]}).encode(),
        json.dumps({"keys": [listed("EdDSA", PRIVATE["EdDSA"]) | {"alg": "HS256"}]}).encode(),
        json.dumps({"keys": [listed("RS256", WEAK)]}).encode(),
    ],
    ids=range(11),
)
def test_what_holds_no_public_key_is_refused(text: bytes) -> None:
    """Secrets, private keys, keys for encryption, short ones."""
    with pytest.raises(Refused):
        issuer_keys(text)


def test_keys_of_other_kinds_are_left_out() -> None:
    """An issuer may list what nobody here knows."""
    several = json.loads(SET)["keys"]

    keys = issuer_keys(json.dumps({"keys": [{"kty": "XYZ", "kid": "x"}, *several]}).encode())

    assert list(keys) == ["eddsa", "es256", "rs256"]
