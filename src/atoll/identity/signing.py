"""Signed statements: JWS in compact form (RFC 7515), by Ed25519 alone (RFC 8037). One shape, read strictly.

A header is exactly `alg`, `kid` and `typ`, and `alg` is exactly `EdDSA`: there is no choice that a sender could make,
so that nothing can be confused (RFC 8725). `cryptography` is loaded when a key is first made or used, and not before.
"""

import base64
import binascii
import functools
import hashlib
import re
from typing import Any, TypeVar

import msgspec

from atoll.kernel import AtollError

C = TypeVar("C")

ALGORITHM = "EdDSA"

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")


class Refused(AtollError):
    """A statement is not believed. Its message says why, and nothing of what was sent."""

    code = "token_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class SigningKey:
    """A private Ed25519 key. `id` is the thumbprint of its public half (RFC 7638)."""

    def __init__(self, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # loaded by those alone who sign

        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()
        self.id = thumbprint(self.public)

    @classmethod
    def of(cls, secret: str) -> "SigningKey":
        """The key that belongs to a secret of 256 bits or more, as `Entropy.token` makes them."""
        return cls(hashlib.sha256(b"atoll ed25519 " + secret.encode()).digest())

    @property
    def seed(self) -> bytes:
        """The 32 bytes that are the key: to be kept where its owner alone can read."""
        return self._seed

    def sign(self, kind: str, claims: object) -> str:
        """Claims as a signed statement of a kind (the header's `typ`)."""
        head = _encoded(msgspec.json.encode(_Header(ALGORITHM, self.id, kind)))
        signed = f"{head}.{_encoded(msgspec.json.encode(claims))}"
        return f"{signed}.{_encoded(self.signature(signed.encode()))}"

    def signature(self, signed: bytes) -> bytes:
        """The signature of bytes, 64 of them."""
        return self._key.sign(signed)

    def __repr__(self) -> str:
        return f"<SigningKey {self.id}>"


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


class Statement(msgspec.Struct, frozen=True):
    """A statement before anybody has believed it: its parts, and by which key it says that it is signed."""

    key_id: str
    payload: bytes
    signed: bytes
    signature: bytes

    def claims(self, public: bytes, kind: type[C]) -> C:
        """What it says, once the signature was found to be that of this key.

        Raises:
            Refused: it is not, or its claims are not those of such a statement.
        """
        if not _is_signed(public, self.signature, self.signed):
            raise Refused("its signature is not that of the key that it names")
        try:
            return msgspec.json.decode(self.payload, type=kind)
        except (ValueError, RecursionError):
            raise Refused("its claims are not those of such a statement") from None


def read_statement(text: str, kind: str, size_max: int) -> Statement:
    """A statement of one kind, taken apart.

    Raises:
        Refused: it is too long, not in this one shape, or of another kind.
    """
    if len(text) > size_max:
        raise Refused(f"it has more than {size_max} characters")
    parts = text.split(".")
    if len(parts) != 3:
        raise Refused("it is not in three parts")
    head, payload, signature = map(_decoded, parts)
    try:
        header = msgspec.json.decode(head, type=_Header)
    except (ValueError, RecursionError):
        raise Refused("its header is not exactly `alg`, `kid` and `typ`") from None
    if header.alg != ALGORITHM:
        raise Refused(f"it is not signed by {ALGORITHM}")
    if header.typ != kind:
        raise Refused(f"it is no `{kind}`")
    return Statement(header.kid, payload, f"{parts[0]}.{parts[1]}".encode(), signature)


def thumbprint(public: bytes) -> str:
    """The id of a public Ed25519 key: its JWK thumbprint (RFC 7638, RFC 8037 appendix A.3)."""
    said = msgspec.json.encode({"crv": "Ed25519", "kty": "OKP", "x": _encoded(public)})
    return _encoded(hashlib.sha256(said).digest())


class PublicKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public Ed25519 key as JWK (RFC 8037, 2)."""

    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"

    @classmethod
    def of(cls, public: bytes) -> "PublicKey":
        """The key as JWK."""
        return cls(_encoded(public))

    @property
    def raw(self) -> bytes:
        """Its 32 bytes.

        Raises:
            Refused: it is no such key.
        """
        found = _decoded(self.x)
        if self.kty != "OKP" or self.crv != "Ed25519" or len(found) != 32:
            raise Refused("it names a key that is not of Ed25519")
        return found


def _is_signed(public: bytes, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  # loaded by those alone who verify

    try:
        _public(public).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


@functools.lru_cache(256)
def _public(public: bytes) -> Any:  # Any: a key of `cryptography`, which is loaded late
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415  # as above

    return Ed25519PublicKey.from_public_bytes(public)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """The bytes of a segment, which can be written in one way only: else a statement could be changed unnoticed."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if _SEGMENT.fullmatch(text) else b""
    except binascii.Error:
        raw = b""
    if not raw or _encoded(raw) != text:
        raise Refused("a part of it is not base64url")
    return raw
