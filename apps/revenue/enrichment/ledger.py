"""What is spent, on record before it is: a question is reserved and paid for, asked, and its answer written down.

Each of the three is a short transaction of its own, whatever becomes of the delivery that it is asked for. A process
that dies in between leaves an attempt behind that is `calling`: it counts as charged, and is not made again before its
time is over, so that an event that is told again buys nothing twice.
"""

import asyncio
import contextvars
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import bindparam, case, insert, or_, select, update

from atoll import Database, Row, Transaction, upsert

from .asking import Answer, Terms, cost_of
from .contract import AttemptState, Budget, EnrichmentRules, Topic
from .tables import ATTEMPTS, QUESTIONS, SPENDING
from .waterfall import Step, Told

R = TypeVar("R")

LOST_AFTER = timedelta(seconds=60)
"""An attempt that is under way for so long has lost its process: no call takes longer."""
FAILED_FOR = timedelta(minutes=10)
"""For how long a provider is not asked again what it has failed to answer."""

QUESTION = select(QUESTIONS).where(QUESTIONS.c.digest == bindparam("digest"))
QUESTIONS_OF = select(QUESTIONS).where(QUESTIONS.c.digest.in_(bindparam("digests", expanding=True)))
QUESTION_TO_CHANGE = QUESTION.with_for_update()
CLAIM = upsert(QUESTIONS, "digest", update=())
TAKE_QUESTION = upsert(QUESTIONS, "digest")
ADD_ATTEMPT = insert(ATTEMPTS).returning(ATTEMPTS.c.number)
END_ATTEMPT = (
    update(ATTEMPTS)
    .where(ATTEMPTS.c.number == bindparam("which"), ATTEMPTS.c.state.in_(("calling", "unknown")))
    .values(
        state=bindparam("state"),
        cost_micros=bindparam("cost_micros"),
        ended_at=bindparam("ended_at"),
        detail=bindparam("detail"),
    )
)
END_QUESTION = (
    update(QUESTIONS)
    .where(QUESTIONS.c.digest == bindparam("which"), QUESTIONS.c.attempt == bindparam("number"))
    .values(
        state=bindparam("state"),
        answer=bindparam("answer"),
        cost_micros=bindparam("cost_micros"),
        answered_at=bindparam("answered_at"),
        good_until=bindparam("good_until"),
    )
)
OPEN_SPENDING = upsert(SPENDING, "scope", "key", update=())
_IS_OVER = SPENDING.c.touched_at < bindparam("stale")
_BEFORE = case((_IS_OVER, 0), else_=SPENDING.c.spent_micros)
SPEND = (
    update(SPENDING)
    .where(
        SPENDING.c.scope == bindparam("which"),
        SPENDING.c.key == bindparam("whose"),
        _BEFORE + bindparam("price", type_=SPENDING.c.spent_micros.type)
        <= bindparam("most", type_=SPENDING.c.spent_micros.type),
    )
    .values(
        spent_micros=_BEFORE + bindparam("price", type_=SPENDING.c.spent_micros.type),
        began_at=case((_IS_OVER, bindparam("now", type_=SPENDING.c.began_at.type)), else_=SPENDING.c.began_at),
        touched_at=bindparam("now", type_=SPENDING.c.began_at.type),
    )
)
GIVE_BACK = (
    update(SPENDING)
    .where(
        SPENDING.c.scope == bindparam("which"),
        SPENDING.c.key == bindparam("whose"),
        SPENDING.c.began_at <= bindparam("asked_at"),
    )
    .values(spent_micros=SPENDING.c.spent_micros - bindparam("back", type_=SPENDING.c.spent_micros.type))
)
LOSE = (
    update(ATTEMPTS)
    .where(ATTEMPTS.c.state == "calling", ATTEMPTS.c.asked_at < bindparam("before"))
    .values(state="unknown", detail="whoever asked has died before the answer was written down")
)
LATEST_STATES = (
    select(ATTEMPTS.c.state, ATTEMPTS.c.asked_at)
    .where(
        ATTEMPTS.c.provider == bindparam("provider"),
        or_(ATTEMPTS.c.state == "hit", ATTEMPTS.c.state == "miss", ATTEMPTS.c.state == "refused"),
    )
    .order_by(ATTEMPTS.c.number.desc())
    .limit(bindparam("calls"))
)


