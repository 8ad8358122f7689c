"""For those who operate an application: its subscriptions, what was put aside, what is told again, and erasure.

`atoll events` is written with these and with what `atoll` offers, and with nothing else. Services may run meanwhile, or
not: their databases are reached directly.
"""

from atoll.events.auditing import By, Deed
from atoll.events.erasing import Erased, Whose
from atoll.events.letters import Letter, NoSuchLetter, StandsBehind, Which
from atoll.events.moving import NoSuchSubscription, NotBehind, Rewound
from atoll.topology.operating import (
    Goal,
    NotMeant,
    NotReached,
    NotReplayable,
    Operated,
    operated,
)
from atoll.topology.overview import LogStatus, Standing, SubscriptionStatus

__all__ = [
    "By",
    "Deed",
    "Erased",
    "Goal",
    "Letter",
    "LogStatus",
    "NoSuchLetter",
    "NoSuchSubscription",
    "NotBehind",
    "NotMeant",
    "NotReached",
    "NotReplayable",
    "Operated",
    "Rewound",
    "Standing",
    "StandsBehind",
    "SubscriptionStatus",
    "Which",
    "Whose",
    "operated",
]
