"""What keeps one failure from becoming many: deadlines, retries within a budget, breakers, limits."""

from atoll.resilience.breaker import Break, Breaker, State, Switch
from atoll.resilience.budget import Allowance, Budget
from atoll.resilience.deadline import EARLY_S, Guard, Timer, covers, guard, within
from atoll.resilience.link import Chance, Fared, Link, Policies
from atoll.resilience.retrying import Retry

__all__ = [
    "EARLY_S",
    "Allowance",
    "Break",
    "Breaker",
    "Budget",
    "Chance",
    "Fared",
    "Guard",
    "Link",
    "Policies",
    "Retry",
    "State",
    "Switch",
    "Timer",
    "covers",
    "guard",
    "within",
]
