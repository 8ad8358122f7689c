"""What a lead did: each time it came in, or came again, and how that fades."""

from collections.abc import Sequence
from datetime import datetime
from math import exp2, log2

import msgspec

from revenue.capture.contract import Lead

from .rule import TOUCH_FIELDS

TOUCHES_MAX = 50
"""The latest that are kept of a lead."""

DAY_S = 86_400.0


class Touch(msgspec.Struct, frozen=True, omit_defaults=True):
    """One time that a lead was heard of: when, and by which way. `revision` is the lead's, by which it is known."""

    at: datetime
    revision: int
    lead_source: str | None = None
    campaign: str | None = None
    landing_page: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None

    @property
    def kind(self) -> str:
        """`new` when the lead came in, else `again`."""
        return "new" if self.revision == 1 else "again"


_WRITTEN = msgspec.json.Encoder()
_READ = msgspec.json.Decoder(tuple[Touch, ...])


def touch_of(lead: Lead) -> Touch:
    """How a lead was heard of last."""
    return Touch(lead.updated_at, lead.revision, *[getattr(lead, name) for name in TOUCH_FIELDS])


def touched(touches: Sequence[Touch], lead: Lead) -> tuple[Touch, ...]:
    """The touches with that of a lead, the latest first; one that is known already counts once."""
    if any(touch.revision == lead.revision for touch in touches):
        return tuple(touches)
    several = sorted((*touches, touch_of(lead)), key=lambda touch: -touch.revision)
    return tuple(several[:TOUCHES_MAX])


def written(touches: Sequence[Touch]) -> str:
    """Touches as JSON."""
    return _WRITTEN.encode(touches).decode()


def read(text: str) -> tuple[Touch, ...]:
    """Touches from JSON."""
    return _READ.decode(text)


def faded(since: datetime, now: datetime, half_life_days: float) -> float:
    """What is left of interest after a while, between 0 and 1.

    >>> from datetime import timedelta
    >>> day = datetime(2026, 3, 1)
    >>> faded(day, day + timedelta(days=60), 30.0), faded(day, day + timedelta(days=60), 0.0)
    (0.25, 1.0)
    """
    age_s = (now - since).total_seconds()
    return exp2(-age_s / (DAY_S * half_life_days)) if half_life_days and age_s > 0 else 1.0


def fades_below_s(exact: float, floor: int, half_life_days: float) -> float | None:
    """After how many seconds engagement is rounded to less than `floor`; None when it never is.

    >>> round(fades_below_s(40.0, 20, 30.0) / DAY_S)  # at 19.5
    31
    """
    if not half_life_days or floor <= 0 or exact <= 0:
        return None
    return max(0.0, log2(exact / (floor - 0.5))) * DAY_S * half_life_days
