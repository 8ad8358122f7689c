"""Scores in the database: what is read of a lead before it is scored, and what is kept of it afterwards."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, select, union_all, update

from atoll import Row, Rows, Transaction, upsert

from .contract import LeadScored, Reason, Score
from .reasons import Part
from .rules import ScoringRules
from .scored import Basis, Judgement, Kept, falls_at, judged, score_at
from .tables import CURSORS, SCORES
from .touches import Touch, read, touched, written

Ask: TypeAlias = Callable[..., Awaitable[Rows]]
"""Whoever runs a statement: a transaction, or the database where nothing is to be changed."""

AT_ONCE = 200
"""Leads that are read, or scored again, in one turn: others write in between."""

TOLD = tuple(
    SCORES.c[name]
    for name in (
        "number", "lead_id", "lead_revision", "reasons", "is_provisional", "scored_at", "fit", "engaged",
        "rules_version", "model_version", "probability",
    )
)  # fmt: skip
"""What a score is made of."""

ALL = select(*TOLD).order_by(SCORES.c.number)
PAGE = ALL.where(SCORES.c.number > bindparam("after")).limit(bindparam("count"))
LATEST = select(*TOLD).where(SCORES.c.lead_id == bindparam("lead_id"))
COUNT = select(
    func.count().label("leads"), func.coalesce(func.sum(SCORES.c.lead_revision), 0).label("revisions")
).select_from(SCORES)
EVERYTHING = select(*TOLD, SCORES.c.touches, SCORES.c.kept).order_by(SCORES.c.number.desc()).limit(bindparam("count"))
KNOWN = (
    select(SCORES.c.lead_revision, SCORES.c.touches, SCORES.c.kept)
    .where(SCORES.c.lead_id == bindparam("lead_id"))
    .with_for_update()
)
"""Whoever scores a lead holds it, so that of two at once none undoes what the other has found."""


def _some(condition: ColumnElement[bool]) -> Select[int]:
    """The numbers of some leads; a condition by itself goes by its index, which several in one statement would not."""
    found = select(SCORES.c.number).where(condition).limit(bindparam("count")).subquery()
    return select(found.c.number)


DUE = union_all(
    _some(SCORES.c.falls_at <= bindparam("now")),
    _some(SCORES.c.rules_version < bindparam("rules_version")),
    _some(SCORES.c.model_version < bindparam("model_version")),
    _some(SCORES.c.model_version > bindparam("model_version")),
)
HELD = (
    select(*TOLD, SCORES.c.points, SCORES.c.grade, SCORES.c.touches, SCORES.c.kept)
    .where(SCORES.c.number.in_(bindparam("numbers", expanding=True)))
    .order_by(SCORES.c.number)
    .with_for_update()
)
OF_LEADS = select(SCORES.c.lead_id, SCORES.c.lead_revision).where(
    SCORES.c.lead_id.in_(bindparam("lead_ids", expanding=True))
)
KEPT_TO_CHANGE = (
    select(SCORES.c.lead_id, SCORES.c.kept)
    .where(SCORES.c.lead_id.in_(bindparam("lead_ids", expanding=True)), SCORES.c.kept != "")
    .order_by(SCORES.c.lead_id)
    .with_for_update()
)
CHANGE_KEPT = update(SCORES).where(SCORES.c.lead_id == bindparam("which")).values(kept=bindparam("kept"))
KEPT_OF = select(SCORES.c.lead_id, SCORES.c.kept).where(SCORES.c.lead_id.in_(bindparam("lead_ids", expanding=True)))
ADD = upsert(SCORES, "lead_id", update=())
CHANGE = upsert(SCORES, "lead_id")

CURSOR = select(CURSORS.c.cursor).where(CURSORS.c.name == bindparam("name"))
KEEP_CURSOR = upsert(CURSORS, "name")

_KEPT = msgspec.json.Decoder(Kept)
_PARTS = msgspec.json.Decoder(tuple[Part, ...])
_REASONS = msgspec.json.Decoder(tuple[Reason, ...])
_WRITTEN = msgspec.json.Encoder()


async def keep_score(tx: Transaction, kept: Kept, basis: Basis, now: datetime, *, provisional: bool = False) -> None:
    """Score a lead as it is said to be, keep it and publish the score.

    One that is older than what is kept changes nothing. A `provisional` score does not take the place of another one of
    the same revision either. Who a lead is is decided once for each revision: of the same one, what is kept is as true
    or, after merges, truer.
    """
    lead = kept.lead
    while True:
        row = (await tx.execute(KNOWN, {"lead_id": lead.id})).first()
        if row is not None and (
            row.lead_revision > lead.revision or (provisional and row.lead_revision == lead.revision)
        ):
            return
        if row is not None and row.kept and row.lead_revision == lead.revision:
            kept = msgspec.structs.replace(kept, resolution=kept_of(row).resolution or kept.resolution)
        touches = touched(() if row is None else read(row.touches), lead)
        judgement = judged(kept, touches, basis, now)
        score = score_at(judgement, basis.rules, now)
        written_row = _row(judgement, score, touches, kept, basis.rules)
        if (await tx.execute(ADD if row is None else CHANGE, written_row)).changed:
            break  # else another instance has added the lead since it was looked for
    tx.publish(scored(kept, score))


async def repoint(tx: Transaction, lead_ids: Sequence[str], **ids: str) -> None:
    """Let leads be of another contact, or of another account. Their scores stay as they are."""
    for begin in range(0, len(lead_ids), AT_ONCE):
        rows = await tx.execute(KEPT_TO_CHANGE, {"lead_ids": sorted(lead_ids)[begin : begin + AT_ONCE]})
        if changed := [_repointed(row, ids) for row in rows]:
            await tx.execute(CHANGE_KEPT, changed)


async def rescore(tx: Transaction, basis: Basis, now: datetime, count: int) -> int:
    """Score leads again whose time has come, or that were scored by other rules or another model; how many.

    What has changed is published: by time alone a changed grade, by other rules or another model changed points, too.
    """
    asked = {
        "now": now,
        "rules_version": basis.ruled.version,
        "model_version": basis.model_version,
        "count": count,
    }
    numbers = sorted(set((await tx.execute(DUE, asked)).scalars()))[:count]
    if not numbers:
        return 0
    rows = await tx.execute(HELD, {"numbers": numbers})
    several: list[dict[str, Any]] = []  # Any: values of all columns
    for row in rows:
        if not row.kept:
            several.append(_stamped(row, basis))
            continue
        kept, touches = kept_of(row), read(row.touches)
        judgement = judged(kept, touches, basis, now)
        score = score_at(judgement, basis.rules, now)
        several.append(_row(judgement, score, touches, kept, basis.rules))
        by_time = (row.rules_version, row.model_version) == (judgement.rules_version, judgement.model_version)
        if row.grade != score.grade or (row.points != score.points and not by_time):
            tx.publish(scored(kept, score))
    await tx.execute(CHANGE, several)
    return len(rows)


def scored(kept: Kept, score: Score) -> LeadScored:
    """The event that tells of a score, with all that is known of the lead."""
    return LeadScored(
        lead_id=score.lead_id,
        points=score.points,
        grade=score.grade,
        lead=kept.lead,
        resolution=kept.resolution,
        profile=kept.profile,
        score=score,
    )


def judgement_of(row: Row) -> Judgement:
    """What was found of a lead when it was last looked at."""
    return Judgement(
        lead_id=row.lead_id,
        lead_revision=row.lead_revision,
        is_provisional=row.is_provisional,
        judged_at=row.scored_at,
        fit=row.fit,
        fit_reasons=_REASONS.decode(row.reasons),
        engaged=_PARTS.decode(row.engaged),
        rules_version=row.rules_version,
        model_version=row.model_version,
        probability=row.probability,
    )


def kept_of(row: Row) -> Kept:
    """What a lead is scored again from."""
    return _KEPT.decode(row.kept)


def _repointed(row: Row, ids: Mapping[str, str]) -> dict[str, str]:
    kept = kept_of(row)
    if kept.resolution is not None:
        kept = msgspec.structs.replace(kept, resolution=msgspec.structs.replace(kept.resolution, **ids))
    return {"which": row.lead_id, "kept": _WRITTEN.encode(kept).decode()}


def _row(
    judgement: Judgement, score: Score, touches: Sequence[Touch], kept: Kept, rules: ScoringRules
) -> dict[str, Any]:  # Any: values of all columns
    return {
        "lead_id": judgement.lead_id,
        "lead_revision": judgement.lead_revision,
        "points": score.points,
        "grade": score.grade.value,
        "reasons": _WRITTEN.encode(judgement.fit_reasons).decode(),
        "is_provisional": judgement.is_provisional,
        "scored_at": judgement.judged_at,
        "fit": judgement.fit,
        "cell": score.cell,
        "engaged": _WRITTEN.encode(judgement.engaged).decode(),
        "touches": written(touches),
        "kept": _WRITTEN.encode(kept).decode(),
        "rules_version": judgement.rules_version,
        "model_version": judgement.model_version,
        "probability": judgement.probability,
        "falls_at": falls_at(judgement, rules),
    }


def _stamped(row: Row, basis: Basis) -> dict[str, Any]:  # Any: as above
    """A lead of which nothing is kept: it stays as it is, and is not asked for again."""
    score = score_at(judgement_of(row), basis.rules, row.scored_at)
    stamp = {"rules_version": basis.ruled.version, "model_version": basis.model_version, "falls_at": None}
    return {
        "lead_id": row.lead_id,
        "lead_revision": row.lead_revision,
        "points": row.points,
        "grade": row.grade,
        "reasons": row.reasons,
        "is_provisional": row.is_provisional,
        "scored_at": row.scored_at,
        "fit": row.fit,
        "cell": score.cell,
        "engaged": row.engaged,
        "touches": row.touches,
        "kept": row.kept,
        "probability": row.probability,
        **stamp,
    }
