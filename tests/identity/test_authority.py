"""The authority of an application: its keys, and the manifest that it signs."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from atoll.adapters.system import SystemDisk
from atoll.identity import (
    Authority,
    AuthorityUnreadable,
    Manifest,
    Member,
    Refused,
    SigningKey,
    encode_bundle,
    read_bundle,
    read_manifest,
    service_in,
)
from atoll.identity.authority import FILE, IDENTITY_S, OLD_KEYS_MAX
from atoll.testing import MemoryDisk, SeededEntropy
from tests.identity.proofs import SetClock, authority_of

MANIFEST = Manifest("shop", "1.0", (Member("scoring"),))


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """On a real disk: mode 0600."""
    clock = SetClock()
    first = Authority("shop", SystemDisk(tmp_path), clock, SeededEntropy())
    first.load()

    again = Authority("shop", SystemDisk(tmp_path), clock, SeededEntropy(seed=1))
    again.load()

    assert again.trusted.keys == first.trusted.keys
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_could_read_is_mended(tmp_path: Path) -> None:
    """Whoever has put it there."""
    authority = Authority("shop", SystemDisk(tmp_path), SetClock(), SeededEntropy())
    authority.load()
    (tmp_path / FILE).chmod(0o644)

    authority.load()

    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{}", b'{"keys":[]}', b"\xff", b'{"keys":[{"seed":"AAAA","made_at":1}]}'])
def test_a_damaged_file_is_not_replaced(content: bytes) -> None:
    """Whoever trusts the old keys would trust nobody any more: a person has to know."""
    disk = MemoryDisk()
    disk.write(FILE, content)

    with pytest.raises(AuthorityUnreadable, match="put back the file"):
        Authority("shop", disk, SetClock(), SeededEntropy()).load()

    assert disk.files[FILE] == content


def test_former_keys_are_trusted_until_what_they_signed_has_ended() -> None:
    """Nobody has to start again, and nothing is trusted for ever."""
    clock = SetClock()
    authority = authority_of(clock=clock)
    first = set(authority.trusted.keys)

    authority.rotate()
    both = set(authority.trusted.keys)
    clock.pass_by(IDENTITY_S - 1)
    authority.rotate()
    three = set(authority.trusted.keys)
    clock.pass_by(2)
    authority.rotate()

    assert first < both < three
    assert not first & set(authority.trusted.keys), "the first one signed until the first rotation"
    assert len(authority.trusted.keys) == 3


def test_the_number_of_former_keys_is_bounded() -> None:
    """However often somebody rotates."""
    authority = authority_of(clock=SetClock())

    for _ in range(20):
        authority.rotate()

    assert len(authority.trusted.keys) == OLD_KEYS_MAX + 1


def test_the_trusted_keys_travel_as_a_key_set() -> None:
    """What is written is read, and holds no secret."""
    authority = authority_of(clock=SetClock())
    text = encode_bundle(authority.trusted, "signed")

    assert read_bundle(text) == (authority.trusted.keys, "signed")
    assert set(msgspec.json.decode(text)["keys"][0]) == {"kid", "kty", "crv", "x"}


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"keys":[{"kid":"a","x":"AAAA"}]}', b'{"keys":[{"kid":1,"x":2}]}']
)
def test_what_is_no_key_set_is_refused(text: bytes) -> None:
    """A half-written file trusts nobody by accident."""
    with pytest.raises(Refused):
        read_bundle(text)


def test_a_signed_manifest_is_read_and_a_changed_one_is_not() -> None:
    """It is what grants."""
    authority = authority_of(clock=SetClock())
    signed = authority.sign_manifest(MANIFEST)
    head, payload, signature = signed.split(".")
    keys = authority.trusted.keys

    assert read_manifest(signed, "shop", keys) == MANIFEST
    for wrong in (f"{head}.{payload}", f"{head}.{payload}A.{signature}", f"{head}.e30.{signature}", ""):
        with pytest.raises(Refused):
            read_manifest(wrong, "shop", keys)


def test_a_manifest_of_somebody_else_is_refused() -> None:
    """By another key, of another application, or a token in its place."""
    clock = SetClock()
    authority, other = authority_of(clock=clock), authority_of(clock=clock, seed=3)
    keys = authority.trusted.keys

    for wrong in (
        other.sign_manifest(MANIFEST),
        authority.sign_manifest(Manifest("bank", "1.0", ())),
        authority.vouch("scoring", SigningKey.of("x" * 40).public),
    ):
        with pytest.raises(Refused):
            read_manifest(wrong, "shop", keys)


@pytest.mark.parametrize(
    "name", ["", "spiffe://shop", "spiffe://shop/", "spiffe://shop/a/b", "spiffe://Shop/a", "spiffe://shop/A", "shop/a"]
)
def test_what_is_no_name_of_a_service_is_none(name: str) -> None:
    """It could be read in two ways."""
    assert service_in(name, "shop") is None


def test_importing_contracts_and_applications_loads_no_cryptography() -> None:
    """It costs some forty milliseconds, which only who signs or verifies shall pay."""
    said = "import sys, atoll; print({each.split('.')[0] for each in sys.modules} & {'cryptography', 'jwt'})"

    found = subprocess.run([sys.executable, "-c", said], capture_output=True, check=True, text=True)

    assert found.stdout.strip() == "set()"
