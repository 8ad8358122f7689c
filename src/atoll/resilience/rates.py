"""How often somebody may ask: the generic cell rate algorithm (ITU-T I.371), which needs one number for each of them.

It is the moment at which all that was asked so far would have been asked at the agreed rate. Whoever is not further
ahead of it than a burst may ask; a burst may come at once, and is had again after a while.
"""

import msgspec

FORGET_AT = 4_096
"""When so many are known, those who have nothing to make up for are forgotten."""


class Rate(msgspec.Struct, frozen=True):
    """So many a second in the long run, and so many at once."""

    per_s: float
    burst: int

    @property
    def window_s(self) -> float:
        """After how long a whole burst may come again."""
        return self.burst / self.per_s


class Verdict(msgspec.Struct, frozen=True):
    """Whether somebody may ask now, how often more, and what he has to wait for: spans in seconds."""

    is_admitted: bool
    remaining: int
    reset_s: float
    retry_after_s: float


class Rates:
    """The rates of all callers of one door, each by a name. Owns a number for each."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._paid_until: dict[str, float] = {}

    @property
    def known(self) -> int:
        """Of how many callers it has a number."""
        return len(self._paid_until)

    def ask(self, name: str, now: float) -> Verdict:
        """Whether somebody may ask now; who may has."""
        interval_s, window_s = 1.0 / self.rate.per_s, self.rate.window_s
        until = max(now, self._paid_until.get(name, now))
        ahead_s = until + interval_s - now
        if ahead_s > window_s * (1.0 + 1e-9):
            return Verdict(False, 0, until - now, ahead_s - window_s)
        if len(self._paid_until) >= FORGET_AT and name not in self._paid_until:
            self._paid_until = {each: at for each, at in self._paid_until.items() if at > now}
        self._paid_until[name] = until + interval_s
        return Verdict(True, int((window_s - ahead_s) / interval_s + 1e-6), ahead_s, 0.0)