class Kept(msgspec.Struct, frozen=True):
    """An answer as it is kept."""

    values: dict[Topic, str] = {}
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reserved:
    """A question that may be asked now: its price is paid for. `key` is the same when it is asked again, `is_again`."""

    number: int
    key: str
    asked_at: datetime
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Somebody else asks the same at this moment."""


@dataclass(frozen=True, slots=True)
class TooDear:
    """What is left of a budget does not pay for it."""

    why: str


class _Dear(Exception):  # never leaves this module
    """Ends the transaction in which a budget was exceeded."""


async def apart(work: Coroutine[Any, Any, R]) -> R:  # Any: a coroutine's own send types
    """The result of work in a context of its own: what it commits is committed, whatever becomes of who asks for it.

    A delivery has one transaction, which records that it was done. That somebody is about to be paid has to be on
    record before, so it cannot be part of it.
    """
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work, context=contextvars.Context())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # there is one task, and it is its error that says what is wrong
    return task.result()


class Ledger:
    """The questions, attempts and budgets of one service, in its database. It has no state of its own."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def known(self, step: Step, now: datetime) -> Told | Elsewhere | None:
        """The answer that was given before; None where it is to be asked for."""
        row = (await self._db.read(QUESTION, {"digest": step.question.digest})).first()
        return None if row is None else known_in(row, step, now)

    async def reserve(
        self, step: Step, lead_id: str, segment: str, rules: EnrichmentRules, version: int, now: datetime
    ) -> Reserved | Told | Elsewhere | TooDear:
        """Write down that a question is about to be asked, and take its price out of the budgets; or say why not."""
        try:
            return await apart(self._reserve(step, lead_id, segment, rules, version, now))
        except _Dear as dear:
            return TooDear(str(dear))

    async def record(
        self, step: Step, reserved: Reserved, lead_id: str, answer: Answer, state: AttemptState, budget: Budget,
        now: datetime,
    ) -> Told:  # fmt: skip
        """Write down what was answered, and give back to the budgets what it has not cost."""
        return await apart(self._record(step, reserved, lead_id, answer, state, budget, now))

    async def hit_rate(self, provider: str, calls: int) -> tuple[int, float, datetime | None]:
        """How many of its last answers are known, the share of hits among them, and when the last one was asked for."""
        rows = await self._db.read(LATEST_STATES, {"provider": provider, "calls": calls})
        if not rows:
            return 0, 1.0, None
        return len(rows), sum(row.state == "hit" for row in rows) / len(rows), rows[0].asked_at

    async def _reserve(
        self, step: Step, lead_id: str, segment: str, rules: EnrichmentRules, version: int, now: datetime
    ) -> Reserved | Told | Elsewhere:
        terms, budget, digest = step.provider.terms, rules.budget, step.question.digest
        async with self._db.transaction() as tx:
            question: dict[str, Any] = {  # Any: values of all columns
                "digest": digest,
                "attempt": 0,
                "state": "new",
                "answer": None,
                "lead_id": lead_id,
                "cost_micros": terms.price_micros,
                "currency": budget.currency,
                "asked_at": now,
                "answered_at": None,
                "good_until": now,
            }
            await tx.execute(CLAIM, question)
            row = (await tx.execute(QUESTION_TO_CHANGE, {"digest": digest})).one()
            if (known := known_in(row, step, now)) is not None:
                return known
            if terms.is_idempotent and row.state in ("calling", "unknown") and row.good_until > now:
                return Reserved(row.attempt, _key(digest, row.attempt), row.asked_at, is_again=True)
            await self._spend(tx, terms.price_micros, _scopes(lead_id, now, budget), now)
            number = (
                await tx.execute(
                    ADD_ATTEMPT,
                    {
                        "lead_id": lead_id,
                        "provider": step.provider.name,
                        "field": str(step.field),
                        "segment": segment,
                        "month": _month(now),
                        "state": "calling",
                        "price_micros": terms.price_micros,
                        "cost_micros": terms.price_micros,
                        "currency": budget.currency,
                        "asked_at": now,
                        "ended_at": None,
                        "detail": "",
                        "rules_version": version,
                    },
                )
            ).scalar()
            taken = {"attempt": number, "state": "calling", "good_until": _good_until(terms, AttemptState.UNKNOWN, now)}
            await tx.execute(TAKE_QUESTION, question | taken)
        return Reserved(number, _key(digest, number), now)

    async def _spend(self, tx: Transaction, price: int, scopes: "list[Scope]", now: datetime) -> None:
        rows = [
            {"scope": scope.which, "key": scope.whose, "spent_micros": 0, "began_at": now, "touched_at": now}
            for scope in scopes
        ]
        await tx.execute(OPEN_SPENDING, rows)
        for scope in scopes:
            taken = {"which": scope.which, "whose": scope.whose, "price": price, "most": scope.most, "now": now}
            if not (await tx.execute(SPEND, taken | {"stale": scope.stale})).changed:
                raise _Dear(f"its price is more than what is left for {scope.said}")

    async def _record(
        self, step: Step, reserved: Reserved, lead_id: str, answer: Answer, state: AttemptState, budget: Budget,
        now: datetime,
    ) -> Told:  # fmt: skip
        terms = step.provider.terms
        if reserved.is_again and state is AttemptState.FAILED:  # of the request before it says nothing
            state = AttemptState.UNKNOWN
            answer = replace(answer, state=state, is_sent=True)
        cost = cost_of(terms, state, is_sent=answer.is_sent)
        good_until = _good_until(terms, state, now)
        if answer.retry_after_s is not None and state is not AttemptState.UNKNOWN:  # that keeps its key
            good_until = now + timedelta(seconds=min(answer.retry_after_s, 3600.0))
        elif not answer.is_sent:
            good_until = now
        kept = msgspec.json.encode(Kept(dict(answer.values), answer.detail)).decode()
        async with self._db.transaction() as tx:
            ended = {
                "which": reserved.number,
                "state": str(state),
                "cost_micros": cost,
                "ended_at": now,
                "detail": answer.detail[:500],
            }
            if (await tx.execute(END_ATTEMPT, ended)).changed:
                answered = {
                    "which": step.question.digest,
                    "number": reserved.number,
                    "state": str(answer.state),
                    "answer": kept,
                    "cost_micros": cost,
                    "answered_at": now,
                    "good_until": good_until,
                }
                await tx.execute(END_QUESTION, answered)
                if back := terms.price_micros - cost:
                    scopes = _scopes(lead_id, reserved.asked_at, budget)
                    rows = [{"which": each.which, "whose": each.whose, "back": back} for each in scopes]
                    await tx.execute(GIVE_BACK, [row | {"asked_at": reserved.asked_at} for row in rows])
        return Told(answer, now, cost, budget.currency, lead_id)


