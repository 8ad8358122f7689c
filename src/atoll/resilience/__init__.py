"""What keeps one failure from becoming many: deadlines, retries within a budget, breakers, limits."""

from atoll.resilience.breaker import Break, Breaker, State, Switch
from atoll.resilience.budget import Allowance, Budget
from atoll.resilience.deadline import EARLY_S, Guard, Timer, covers, guard, within
from atoll.resilience.gradient import AdaptiveLimit, Gradient
from atoll.resilience.link import Chance, Fared, Link, Policies
from atoll.resilience.rates import Rate, Rates, Verdict
from atoll.resilience.retrying import Retry
from atoll.resilience.shedding import Doorkeeper, Shedding
from atoll.resilience.turns import Turn, Turns

__all__ = [
    "EARLY_S",
    "AdaptiveLimit",
    "Allowance",
    "Break",
    "Breaker",
    "Budget",
    "Chance",
    "Doorkeeper",
    "Fared",
    "Gradient",
    "Guard",
    "Link",
    "Policies",
    "Rate",
    "Rates",
    "Retry",
    "Shedding",
    "State",
    "Switch",
    "Timer",
    "Turn",
    "Turns",
    "Verdict",
    "covers",
    "guard",
    "within",
]
