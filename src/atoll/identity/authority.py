"""The authority of an application: whom it trusts, said by a key of its own.

The key is made at the first start, in a file that its owner alone can read. It rotates without a restart: a new key
signs from now on, and the old one is trusted until what it signed has ended. Who verifies is given the public halves.
"""

from collections.abc import Mapping

import msgspec

from atoll.identity.claims import IDENTITY, MANIFEST, Identity
from atoll.identity.instance import Credentials, Lasting
from atoll.identity.names import spiffe_id, trust_domain
from atoll.identity.signing import PublicKey, Refused, SigningKey
from atoll.kernel import AtollError, Clock, Disk, Entropy

FILE = "authority.json"

IDENTITY_S = 3_600.0
"""For how long an instance is vouched for; it is vouched for again at half of that."""

OLD_KEYS_MAX = 4
"""How many former keys are trusted at most, however often somebody rotates."""


class AuthorityUnreadable(AtollError):
    """The authority's file holds no keys. It is not replaced: whoever trusts the old keys would trust nobody."""

    code = "authority_unreadable"

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file

    def __str__(self) -> str:
        return (
            f"{self.file} holds no keys of an authority: put back the file from a backup, or remove it, and start all "
            "processes again; they are then vouched for by a new authority"
        )


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: bytes
    made_at: float


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys, the newest first. The first one signs."""

    keys: tuple[_Key, ...]


class Trusted:
    """The public keys of an authority, by id: what verifying needs. Owns the present set, and its version."""

    def __init__(self, application: str, keys: Mapping[str, bytes]) -> None:
        self.application = application
        self.keys = dict(keys)
        self.version = 0

    def put(self, keys: Mapping[str, bytes]) -> None:
        """Trust these from now on, and no others."""
        if dict(keys) != self.keys:
            self.keys = dict(keys)
            self.version += 1


class Authority:
    """Vouches for the instances of one application. Owns its keys."""

    def __init__(self, application: str, disk: Disk, clock: Clock, entropy: Entropy) -> None:
        self.application = application
        self._disk = disk
        self._clock = clock
        self._entropy = entropy
        self._keys: list[tuple[SigningKey, float]] = []
        self.trusted = Trusted(application, {})

    def load(self) -> None:
        """Read the keys, or make the first one.

        Raises:
            AuthorityUnreadable: there is a file, and no key in it.
        """
        keys = self._stored()
        self._keep([self._made()] if keys is None else keys)  # written again, so that only its owner can read it

    def look(self) -> None:
        """Read the keys again, which another process may have rotated.

        Raises:
            AuthorityUnreadable: as when they were opened.
        """
        keys = self._stored()
        if keys is not None and [key.id for key, _ in keys] != [key.id for key, _ in self._keys]:
            self._take(keys)

    def _stored(self) -> list[tuple[SigningKey, float]] | None:
        stored = self._disk.read(FILE)
        if stored is None:
            return None
        try:
            kept = msgspec.json.decode(stored, type=_Kept)
            keys = [(SigningKey(each.seed), each.made_at) for each in kept.keys]
        except ValueError:
            keys = []
        if not keys:
            raise AuthorityUnreadable(self._disk.location(FILE))
        return keys

    def rotate(self) -> str:
        """Sign with a new key from now on; its id. Former keys are trusted until what they signed has ended."""
        now = self._now
        # A key signed until the one above it was made: from that moment on its statements have been ending.
        ended = [now, *(made_at for _, made_at in self._keys)]
        kept = [key for key, at in zip(self._keys, ended, strict=False) if at + IDENTITY_S > now]
        self._keep([self._made(), *kept[:OLD_KEYS_MAX]])
        return self.signing.id

    def vouch(self, service: str, public: bytes) -> str:
        """A signed identity of an instance: that whoever has the other half of this key is of this service."""
        now = self._now
        claims = Identity(
            iss=trust_domain(self.application),
            sub=spiffe_id(self.application, service),
            jwk=PublicKey.of(public),
            iat=now,
            nbf=now,
            exp=now + IDENTITY_S,
        )
        return self.signing.sign(IDENTITY, claims)

    def sign_manifest(self, manifest: object) -> str:
        """The manifest of the application, signed."""
        return self.signing.sign(MANIFEST, manifest)

    @property
    def signing(self) -> SigningKey:
        """The key that signs now."""
        return self._keys[0][0]

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _made(self) -> tuple[SigningKey, float]:
        return SigningKey.of(self._entropy.token()), self._now

    def _keep(self, keys: list[tuple[SigningKey, float]]) -> None:
        kept = _Kept(tuple(_Key(key.seed, made_at) for key, made_at in keys))
        self._disk.write(FILE, msgspec.json.encode(kept), private=True)
        self._take(keys)

    def _take(self, keys: list[tuple[SigningKey, float]]) -> None:
        self._keys = keys
        self.trusted.put({key.id: key.public for key, _ in keys})


def own_credentials(authority: Authority, service: str, clock: Clock, entropy: Entropy) -> Credentials:
    """The credentials of an instance of a service, in the authority's own process."""

    def vouch(public: bytes) -> Lasting:
        authority.look()
        now = clock.now().timestamp()
        return Lasting(authority.vouch(service, public), now, now + IDENTITY_S / 2)

    return Credentials(authority.application, service, SigningKey.of(entropy.token()), clock, vouch)


class _Bundle(msgspec.Struct, frozen=True):
    keys: tuple["_Listed", ...]
    manifest: str = ""


class _Listed(msgspec.Struct, frozen=True):
    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"


def encode_bundle(trusted: Trusted, manifest: str = "") -> bytes:
    """Whom to trust, and what is granted: a JSON Web Key Set (RFC 7517) with a signed manifest. It is no secret."""
    keys = tuple(_Listed(each, PublicKey.of(key).x) for each, key in trusted.keys.items())
    return msgspec.json.encode(_Bundle(keys, manifest))


def read_bundle(text: bytes) -> tuple[dict[str, bytes], str]:
    """The keys in a bundle, and its manifest, which nobody has believed yet.

    Raises:
        Refused: it cannot be read, or holds what is no key of Ed25519.
    """
    try:
        found = msgspec.json.decode(text, type=_Bundle)
    except (ValueError, RecursionError):
        raise Refused("the bundle of trusted keys cannot be read") from None
    return {each.kid: PublicKey(each.x, each.kty, each.crv).raw for each in found.keys}, found.manifest
