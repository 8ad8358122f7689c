"""How long to wait before a process is started again."""

from collections.abc import Callable

FIRST_S = 0.1
"""After the first failure; twice as long after each further one."""

MOST_S = 30.0

WELL_S = 10.0
"""A process that was ready for so long was well: its end is a first failure again."""


class Backoff:
    """Counts failures in a row. `share` is a random number from 0 to 1."""

    def __init__(self, share: Callable[[], float]) -> None:
        self._share = share
        self.failures = 0

    def failed(self, well_s: float) -> float:
        """Count a failure after the process was ready for `well_s`; how many seconds to wait.

        Half of the wait is by chance, so that what has failed together is not started together again.

        >>> backoff = Backoff(lambda: 1.0)
        >>> [backoff.failed(0.0) for _ in range(4)], backoff.failed(60.0)
        ([0.1, 0.2, 0.4, 0.8], 0.1)
        """
        if well_s >= WELL_S:
            self.failures = 0
        wait_s = min(MOST_S, FIRST_S * 2.0 ** min(self.failures, 16))
        self.failures += 1
        return wait_s * (0.5 + 0.5 * self._share())

    def reset(self) -> None:
        """Forget the failures: somebody has changed something."""
        self.failures = 0
