"""Retries: how often, and after which wait.

The wait is drawn from all between nothing and a bound that doubles ("full jitter": Brooker, "Exponential backoff and
jitter", AWS 2015), so that callers that failed together do not come back together. Whoever was told to slow down waits
longer than who met a fault that may be over already, and never less than he was told.
"""

import msgspec


class Retry(msgspec.Struct, frozen=True):
    """How calls are tried again. Spans are in seconds; waits are bounded by `wait_max_s`, in the background by more."""

    attempts_max: int = 3
    base_s: float = 0.05
    throttled_base_s: float = 1.0
    wait_max_s: float = 1.0
    background_wait_max_s: float = 20.0

    def wait_s(
        self,
        attempts: int,
        chance: float,
        *,
        is_throttled: bool = False,
        is_background: bool = False,
        retry_after_s: float | None = None,
    ) -> float:
        """How long to wait after so many attempts; `chance` is a random number from zero to one.

        >>> Retry().wait_s(1, 1.0), Retry().wait_s(2, 1.0), Retry().wait_s(2, 0.5)
        (0.05, 0.1, 0.05)
        """
        longest_s = self.background_wait_max_s if is_background else self.wait_max_s
        base_s = self.throttled_base_s if is_throttled else self.base_s
        wait_s = chance * min(longest_s, base_s * 2.0 ** (attempts - 1))
        return wait_s if retry_after_s is None else wait_s + retry_after_s
