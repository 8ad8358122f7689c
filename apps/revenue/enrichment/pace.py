"""How often a provider is asked, and whether at all just now: what one instance knows of it, lost with the instance.

The rate is the generic cell rate algorithm (ITU-T I.371), which needs one moment for each provider. The breaker leaves
a provider alone that fails: half of at least ten answers within half a minute; then one question at a time finds out
whether it is better, after a second, and twice as long each time it is not.
"""

from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 30.0
ANSWERS_MIN = 10
FAILING = 0.5
REST_S = 1.0
REST_MAX_S = 60.0
BURST_S = 1.0
"""What may come at once: as much as in a second."""


@dataclass(slots=True)
class Pace:
    """The rate and the breaker of one provider. Moments are the loop's, in seconds."""

    rate_per_s: float
    _paid_until: float = 0.0
    _ends: deque[tuple[float, bool]] = field(default_factory=deque[tuple[float, bool]])
    _held_until: float = 0.0
    _rest_s: float = 0.0
    _rests_until: float = 0.0
    _is_probed: bool = False

    def wait_s(self, now: float) -> float:
        """How long to wait until it may be asked; whoever asks then says `took`."""
        interval_s = 1.0 / self.rate_per_s
        burst_s = max(BURST_S, interval_s)
        return max(0.0, max(now, self._paid_until) + interval_s - now - burst_s, self._held_until - now)

    def took(self, now: float) -> None:
        """It is asked as soon as it may be."""
        self._paid_until = max(now, self._paid_until) + 1.0 / self.rate_per_s

    def hold(self, now: float, seconds: float) -> None:
        """It has too much to do, and says when to come again: whoever can waits so long."""
        self._held_until = max(self._held_until, now + seconds)

    def admits(self, now: float) -> bool:
        """Whether it is asked at all: not while it rests, and afterwards by one at a time until one was answered."""
        if now < self._rests_until:
            return False
        if self._rest_s and self._is_probed:
            return False
        self._is_probed = bool(self._rest_s)
        return True

    def left(self) -> None:
        """Whoever was admitted has not asked."""
        self._is_probed = False

    def ended(self, now: float, *, is_well: bool) -> None:
        """How a question has ended."""
        self._is_probed = False
        if is_well and self._rest_s:
            self._rest_s = 0.0
            self._ends.clear()
        self._ends.append((now, is_well))
        while self._ends and self._ends[0][0] < now - WINDOW_S:
            self._ends.popleft()
        bad = sum(not well for _, well in self._ends)
        is_failing = len(self._ends) >= ANSWERS_MIN and bad >= FAILING * len(self._ends)
        if not is_well and (is_failing or self._rest_s):
            self._rest_s = min(REST_MAX_S, max(REST_S, 2 * self._rest_s))
            self._rests_until = max(self._rests_until, now + self._rest_s)