@dataclass(frozen=True, slots=True)
class Scope:
    """A budget: what it is for, how much it is, and from when on what was spent before does not count."""

    which: str
    whose: str
    most: int
    stale: datetime
    said: str


def _scopes(lead_id: str, now: datetime, budget: Budget) -> list[Scope]:
    """In an order that is the same for everybody: who waits for one holds none that another one waits for."""
    ever = datetime(1970, 1, 1, tzinfo=now.tzinfo)
    run_from = now - timedelta(minutes=budget.run_pause_minutes)
    code = budget.currency
    return [
        Scope("lead", f"{code} {lead_id}", budget.per_lead_micros, ever, "this lead"),
        Scope("run", code, budget.per_run_micros, run_from, "this run"),
        Scope("month", f"{code} {_month(now)}", budget.per_month_micros, ever, "this month"),
    ]


def known_in(row: Row, step: Step, now: datetime) -> Told | Elsewhere | None:
    """What a row about a question says; None where it is to be asked."""
    if row.state == "new" or row.good_until <= now:
        return None
    if row.state == "calling":
        if now - row.asked_at < LOST_AFTER:
            return Elsewhere()
        if step.provider.terms.is_idempotent:
            return None
        lost = Answer(
            AttemptState.UNKNOWN, detail="it was asked before, and its answer was lost; it may have been charged"
        )
        return Told(lost, row.asked_at, row.cost_micros, row.currency, row.lead_id)
    if row.state == "unknown" and step.provider.terms.is_idempotent:
        return None
    if row.answered_at < now - timedelta(days=step.maximum_age_days):
        return None
    kept = msgspec.json.decode(row.answer, type=Kept)
    answer = Answer(AttemptState(row.state), kept.values, kept.detail)
    return Told(answer, row.answered_at, row.cost_micros, row.currency, row.lead_id)


def _good_until(terms: Terms, state: AttemptState, now: datetime) -> datetime:
    match state:
        case AttemptState.MISS | AttemptState.REFUSED:
            return now + timedelta(days=terms.miss_age_days)
        case AttemptState.FAILED:
            return now + FAILED_FOR
        case _:
            return now + timedelta(days=terms.maximum_age_days)


def _key(digest: str, number: int) -> str:
    return f"{digest[:32]}-{number}"


def _month(now: datetime) -> str:
    return now.strftime("%Y-%m")
