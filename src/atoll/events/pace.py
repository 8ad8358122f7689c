"""How a subscription behaves over time: how long it waits, and for what."""

from dataclasses import dataclass

CLOCKS_APART_S = 60.0
"""The clocks of machines are apart by less. What lies further ahead than it can was written before a clock was set
back, and is not waited for: that may be years."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a subscription behaves over time. Spans are in seconds.

    An attempt that fails is made again after about `first_s`, then twice that, up to `last_s`, with jitter. After
    `here_max` attempts the message is put aside for the others, so that other keys go on. One during which the process
    has ended more than `ends_max` times is tried no more.
    """

    lease_s: float = 6.0
    wait_s: float = 20.0
    first_s: float = 0.1
    last_s: float = 60.0
    here_max: int = 3
    out_of_reach_s: float = 5.0
    look_s: float = 0.5
    ends_max: int = 5

    def pause_s(self, attempts: int, chance: float, most_s: float | None = None) -> float:
        """How long to wait after so many attempts; `chance` is from 0 to 1."""
        span: float = min(self.first_s * 2.0 ** min(attempts - 1, 30), self.last_s if most_s is None else most_s)
        return span * (0.5 + chance / 2)
