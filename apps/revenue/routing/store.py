"""Routing's statements, each built once, and what they answer."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, func, insert, select, update

from atoll import Row, Rows, Transaction, upsert
from revenue.ruling import Ruling

from .case import OPEN, Case
from .deficit import Standing, Standings
from .rules import RoutingRules
from .tables import ASSIGNMENTS, CHANGES, MERGES, REPS, RULES_TABLE, TEAMS

Ask = Callable[[Any, dict[str, Any]], Awaitable[Rows]]  # Any: statements of any columns, and their values
"""Whoever runs a statement: `tx.execute`, or `db.read` where nothing is to be changed."""

RULES = Ruling(RULES_TABLE, RoutingRules, default=RoutingRules())

FIELDS = Case.__struct_fields__
COLUMNS = tuple(ASSIGNMENTS.c[name] for name in FIELDS)

CASE = select(*COLUMNS).where(ASSIGNMENTS.c.lead_id == bindparam("which"))
CASE_TO_CHANGE = CASE.with_for_update()
CASES_TO_CHANGE = (
    select(*COLUMNS)
    .where(ASSIGNMENTS.c.lead_id.in_(bindparam("which", expanding=True)))
    .order_by(ASSIGNMENTS.c.lead_id)
    .with_for_update()
)
ALL = select(*COLUMNS).order_by(ASSIGNMENTS.c.number)
PAGE = ALL.where(ASSIGNMENTS.c.number > bindparam("after")).limit(bindparam("count"))
_FIRST = select(ASSIGNMENTS.c.number).order_by(ASSIGNMENTS.c.number.desc()).limit(1).offset(bindparam("but_one"))
LATEST = ALL.where(ASSIGNMENTS.c.number >= func.coalesce(_FIRST.scalar_subquery(), 0))
"""So many leads, and one: those that were routed last, oldest first."""
WAITING = (
    select(ASSIGNMENTS.c.lead_id, ASSIGNMENTS.c.number)
    .where(ASSIGNMENTS.c.waits_in == bindparam("queue"), ASSIGNMENTS.c.number > bindparam("after"))
    .order_by(ASSIGNMENTS.c.number)
    .limit(bindparam("count"))
)
OPEN_OF = (
    select(ASSIGNMENTS.c.lead_id, ASSIGNMENTS.c.number)
    .where(ASSIGNMENTS.c.owner == bindparam("queue"), ASSIGNMENTS.c.is_rep, ASSIGNMENTS.c.status.in_(sorted(OPEN)))
    .where(ASSIGNMENTS.c.number > bindparam("after"))
    .order_by(ASSIGNMENTS.c.number)
    .limit(bindparam("count"))
)
"""Leads of somebody who takes none any more are drawn as those of a queue are."""
WITH_OPEN_LEADS = select(REPS.c.id).where(REPS.c.open_leads > 0).order_by(REPS.c.id)
TEAMS_WITH_WAITING = select(TEAMS.c.name).where(TEAMS.c.waiting > 0).order_by(TEAMS.c.name)
QUEUES = (
    select(ASSIGNMENTS.c.waits_in)
    .where(ASSIGNMENTS.c.waits_in.is_not(None))
    .distinct()
    .order_by(ASSIGNMENTS.c.waits_in)
)
COUNT = select(
    func.count().label("leads"),
    func.coalesce(func.sum(ASSIGNMENTS.c.lead_revision), 0).label("revisions"),
    func.count(ASSIGNMENTS.c.waits_in).label("waiting"),
).select_from(ASSIGNMENTS)

_EARLIER = ASSIGNMENTS.alias("earlier")
KNOWN = select(
    select(MERGES.c.kept_id).where(MERGES.c.merged_id == bindparam("contact")).scalar_subquery().label("contact"),
    select(MERGES.c.kept_id).where(MERGES.c.merged_id == bindparam("account")).scalar_subquery().label("account"),
    select(_EARLIER.c.owner)
    .where(_EARLIER.c.contact_id == bindparam("contact"), _EARLIER.c.lead_id != bindparam("lead_id"), _EARLIER.c.is_rep)
    .order_by(_EARLIER.c.number.desc())
    .limit(1)
    .scalar_subquery()
    .label("owner"),
)
"""All that is asked of nearly every lead, in one statement: what its contact and account were merged into, and who took
care of the contact before."""
OWNER_OF_ACCOUNT = (
    select(ASSIGNMENTS.c.owner)
    .where(ASSIGNMENTS.c.account_id == bindparam("which"), ASSIGNMENTS.c.lead_id != bindparam("lead_id"))
    .where(ASSIGNMENTS.c.is_rep)
    .order_by(ASSIGNMENTS.c.number.desc())
    .limit(1)
)

ADD_CASE = insert(ASSIGNMENTS)
CHANGE_CASE = update(ASSIGNMENTS).where(ASSIGNMENTS.c.lead_id == bindparam("which"))
ADD_CHANGE = insert(CHANGES)
CHANGES_OF = select(CHANGES).where(CHANGES.c.lead_id == bindparam("which")).order_by(CHANGES.c.number)

ALL_TEAMS = select(TEAMS)
TEAM_TO_CHANGE = select(TEAMS).where(TEAMS.c.name == bindparam("which")).with_for_update()
ADD_TEAM = upsert(TEAMS, "name", update=())
CHANGE_TEAM = update(TEAMS).where(TEAMS.c.name == bindparam("which"))

ALL_REPS = select(REPS)
REPS_TO_CHANGE = (
    select(REPS).where(REPS.c.id.in_(bindparam("which", expanding=True))).order_by(REPS.c.id).with_for_update()
)
ADD_REP = upsert(REPS, "id", update=())
CHANGE_REP = (
    update(REPS).where(REPS.c.id == bindparam("which")).values(open_leads=REPS.c.open_leads + bindparam("more"))
)

MERGED_INTO = select(MERGES.c.merged_id).where(MERGES.c.kept_id == bindparam("which"))
ADD_MERGE = upsert(MERGES, "merged_id")
_IDS = select(ASSIGNMENTS.c.lead_id).order_by(ASSIGNMENTS.c.lead_id).with_for_update()
HOLD_CONTACT = _IDS.where(ASSIGNMENTS.c.contact_id == bindparam("which"))
HOLD_ACCOUNT = _IDS.where(ASSIGNMENTS.c.account_id == bindparam("which"))
HOLD_ACCOUNTS_SAID = _IDS.where(ASSIGNMENTS.c.account_said.in_(bindparam("which", expanding=True)))
MOVE_CONTACT = (
    update(ASSIGNMENTS).where(ASSIGNMENTS.c.contact_id == bindparam("was")).values(contact_id=bindparam("becomes"))
)
MOVE_CONTACT_OF = (
    update(ASSIGNMENTS).where(ASSIGNMENTS.c.lead_id == bindparam("which")).values(contact_id=bindparam("becomes"))
)
MOVE_ACCOUNT = (
    update(ASSIGNMENTS).where(ASSIGNMENTS.c.account_id == bindparam("was")).values(account_id=bindparam("becomes"))
)
MOVE_ACCOUNT_SAID = (
    update(ASSIGNMENTS).where(ASSIGNMENTS.c.account_said == bindparam("was")).values(account_id=bindparam("becomes"))
)


class Known(NamedTuple):
    """A lead's contact and account, and the contact's owner so far."""

    contact: str | None
    account: str | None
    owner: str | None


STANDINGS = msgspec.json.Decoder(dict[str, Standing])


def standings_of(row: Row) -> Standings:
    """How a team stands."""
    return STANDINGS.decode(row.standings)


def case_of(row: Row) -> Case:
    """The case in a row."""
    return Case(**{name: getattr(row, name) for name in FIELDS})


async def case_to_change(tx: Transaction, lead_id: str) -> Case | None:
    """A lead's case, held until the transaction ends; None where there is none yet."""
    row = (await tx.execute(CASE_TO_CHANGE, {"which": lead_id})).first()
    return None if row is None else case_of(row)


async def known_of(ask: Ask, lead_id: str, contact: str | None, account: str | None) -> Known:
    """What a lead's contact and account are since merges, and who took care of the contact's leads before."""
    if contact is None and account is None:
        return Known(None, None, None)
    named = {"contact": contact or "", "account": account or "", "lead_id": lead_id}
    row = (await ask(KNOWN, named)).one()
    if row.contact is None and row.account is None:
        return Known(contact, account, row.owner)
    return await known_of(ask, lead_id, row.contact or contact, row.account or account)


async def merged_into(ask: Ask, kept_id: str) -> list[str]:
    """An id, and all that were merged into it, directly or not."""
    found = [kept_id]
    for each in found:
        found += [row.merged_id for row in await ask(MERGED_INTO, {"which": each}) if row.merged_id not in found]
    return found


async def make_ready(tx: Transaction, teams: Iterable[str], reps: Iterable[str]) -> None:
    """Have a row for each of these, so that it can be held."""
    if names := sorted(set(teams)):
        await tx.execute(ADD_TEAM, [{"name": name, "standings": "{}", "waiting": 0} for name in names])
    if ids := sorted(set(reps)):
        await tx.execute(ADD_REP, [{"id": each, "open_leads": 0} for each in ids])
