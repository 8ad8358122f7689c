"""API keys: made, listed, revoked, and what they open."""

import inspect
from pathlib import Path

import pytest

from atoll import contract_of
from atoll.adapters.system import SystemDisk
from atoll.identity import ApiKeys, NotAKey, Principal
from atoll.identity.api_keys import FILE, LOOK_S
from atoll.testing import MemoryDisk, SeededEntropy
from tests.calls.test_access import Teller, Vault
from tests.identity.proofs import SetClock


class Ring:
    """Somebody who makes keys, and a gateway which reads them."""

    def __init__(self) -> None:
        self.disk, self.clock = MemoryDisk(), SetClock()
        self.changing = ApiKeys(self.disk, self.clock, SeededEntropy())
        self.gateway = ApiKeys(self.disk, self.clock, SeededEntropy(5))


@pytest.fixture
def ring() -> Ring:
    return Ring()


def test_a_key_opens_what_it_names_in_its_users_name(ring: Ring) -> None:
    """And nothing else."""
    key, kept = ring.changing.make("ci", ("vault.look", "teller.*"))

    principal = ring.gateway.principal_of(key)

    assert principal is not None
    assert (principal.user, principal.proof) == ("ci", f"key {kept.id}")
    vault, teller = contract_of(Vault), contract_of(Teller)
    assert [principal.may(each) for each in (*vault.operations, *teller.operations)] == [True, False, True]


@pytest.mark.parametrize(
    ("scope", "opened"), [("*", [True, True]), ("vault.*", [True, True]), ("vault.o", [False, False])]
)
def test_a_scope_is_an_operation_a_service_or_everything(ring: Ring, scope: str, opened: list[bool]) -> None:
    """There is no other pattern."""
    key, _ = ring.changing.make("ci", (scope,))

    principal = ring.gateway.principal_of(key)

    assert principal is not None
    assert [principal.may(each) for each in contract_of(Vault).operations] == opened


@pytest.mark.parametrize(
    ("scope", "is_named"), [("gateway.metrics", True), ("gateway.*", True), ("*", False), ("vault.*", False)]
)
def test_what_is_no_operation_is_opened_by_its_name_alone(ring: Ring, scope: str, is_named: bool) -> None:
    """`*` is whatever is public: figures of the inside are not."""
    key, _ = ring.changing.make("ci", (scope,))

    principal = ring.gateway.principal_of(key)

    assert principal is not None
    assert principal.names("gateway", "metrics") is is_named
    assert not Principal("ada", "a token").names("gateway", "metrics")


def test_only_a_digest_is_kept_where_its_owner_alone_can_read(tmp_path: Path) -> None:
    """Who reads the file has no key."""
    made = ApiKeys(SystemDisk(tmp_path), SetClock(), SeededEntropy())

    key, kept = made.make("ci", ("*",))

    content = (tmp_path / FILE).read_text()
    secret = key.rpartition(f"atoll_{kept.id}_")[2]
    assert secret not in content
    assert key not in content
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_revoked_key_opens_nothing_a_second_later(ring: Ring) -> None:
    """Without a restart; it stays in the list."""
    key, kept = ring.changing.make("ci", ("*",))
    assert ring.gateway.principal_of(key) is not None

    ring.changing.revoke(kept.id)
    ring.clock.pass_by(LOOK_S)

    assert ring.gateway.principal_of(key) is None
    assert [each.revoked_at is not None for each in ring.changing.all()] == [True]


def test_a_key_that_is_made_while_the_gateway_runs_opens_a_second_later(ring: Ring) -> None:
    """The file is read again."""
    assert ring.gateway.principal_of("nothing") is None
    key, _ = ring.changing.make("ci", ("*",))

    ring.clock.pass_by(LOOK_S)

    assert ring.gateway.principal_of(key) is not None


def test_an_expired_key_opens_nothing(ring: Ring) -> None:
    """At the moment at which it expires."""
    key, _ = ring.changing.make("ci", ("*",), lasts_s=60)
    assert ring.gateway.principal_of(key) is not None

    ring.clock.pass_by(60)

    assert ring.gateway.principal_of(key) is None


def test_what_is_not_a_key_opens_nothing(ring: Ring) -> None:
    """Another secret, another id, parts of it, or the digest that is kept."""
    key, kept = ring.changing.make("ci", ("*",))
    other, _ = ring.changing.make("ada", ("*",))
    wrong = [
        "", "atoll_", key[:-1], f"{key}0", key.upper(), f" {key}", f"{key}\n", f"{key}\x00", key.replace("_", "-"),
        f"atoll_{kept.id}_{other.split('_', 2)[2]}", f"atoll_{kept.id}_{kept.digest.hex()}", f"atoll_{kept.id}_",
        f"atoll_0000000000_{key[17:]}", key[17:], "\udcff" * 60, "x" * 1_000_000, f"atoll_{kept.id}_{'ä' * 43}",
    ]  # fmt: skip

    assert [ring.gateway.principal_of(each) for each in wrong] == [None] * len(wrong)


@pytest.mark.parametrize("content", [b"", b"{}", b"[{}]", b"\xff", b"null", b'[{"id":"a"}]'])
def test_a_damaged_file_opens_nothing_and_is_told_to_who_changes_it(ring: Ring, content: bytes) -> None:
    """Neither a crash of the gateway, nor a new file in place of keys that somebody needs."""
    key, _ = ring.changing.make("ci", ("*",))
    ring.disk.write(FILE, content)

    assert ring.gateway.principal_of(key) is None
    with pytest.raises(NotAKey, match="backup"):
        ring.changing.make("ada", ("*",))
    assert ring.disk.files[FILE] == content


@pytest.mark.parametrize(
    ("user", "operations"),
    [("", ("*",)), ("a b", ("*",)), ("-x", ("*",)), ("a\n", ("*",)), ("x" * 101, ("*",)), ("ci", ()), ("ci", ("**",)),
     ("ci", ("vault",)), ("ci", ("vault.",)), ("ci", ("*.look",)), ("ci", ("Vault.look",)), ("ci", ("vault.look ",))],
)  # fmt: skip
def test_what_is_written_wrong_makes_no_key(ring: Ring, user: str, operations: tuple[str, ...]) -> None:
    """A scope that means nothing would open nothing, and nobody would know why."""
    with pytest.raises(NotAKey):
        ring.changing.make(user, operations)

    assert ring.changing.all() == []


def test_nobody_but_a_known_id_can_be_revoked(ring: Ring) -> None:
    """A slip of the pen is told."""
    with pytest.raises(NotAKey, match="atoll keys"):
        ring.changing.revoke("0000000000")


def test_keys_are_compared_in_constant_time_also_where_the_id_is_unknown() -> None:
    """How long an answer takes tells neither a part of a secret nor which ids there are."""
    source = inspect.getsource(ApiKeys.principal_of)

    assert "hmac.compare_digest(" in source
    assert "_NO_DIGEST" in source
    assert "==" not in source.replace("!=", "")
