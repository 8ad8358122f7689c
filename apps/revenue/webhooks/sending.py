"""When a message is tried again, and who is left alone for a while. Pure, but for what it remembers."""

from dataclasses import dataclass

PAUSES_S = (5.0, 30.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0)
"""Between an attempt and the next one; after the last, some 18 hours on, a message is given up."""
ATTEMPTS_MAX = len(PAUSES_S) + 1
RETRY_AFTER_MAX_S = 86_400.0

FAILURES_MAX = 5
"""So many failures in a row, and an endpoint is left alone."""
ALONE_S = 30.0
IN_FLIGHT_MAX = 8
"""So many messages are on their way to one endpoint at once, of one instance."""
BUSY_S = 1.0
APART_S = 0.02
"""Those who are put off come back one after the other: all at one moment would only be put off again."""
APART_MAX_S = 600.0


def pause_s(attempt: int, asked_s: float, chance: float) -> float | None:
    """How long to wait after a failed attempt (the first is 1); None when it was the last.

    `asked_s` is what the receiver has asked for (`Retry-After`), 0 where it did not; `chance`, from 0 to 1, keeps many
    from coming back at one moment.
    """
    if attempt >= ATTEMPTS_MAX:
        return None
    return max(PAUSES_S[attempt - 1] * (0.9 + 0.2 * chance), min(asked_s, RETRY_AFTER_MAX_S))


@dataclass(slots=True)
class Line:
    """The way to one endpoint, as one instance knows it."""

    failures: int = 0
    alone_until: float = 0.0
    in_flight: int = 0
    put_off: int = 0
    """So many were told to wait since one has ended well, or the pause began."""

    def wait_s(self, now: float) -> float:
        """How long not to send now, in seconds; 0 to go ahead. After a pause one message tries for all."""
        pause_s = self.alone_until - now
        if not 0 < pause_s <= ALONE_S:  # it is over, or the clock was set back
            pause_s = 0.0
        most = 1 if self.failures >= FAILURES_MAX else IN_FLIGHT_MAX
        if not pause_s and self.in_flight < most:
            return 0.0
        apart_s = min(self.put_off * APART_S, APART_MAX_S)
        self.put_off += 1
        return max(pause_s, BUSY_S) + apart_s

    def ended(self, now: float, *, is_well: bool) -> None:
        """Learn how one went."""
        if is_well:
            self.failures = self.put_off = 0
            return
        self.failures += 1
        if self.failures >= FAILURES_MAX:
            self.alone_until = now + ALONE_S
            self.put_off = 0
