"""What is remembered of a token, on either side: for five seconds of the loop, and never for anything else."""

from collections.abc import Mapping

import pytest

from atoll import Context, contract_of
from atoll.calls import Proving
from atoll.calls.proving import FRESH_S, SEEN_MAX
from atoll.identity import Authority, Verifier, own_credentials
from atoll.identity.claims import LEEWAY_S
from atoll.identity.instance import CALL_S
from atoll.problems import Unauthenticated
from atoll.testing import SeededEntropy
from tests.calls.test_access import Teller, Vault
from tests.identity.proofs import SetClock, authority_of

VAULT = contract_of(Vault).operation("look")
TELLER = contract_of(Teller).operation("ask")


class Both:
    """Two ends: the teller calls, the vault is called. The clock on the wall is one that a test sets."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.authority: Authority = authority_of("bank", clock=self.clock)
        credentials = own_credentials(self.authority, "teller", self.clock, SeededEntropy(1))
        verifier = Verifier(self.authority.trusted, self.clock)
        self.proving = Proving({"teller": credentials}, verifier, lambda _: False)
        self.context = Context(caller="teller")

    def headers(self, now: float) -> Mapping[bytes, bytes]:
        """What the teller sends at a moment of the loop."""
        name, _, value = self.proving.lines(self.context, "vault", now).rstrip().partition(b": ")
        return {name: value}


def test_a_token_is_sent_again_and_another_one_in_time() -> None:
    """Half a minute after it was made there is another one, five seconds later at most."""
    both = Both()
    first, second = both.headers(0.0), both.headers(FRESH_S - 0.1)
    both.clock.pass_by(CALL_S / 2)
    third, fourth = both.headers(FRESH_S - 0.1), both.headers(FRESH_S)

    assert first == second == third
    assert fourth != first


def test_a_token_that_was_seen_is_believed_for_five_seconds_more_at_most() -> None:
    """Whatever the clock on the wall does meanwhile."""
    both = Both()
    headers = both.headers(0.0)
    both.proving.check(headers, both.context, VAULT, 0.0)
    both.clock.pass_by(CALL_S + LEEWAY_S)
    both.proving.check(headers, both.context, VAULT, FRESH_S - 0.1)

    with pytest.raises(Unauthenticated, match="expired"):
        both.proving.check(headers, both.context, VAULT, FRESH_S)


def test_what_was_seen_is_known_for_its_caller_its_service_and_its_keys_alone() -> None:
    """It is looked up by its bytes; all else has to be as it was."""
    both = Both()
    headers = both.headers(0.0)
    both.proving.check(headers, both.context, VAULT, 0.0)

    with pytest.raises(Unauthenticated, match="says `visitor`"):
        both.proving.check(headers, Context(caller="visitor"), VAULT, 0.0)
    with pytest.raises(Unauthenticated, match="for another service"):
        both.proving.check(headers, both.context, TELLER, 0.0)
    both.proving.check(headers, both.context, VAULT, 0.0)
    both.authority.trusted.put({})
    with pytest.raises(Unauthenticated, match="not trusted here"):
        both.proving.check(headers, both.context, VAULT, 0.0)


def test_what_proves_nothing_is_not_remembered() -> None:
    """A stranger fills no memory; and what is remembered is bounded."""
    both = Both()
    for number in range(2 * SEEN_MAX):
        with pytest.raises(Unauthenticated):
            both.proving.check({b"atoll-token": b"%d" % number}, both.context, VAULT, 0.0)

    assert both.proving.seen == 0
