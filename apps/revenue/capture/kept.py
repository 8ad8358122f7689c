"""Submissions in the database, and the counts of what was turned away."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, insert, select, update

from atoll import Row, Transaction, upsert

from .arrival import Arrival, Ending
from .contract import Channel, Fate, RawSubmission, Refusal, RefusalCount, Submission
from .keys import digest_of
from .tables import REFUSALS, SUBMISSIONS

FORGOTTEN_AT_ONCE = 2_000
"""In one transaction: others want to write, too."""

TOLD = tuple(SUBMISSIONS.c[name] for name in Submission.__struct_fields__)
"""The columns of a submission, which are called as its fields."""

PAGE = (
    select(SUBMISSIONS.c.number, *TOLD)
    .where(SUBMISSIONS.c.number > bindparam("after"))
    .order_by(SUBMISSIONS.c.number)
    .limit(bindparam("count"))
)
PAGE_OF_REJECTED = PAGE.where(SUBMISSIONS.c.fate == Fate.REJECTED.value)
BY_ID = select(*TOLD, SUBMISSIONS.c.raw, SUBMISSIONS.c.about).where(SUBMISSIONS.c.id == bindparam("id"))
BY_KEY = select(*TOLD).where(SUBMISSIONS.c.message_key == bindparam("message_key"))
ADD = insert(SUBMISSIONS)
ADD_ONCE = upsert(SUBMISSIONS, "message_key", update=())
END_AGAIN = (
    update(SUBMISSIONS)
    .where(SUBMISSIONS.c.id == bindparam("this"))
    .values(
        fate=bindparam("fate_now"),
        reason=bindparam("reason_now"),
        explanation=bindparam("explanation_now"),
        lead_id=bindparam("lead_now"),
        rules_version=bindparam("version_now"),
        rows=bindparam("rows_now"),
        rejected=bindparam("rejected_now"),
        replays=SUBMISSIONS.c.replays + 1,
    )
)
OLD = (
    select(SUBMISSIONS.c.number)
    .where(and_(SUBMISSIONS.c.is_kept, SUBMISSIONS.c.received_at < bindparam("before")))
    .order_by(SUBMISSIONS.c.received_at)
    .limit(FORGOTTEN_AT_ONCE)
)
FORGET = delete(SUBMISSIONS).where(
    SUBMISSIONS.c.number.in_(bindparam("numbers", expanding=True)), SUBMISSIONS.c.message_key.is_(None)
)
BLANK = (
    update(SUBMISSIONS)
    .where(SUBMISSIONS.c.number.in_(bindparam("numbers", expanding=True)))
    .values(raw=b"", about="{}", explanation=None, is_kept=False)
)
COUNT_ONE = update(REFUSALS).where(REFUSALS.c.key == bindparam("this")).values(count=REFUSALS.c.count + 1)
COUNT_FIRST = insert(REFUSALS)
_COUNTED = (*(column for column in REFUSALS.c if column.name != "count"), REFUSALS.c.count.label("times"))
PAGE_OF_REFUSALS = (
    select(*_COUNTED)
    .where(REFUSALS.c.number > bindparam("after"))
    .order_by(REFUSALS.c.number)
    .limit(bindparam("count"))
)


async def keep_arrival(tx: Transaction, arrival: Arrival, ending: Ending) -> None:
    """Keep what was sent. A piece of a file that was sent before is here already."""
    statement = ADD_ONCE if arrival.channel is Channel.FILE and arrival.once_key is not None else ADD
    await tx.execute(statement, arrival.row(ending))


async def end_again(tx: Transaction, arrival: Arrival, ending: Ending) -> None:
    """Keep what has become of a submission that was read again."""
    await tx.execute(
        END_AGAIN,
        {
            "this": arrival.id,
            "fate_now": ending.fate,
            "reason_now": ending.reason,
            "explanation_now": ending.explanation,
            "lead_now": ending.lead_id,
            "version_now": arrival.rules_version,
            "rows_now": ending.rows,
            "rejected_now": ending.rejected,
        },
    )


async def forget(tx: Transaction, before: datetime) -> int:
    """Let go of what was sent before a moment, some of it; how many submissions.

    Of those that come once it stays known that they came, so that a replay of them has no effect for ever.
    """
    numbers = [row.number for row in await tx.execute(OLD, {"before": before})]
    for start in range(0, len(numbers), 500):
        part = {"numbers": numbers[start : start + 500]}
        await tx.execute(FORGET, part)
        await tx.execute(BLANK, part)
    return len(numbers)


async def count_refusal(tx: Transaction, day: date, channel: Channel, source: str, reason: Refusal) -> None:
    """Count what was turned away."""
    key = digest_of("refusal", day.isoformat(), channel, source, reason)
    if (await tx.execute(COUNT_ONE, {"this": key})).changed == 0:
        row = {"key": key, "day": day, "channel": channel, "source": source, "reason": reason, "count": 1}
        await tx.execute(COUNT_FIRST, row)


def submission_of(row: Row) -> Submission:
    """The submission in a row that has all of its columns, among others."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in Submission.__struct_fields__}  # Any: its columns
    fields["channel"], fields["fate"] = Channel(row.channel), Fate(row.fate)
    return Submission(**fields)


def raw_of(row: Row) -> RawSubmission:
    """The same with what was sent."""
    about: Mapping[str, str] = msgspec.json.decode(row.about, type=dict[str, str])
    return RawSubmission(submission=submission_of(row), raw=bytes(row.raw), about=dict(about))


def refusal_of(row: Row) -> RefusalCount:
    """What was counted in a row."""
    return RefusalCount(
        day=row.day, channel=Channel(row.channel), source=row.source, reason=Refusal(row.reason), count=row.times
    )
