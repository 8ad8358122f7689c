"""An authority, two of its instances, and somebody who verifies, with a clock that a test sets."""

from datetime import UTC, datetime, timedelta

from atoll.identity import Authority, Credentials, Verifier, own_credentials
from atoll.testing import MemoryDisk, SeededEntropy


class SetClock:
    """A wall clock that stands where it is put. `skew_s` is how wrong it is."""

    def __init__(self, skew_s: float = 0.0) -> None:
        self.at = datetime(2026, 11, 26, 12, 0, tzinfo=UTC) + timedelta(seconds=skew_s)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def authority_of(application: str = "shop", *, clock: SetClock, seed: int = 0) -> Authority:
    made = Authority(application, MemoryDisk(), clock, SeededEntropy(seed))
    made.load()
    return made


def credentials_of(authority: Authority, service: str, clock: SetClock, seed: int = 1) -> Credentials:
    """Those of an instance that the authority vouches for."""
    return own_credentials(authority, service, clock, SeededEntropy(seed))


def verifier_of(authority: Authority, clock: SetClock) -> Verifier:
    return Verifier(authority.trusted, clock)
