"""Profiles in the database, with the leads that they are of and what people have set by hand; and what was spent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, or_, select, update

from atoll import Row, upsert
from revenue.capture.contract import Lead
from revenue.identity.contract import Resolution

from .contract import (
    Attempt,
    AttemptState,
    Certainty,
    CostLine,
    Fact,
    Profile,
    Provenance,
    Source,
    Topic,
)
from .rules import SAMPLES
from .tables import ATTEMPTS, PROFILES

COUNT = select(
    func.count().label("leads"), func.coalesce(func.sum(PROFILES.c.lead_revision), 0).label("revisions")
).select_from(PROFILES)
LATEST = select(PROFILES.c.facts, PROFILES.c.notes, PROFILES.c.pins).where(PROFILES.c.lead_id == bindparam("lead_id"))
WHOLE = select(PROFILES).where(PROFILES.c.lead_id == bindparam("lead_id"))
WHOLE_TO_CHANGE = WHOLE.with_for_update()
PINS = select(PROFILES.c.pins).where(PROFILES.c.lead_id == bindparam("lead_id"))
KEEP = upsert(PROFILES, "lead_id").returning(PROFILES.c.pins)
SET_PINS = update(PROFILES).where(PROFILES.c.lead_id == bindparam("which")).values(pins=bindparam("pins"))
LEADS = (
    select(PROFILES.c.lead_id, PROFILES.c.lead, PROFILES.c.resolution, PROFILES.c.pins)
    .where(PROFILES.c.lead.is_not(None))
    .order_by(PROFILES.c.enriched_at.desc(), PROFILES.c.lead_id)
    .limit(bindparam("count"))
)
ATTEMPTS_OF = (
    select(ATTEMPTS).where(ATTEMPTS.c.lead_id == bindparam("lead_id")).order_by(ATTEMPTS.c.number.desc()).limit(1_000)
)
_GROUP = (ATTEMPTS.c.provider, ATTEMPTS.c.field, ATTEMPTS.c.segment, ATTEMPTS.c.month, ATTEMPTS.c.currency)
COSTS = (
    select(*_GROUP, ATTEMPTS.c.state, func.count().label("calls"), func.sum(ATTEMPTS.c.cost_micros).label("cost"))
    .where(
        or_(bindparam("month", type_=ATTEMPTS.c.month.type) == "", ATTEMPTS.c.month == bindparam("month")),
        or_(bindparam("provider", type_=ATTEMPTS.c.month.type) == "", ATTEMPTS.c.provider == bindparam("provider")),
    )
    .group_by(*_GROUP, ATTEMPTS.c.state)
    .order_by(*_GROUP)
)
RATES = select(ATTEMPTS.c.provider, ATTEMPTS.c.state, func.count().label("calls")).group_by(
    ATTEMPTS.c.provider, ATTEMPTS.c.state
)
ANSWERED = ("hit", "miss", "refused")


class Pinned(msgspec.Struct, frozen=True):
    """A value that somebody has set, as it is kept."""

    value: str
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A lead as it is kept here, with its account and what was set by hand."""

    lead: Lead
    resolution: Resolution | None
    pins: Mapping[Topic, Pinned]


def row_of(
    lead: Lead, resolution: Resolution | None, profile: Profile, at: datetime
) -> dict[str, Any]:  # Any: values of all columns
    """The row of a profile, without what was set by hand."""
    encode = msgspec.json.encode
    is_plain = not (profile.refused or profile.skipped or profile.is_awaited or profile.rules_version)
    notes = None if is_plain else encode(msgspec.structs.replace(profile, facts=())).decode()
    return {
        "lead_id": lead.id,
        "lead_revision": lead.revision,
        "facts": encode(profile.facts).decode(),
        "enriched_at": at,
        "lead": encode(lead).decode(),
        "resolution": None if resolution is None else encode(resolution).decode(),
        "notes": notes,
    }


def profile_in(row: Row) -> Profile:
    """The profile in a row, without what was set by hand."""
    facts = msgspec.json.decode(row.facts, type=tuple[Fact, ...])
    if row.notes is None:
        return Profile(facts=facts)
    return msgspec.structs.replace(msgspec.json.decode(row.notes, type=Profile), facts=facts)


def kept_in(row: Row) -> Kept | None:
    """The lead in a row; None in one that an older version has written."""
    if row.lead is None:
        return None
    resolution = None if row.resolution is None else msgspec.json.decode(row.resolution, type=Resolution)
    return Kept(msgspec.json.decode(row.lead, type=Lead), resolution, pins_in(row.pins))


def pins_in(text: str | None) -> dict[Topic, Pinned]:
    """What was set by hand."""
    return {} if text is None else msgspec.json.decode(text, type=dict[Topic, Pinned])


def pins_text(pins: Mapping[Topic, Pinned]) -> str | None:
    """As it is kept."""
    return msgspec.json.encode(pins).decode() if pins else None


def pinned_facts(pins: Mapping[Topic, Pinned]) -> list[Fact]:
    """What was set by hand, as facts."""
    return [
        Fact(
            topic=topic,
            value=pin.value,
            source=Source.PINNED,
            certainty=Certainty.CERTAIN,
            provenance=Provenance(provider="person", observed_at=pin.at),
        )
        for topic, pin in pins.items()
    ]


def attempt_of(row: Row) -> Attempt:
    """An attempt in a row."""
    return Attempt(
        number=row.number,
        lead_id=row.lead_id,
        provider=row.provider,
        field=Topic(row.field),
        segment=row.segment,
        state=AttemptState(row.state),
        price_micros=row.price_micros,
        cost_micros=row.cost_micros,
        currency=row.currency,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        detail=row.detail,
        rules_version=row.rules_version,
    )


def cost_lines(rows: Iterable[Row]) -> list[CostLine]:
    """What was spent, a line for each provider, field, segment, month and currency."""
    counts: dict[tuple[str, str, str, str, str], dict[str, int]] = {}
    for row in rows:
        key = (row.provider, row.field, row.segment, row.month, row.currency)
        line = counts.setdefault(key, {})
        state = "unknown" if row.state == "calling" else row.state
        line[state] = line.get(state, 0) + row.calls
        line["cost"] = line.get("cost", 0) + int(row.cost)
    return [_line(key, line) for key, line in counts.items()]


def _line(key: tuple[str, str, str, str, str], line: Mapping[str, int]) -> CostLine:
    provider, field, segment, month, currency = key
    answered = sum(line.get(state, 0) for state in ANSWERED)
    return CostLine(
        provider=provider,
        field=Topic(field),
        segment=segment,
        month=month,
        currency=currency,
        calls=sum(count for state, count in line.items() if state != "cost"),
        hits=line.get("hit", 0),
        misses=line.get("miss", 0),
        refused=line.get("refused", 0),
        failed=line.get("failed", 0),
        unknown=line.get("unknown", 0),
        cost_micros=line["cost"],
        hit_rate=line.get("hit", 0) / answered if answered else None,
        is_sample=provider in SAMPLES,
    )


def hit_rates(rows: Sequence[Row]) -> dict[str, float]:
    """The share of hits among all that each provider has answered so far."""
    hits: dict[str, int] = {}
    answered: dict[str, int] = {}
    for row in rows:
        if row.state in ANSWERED:
            answered[row.provider] = answered.get(row.provider, 0) + row.calls
            hits[row.provider] = hits.get(row.provider, 0) + (row.calls if row.state == "hit" else 0)
    return {provider: hits[provider] / count for provider, count in answered.items()}
