"""What people have done to events: written in the transaction that does it, and kept for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from atoll.data import Database, Transaction
from atoll.events.operating_statements import changing

Details = Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, and why."""

    actor: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done: what, on which (`details`), to whose data. `at` is in seconds since 1970."""

    number: int
    at: float
    actor: str
    action: str
    tenant: str
    subject: str | None
    why: str
    details: Details


@dataclass(frozen=True, slots=True)
class Doing:
    """Something that is about to be done."""

    action: str
    details: Details
    tenant: str = "main"
    subject: str | None = None


async def record(tx: Transaction, by: By, now: float, *doings: Doing) -> None:
    """Write down what a transaction does."""
    rows = [
        {
            "at": now,
            "actor": by.actor,
            "action": doing.action,
            "subject": doing.subject,
            "tenant": doing.tenant,
            "detail": msgspec.json.encode({"why": by.why} | dict(doing.details)).decode(),
        }
        for doing in doings
    ]
    if rows:
        await tx.execute(changing().record, rows)


async def deeds(
    database: Database, *, actions: Sequence[str] = (), subject: str | None = None, limit: int = 100
) -> list[Deed]:
    """What was done, the last of it first."""
    from sqlalchemy import select  # noqa: PLC0415  # SQLAlchemy is loaded by those alone who have a database

    from atoll.events.tables import AUDIT  # noqa: PLC0415  # as said

    wanted = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
    if actions:
        wanted = wanted.where(AUDIT.c.action.in_(actions))
    if subject is not None:
        wanted = wanted.where(AUDIT.c.subject == subject)
    found: list[Deed] = []
    for row in await database.read(wanted):
        details: dict[str, Any] = msgspec.json.decode(row.detail)  # Any: JSON
        why = str(details.pop("why", ""))
        found.append(Deed(row.number, row.at, row.actor, row.action, row.tenant, row.subject, why, details))
    return found
