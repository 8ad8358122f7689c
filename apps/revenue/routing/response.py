"""The response clock of a lead: its moments in the owner's working hours, and which is next. Pure."""

from datetime import UTC, datetime
from typing import NamedTuple

from .book import Book
from .case import Case
from .contract import Stage


class Moments(NamedTuple):
    """When the owner is reminded, the manager told, and somebody else's turn."""

    respond_by: datetime | None = None
    escalate_at: datetime | None = None
    reassign_at: datetime | None = None


def moments_of(book: Book, rep: str, grade: str, at: float) -> Moments:
    """The clock that begins at a moment; none where no rule has one for this grade, or the owner does not work."""
    rule = book.response_rule(grade)
    if rule is None:
        return Moments()
    calendar = book.calendar(rep)

    def moment(minutes: int | None) -> datetime | None:
        ends = None if minutes is None else calendar.after(at, minutes)
        return None if ends is None else datetime.fromtimestamp(ends, UTC)

    return Moments(moment(rule.respond_within), moment(rule.escalate_after), moment(rule.reassign_after))


def due_next(case: Case) -> tuple[Stage, datetime] | None:
    """What is due next, and when; None where the clock has stopped, or run to its end."""
    if case.respond_by is None or not case.is_untouched:
        return None
    stages = (
        (Stage.RUNNING, Stage.REMINDED, case.respond_by),
        (Stage.REMINDED, Stage.ESCALATED, case.escalate_at),
        (Stage.ESCALATED, Stage.REASSIGNED, case.reassign_at),
    )
    is_behind = False
    for before, stage, at in stages:
        is_behind = is_behind or case.stage == before
        if is_behind and at is not None:
            return stage, at
    return None
