"""How many calls may be in progress at once: fewer, when they take longer than they used to.

Gradient2 of Netflix's concurrency-limits: the limit is multiplied by the usual time over the present one, plus room for
a queue of the square root of itself. Two things are different. The times of each operation are measured against its own
usual time, so that a change of the mix is not taken for a queue. And the limit begins at its highest: a process that
was never slow refuses nobody.
"""

import math
from collections.abc import Hashable

import msgspec


class Gradient(msgspec.Struct, frozen=True):
    """How the limit adapts. The usual time goes up by one part in `slower` in each window, down by one in `quicker`."""

    limit_min: float = 20.0
    limit_max: float = 1_000.0
    smoothing: float = 0.2
    slower: int = 600
    """A minute, of windows of a tenth of a second: or a long overload would become the usual."""
    quicker: int = 20
    samples_min: int = 10
    least_s: float = 0.005
    """What takes less has no queue worth a thought; and some loops' clocks have milliseconds."""
    tolerance: float = 1.5
    """So much longer than usual is no queue yet: times vary."""


USUAL_MAX = 1_024
"""Of so many operations the usual times are known."""


class AdaptiveLimit:
    """The limit of one process. Told of each call's time, and at the end of each window to adapt."""

    __slots__ = ("_most", "_policy", "_ratios", "_usual", "_window", "limit")

    def __init__(self, policy: Gradient | None = None) -> None:
        self._policy = policy or Gradient()
        self.limit = self._policy.limit_max
        self._usual: dict[Hashable, float] = {}
        self._window: dict[Hashable, list[float]] = {}
        self._ratios: list[float] = []
        self._most = 0

    def took(self, operation: Hashable, seconds: float, in_progress: int) -> None:
        """A call has ended, when so many were in progress."""
        usual = self._usual.get(operation)
        if usual is None:
            if len(self._usual) < USUAL_MAX:
                self._usual[operation] = seconds
            return
        self._most = max(self._most, in_progress)
        least = self._policy.least_s
        self._ratios.append(max(seconds, least) / max(usual, least))
        times = self._window.get(operation)
        if times is None:
            self._window[operation] = [seconds, 1.0]
        else:
            times[0] += seconds
            times[1] += 1.0

    def adapt(self) -> None:
        """A window has ended."""
        ratios, most = self._ratios, self._most
        self._ratios, self._most = [], 0
        policy = self._policy
        for operation, (seconds, count) in self._window.items():
            usual, mean = self._usual[operation], seconds / count
            self._usual[operation] = usual + (mean - usual) / (policy.slower if mean > usual else policy.quicker)
        self._window.clear()
        if len(ratios) < policy.samples_min:
            return
        ratios.sort()
        ratio = ratios[len(ratios) // 2]
        gradient = max(0.5, min(1.0, policy.tolerance / ratio))
        if gradient == 1.0 and most < self.limit / 2:
            return  # nobody comes near it: it says nothing
        wanted = self.limit * gradient + math.sqrt(self.limit)
        if gradient < 1.0:
            wanted = min(wanted, max(float(most), policy.limit_min))  # from where it is used, not from far above
        limit = self.limit * (1.0 - policy.smoothing) + policy.smoothing * wanted
        self.limit = max(policy.limit_min, min(policy.limit_max, limit))
