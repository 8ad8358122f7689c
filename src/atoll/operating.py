"""For those who operate an application: permissions, subscriptions, what was put aside or is told again, and erasure.

`atoll events` and `atoll access` are written with these and with what `atoll` offers, and with nothing else. Services
may run meanwhile, or not: their databases are reached directly.
"""

from atoll.adapters.changes_made import Change, changes_in, changing
from atoll.adapters.refusals import Refusal, refusals_in
from atoll.events.auditing import By, Deed
from atoll.events.erasing import Erased, Whose
from atoll.events.letters import Letter, NoSuchLetter, StandsBehind, Which
from atoll.events.moving import NoSuchSubscription, NotBehind, Rewound
from atoll.events.published import Published
from atoll.identity import Access, ApiKey, ApiKeys, NotAKey
from atoll.topology.access import permissions
from atoll.topology.keys import api_keys, operator_token, rotated
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
    "Access",
    "ApiKey",
    "ApiKeys",
    "By",
    "Change",
    "Deed",
    "Erased",
    "Goal",
    "Letter",
    "LogStatus",
    "NoSuchLetter",
    "NoSuchSubscription",
    "NotAKey",
    "NotBehind",
    "NotMeant",
    "NotReached",
    "NotReplayable",
    "Operated",
    "Published",
    "Refusal",
    "Rewound",
    "Standing",
    "StandsBehind",
    "SubscriptionStatus",
    "Which",
    "Whose",
    "api_keys",
    "changes_in",
    "changing",
    "operated",
    "operator_token",
    "permissions",
    "refusals_in",
    "rotated",
]
