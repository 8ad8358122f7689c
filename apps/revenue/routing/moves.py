"""What happens to leads: routed, corrected, passed on, given away, drawn from a queue; in the caller's transaction."""

import msgspec

from revenue.scoring.contract import LeadScored

from . import store
from .case import NO_SHARES, Case, assignment_of, brought_up_to_date, facts_in, fresh_case, lead_in, text_of, told
from .choice import pool_of
from .contract import (
    BacklogCalled,
    LeadAccepted,
    LeadStatusChanged,
    NewOwner,
    NewStatus,
    OwnerUnknown,
    ResponseDue,
    ResponseOverdue,
    Stage,
    Status,
    StatusRefused,
)
from .desk import NAMES, Desk
from .facts import Facts
from .response import due_next
from .status import check_status
from .way import BY_HAND, TERRITORY, Destination, Earlier, caught, destination_of, shown

DRAWN = ("drawn", "somebody can take it now")
GONE = ("rules", "its owner takes no leads any more")
BATCH = 50
"""So many leads of a queue are looked at in one transaction."""


async def route(desk: Desk, event: LeadScored) -> None:
    """Give a lead that was scored an owner; one that has one keeps it, unless it belongs elsewhere and is untouched."""
    was = await store.case_to_change(desk.tx, event.lead_id)
    lead = lead_in(event)
    if was is not None and lead.revision < was.lead_revision:
        return
    facts = facts_in(event)
    resolution = event.resolution
    ids = (None, None) if resolution is None else (resolution.contact_id, resolution.account_id)
    if was is not None and was.contact_id is not None and was.lead_revision == lead.revision:
        ids = (was.contact_id, was.account_id)  # that was decided, and Identity has told of merges since
    known = await store.known_of(desk.tx.execute, event.lead_id, *ids)
    fresh = fresh_case(event, facts, known.contact, known.account, desk.now)
    if was is None:
        destination = await _destination(desk, fresh, facts, known)
        await desk.hold([destination])
        desk.routed(desk.place(fresh, destination), None, "routed", "")
        return
    case = brought_up_to_date(was, fresh)
    if case.is_untouched and case.step != BY_HAND:
        destination = await _destination(desk, case, facts, known)
        if destination.is_ahead_of(case.step, case.team, case.matched):
            await desk.hold([destination], [was])
            if _is_right_already(desk, case, destination):
                desk.save(_found_otherwise(desk, case, destination))
                return
            desk.release(was, "corrected")
            placed = desk.place(case, destination)
            desk.routed(placed, was, "corrected", "more is known of the lead, and it belongs elsewhere")
            return
    desk.save(case)


async def draw(desk: Desk, call: BacklogCalled) -> None:
    """Give out what waits in a queue, oldest first, until nobody can take more; a batch at a time.

    What is open of a rep who takes no leads any more is given to others in the same way.
    """
    named = {"queue": call.queue, "after": call.after, "count": BATCH}
    is_gone = call.queue in await gone(desk)
    waiting = list(await desk.tx.execute(store.OPEN_OF if is_gone else store.WAITING, named))
    if not waiting:
        return
    rows = await desk.tx.execute(store.CASES_TO_CHANGE, {"which": sorted(row.lead_id for row in waiting)})
    cases = sorted(
        (case for case in map(store.case_of, rows) if _is_drawn(case, call.queue, is_gone=is_gone)),
        key=lambda case: case.number,
    )
    ways = [(case, await _way_now(desk, case)) for case in cases]
    await desk.hold([way for _, way in ways], cases)
    left = 0
    for case, way in ways:
        desk.release(case, "drawn")
        placed = desk.place(case, way, is_oldest=True)
        if placed.waits_in is not None and placed.waits_in == case.waits_in:
            left += 1
            continue
        desk.routed(placed, case, *(GONE if is_gone else DRAWN))
    if len(waiting) == BATCH and (left < len(ways) or call.queue not in desk.book.teams):
        desk.say(BacklogCalled(queue=call.queue, after=waiting[-1].number))


async def answer_due(desk: Desk, due: ResponseDue) -> None:
    """Remind, escalate or reassign, where this is still the same owner, who has not answered, and not done yet."""
    case = await store.case_to_change(desk.tx, due.lead_id)
    if case is None or case.round != due.round:
        return
    next_due = due_next(case)
    if next_due is None or next_due[0] is not due.stage:
        return
    case = msgspec.structs.replace(case, stage=due.stage)
    if due.stage is Stage.REASSIGNED and (destination := _others(desk, case)) is not None:
        await desk.hold([destination], [case])
        if _is_somebody_free(desk, case, destination):
            _tell_overdue(desk, case, due.stage)
            await _pass_on(desk, case, destination, "overdue", "the lead was not answered in time")
            return
    _tell_overdue(desk, case, due.stage)
    desk.save(case)
    desk.start_clock(case)


async def gone(desk: Desk) -> list[str]:
    """Who has open leads, and takes none any more."""
    rows = await desk.tx.execute(store.WITH_OPEN_LEADS)
    return [rep for rep in rows.scalars() if not desk.book.takes_leads(rep)]


async def accept(desk: Desk, case: Case) -> Case:
    """Stop the clock: the owner takes care of it, or a rep takes it out of its queue.

    Raises:
        StatusRefused: a rep accepts what is somebody else's, by an old message say: that one's clock goes on.
    """
    rep = desk.book.rep_called(desk.actor)
    if rep is not None and case.is_rep and rep.id != case.owner:
        advice = f"it is {shown(desk.book, case.owner)}'s by now, so reassign it first"
        raise StatusRefused(was=case.status, wanted=Status.ACCEPTED, advice=advice)
    if case.waits_in is not None:
        if rep is not None and rep.active:
            case = await give_to(desk, case, NewOwner(owner=rep.id, reason="taken out of the queue"))
        else:
            await desk.hold([], [case])
    if case.status == Status.ACCEPTED or (case.status == Status.WORKING and case.stopped_at is not None):
        return case
    return become(desk, case, NewStatus(status=Status.ACCEPTED))


async def touch(desk: Desk, case: Case) -> Case:
    """Stop the clock: somebody has spoken to the lead."""
    await desk.hold([], [case] if case.waits_in is not None else [])
    if case.status not in (Status.NEW, Status.ACCEPTED):
        return case
    return become(desk, case, NewStatus(status=Status.WORKING))


def become(desk: Desk, case: Case, new: NewStatus) -> Case:
    """Change a status, as the rules let it. Its team is held where it waits, or where it may give a turn back."""
    was = Status(case.status)
    if was is new.status:
        return case
    check_status(desk.book.rules, was, new)
    desk.opened(case, new.status)
    desk.leave_queue(case)
    is_credited = new.status is Status.DISQUALIFIED and new.reason in desk.book.rules.credit_back
    if is_credited:
        desk.credit(case)
    changed = msgspec.structs.replace(
        case,
        status=new.status,
        status_reason=new.reason or None,
        status_at=desk.now,
        stopped_at=case.stopped_at or desk.now,
        shares=NO_SHARES if is_credited else case.shares,
        waits_in=None,
    )
    desk.save(changed)
    desk.change(changed, "status", was, new.status, new.reason)
    _tell_status(desk, changed, was, new)
    return changed


async def give_to(desk: Desk, case: Case, new: NewOwner) -> Case:
    """Give a lead to whom somebody names.

    Raises:
        OwnerUnknown: the rules know nobody of this name who takes leads.
        StatusRefused: the lead is closed.
    """
    _check_open(case, "reassigned")
    book = desk.book
    rep = book.reps.get(new.owner)
    is_queue = new.owner == book.rules.catch_all and rep is None and new.owner not in book.teams
    if not (new.owner in book.teams or is_queue or (rep is not None and rep.active)):
        raise OwnerUnknown(owner=new.owner)
    if new.owner in (case.owner if case.is_rep else None, case.waits_in):
        return case
    words = (f"By hand: {desk.actor or 'somebody'} gave it to {shown(book, new.owner)}{_because(new.reason)}.",)
    destination = Destination(
        BY_HAND,
        words,
        rep=None if rep is None else rep.id,
        team=new.owner if new.owner in book.teams else None,
        queue=new.owner if is_queue else None,
    )
    await desk.hold([destination], [case])
    return await _pass_on(desk, case, destination, "reassigned", new.reason)


async def skip(desk: Desk, case: Case, reason: str) -> Case:
    """Pass a lead on to the next of its team, or to the catch-all where everybody has had it.

    Raises:
        StatusRefused: it is worked on, or waits in a queue.
    """
    if case.status not in (Status.NEW, Status.ACCEPTED) or not case.is_rep:
        raise StatusRefused(was=case.status, wanted="skipped", advice="reassign it, or disqualify it")
    destination = _others(desk, case)
    if destination is None:
        destination = caught(desk.book, _words(desk, case, "skipped", reason))
        if destination.rep == case.owner:
            raise StatusRefused(was=case.status, wanted="skipped", advice="there is nobody else: reassign it by hand")
    await desk.hold([destination], [case])
    return await _pass_on(desk, case, destination, "skipped", reason)


async def _pass_on(desk: Desk, case: Case, destination: Destination, cause: str, reason: str) -> Case:
    """From one owner to another, who begins anew; who had it does not get it again in turn."""
    desk.release(case, cause)
    passed = NAMES.decode(case.passed)
    if case.is_rep and cause != "reassigned":
        passed = (*passed, case.owner)
    placed = desk.place(msgspec.structs.replace(case, passed=text_of(passed)), destination)
    desk.routed(placed, case, cause, reason)
    return placed


def _others(desk: Desk, case: Case) -> Destination | None:
    """The way to the others of a lead's team, or of a team that its owner is in; None where nobody is left."""
    book = desk.book
    names = [case.team] if case.team in book.teams else list(book.teams_of(case.owner))
    passed = (*NAMES.decode(case.passed), case.owner)
    needs = _needs(desk, case)
    for team in filter(None, names):
        left = [rep for rep in book.members(team) if rep.active and rep.weight > 0 and rep.id not in passed]
        if any(set(needs) <= set(rep.skills) for rep in left):
            words = _words(desk, case, "passed on", "")
            return Destination(case.step, words, matched=case.matched, team=team, needs=needs)
    return None


def _is_somebody_free(desk: Desk, case: Case, destination: Destination) -> bool:
    """Whether one of the others can take it now: else it stays where it is, rather than in a queue."""
    passed = (*NAMES.decode(case.passed), case.owner)
    assert destination.team is not None
    return bool(pool_of(desk.book, destination.team, destination.needs, passed, desk.open_leads, desk.at).weights)


def _needs(desk: Desk, case: Case) -> tuple[str, ...]:
    if case.step != TERRITORY:
        return ()
    areas = (area.territory for area in desk.book.areas if area.territory.name == case.matched)
    return next((territory.needs_skills for territory in areas), ())


def _words(desk: Desk, case: Case, what: str, reason: str) -> tuple[str, ...]:
    """The way that a lead has come, and that its owner did not keep it."""
    way = msgspec.json.decode(case.why, type=tuple[str, ...])
    return (*way, f"{shown(desk.book, case.owner)} had it, and it was {what}{_because(reason)}.")


def _is_right_already(desk: Desk, case: Case, destination: Destination) -> bool:
    """Whether another way leads to whom has it: it would be passed around for nothing."""
    rep = desk.book.reps.get(case.owner) if case.is_rep else None
    if rep is None or destination.rep is not None:
        return rep is not None and destination.rep == rep.id
    return destination.team == case.team and set(destination.needs) <= set(rep.skills)


def _found_otherwise(desk: Desk, case: Case, destination: Destination) -> Case:
    """The same owner by another way; a turn that this has cost is given back where it is his without one."""
    if destination.team != case.team:
        desk.credit(case)
        case = msgspec.structs.replace(case, shares=NO_SHARES)
    words = (*destination.words, f"{shown(desk.book, case.owner)} has it already, and keeps it.")
    return msgspec.structs.replace(
        case,
        team=destination.team,
        step=destination.step,
        matched=destination.matched,
        why=text_of(words),
        rules_version=desk.book.version,
    )


def _is_drawn(case: Case, queue: str, *, is_gone: bool) -> bool:
    """Whether it is still there, now that it is held."""
    return case.owner == queue and case.is_rep and case.is_open if is_gone else case.waits_in == queue


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _check_open(case: Case, wanted: str) -> None:
    if not case.is_open:
        raise StatusRefused(was=case.status, wanted=wanted, advice="set its status to `new` or `working` first")


def _tell_overdue(desk: Desk, case: Case, stage: Stage) -> None:
    rep = desk.book.reps.get(case.owner)
    manager = desk.book.manager_of(case.owner, case.team) if stage is not Stage.REMINDED else None
    owner = rep.email or rep.id if rep is not None else case.owner
    assert case.respond_by is not None
    desk.change(case, "overdue", case.owner, stage, "")
    desk.say(
        ResponseOverdue(
            lead_id=case.lead_id,
            owner=case.owner,
            stage=stage,
            tell=manager or owner,
            overdue_since=case.respond_by,
            assignment=assignment_of(case, desk.book),
        )
    )


def _tell_status(desk: Desk, case: Case, was: Status, new: NewStatus) -> None:
    assignment = assignment_of(case, desk.book)
    if new.status is Status.ACCEPTED:
        desk.say(
            LeadAccepted(
                lead_id=case.lead_id,
                owner=case.owner,
                actor=desk.actor,
                accepted_at=desk.now,
                assignment=assignment,
            )
        )
    desk.say(
        LeadStatusChanged(
            lead_id=case.lead_id,
            owner=case.owner,
            was=was,
            became=new.status,
            reason=new.reason,
            actor=desk.actor,
            changed_at=desk.now,
            assignment=assignment,
        )
    )


async def _destination(desk: Desk, case: Case, facts: Facts, known: store.Known) -> Destination:
    rules = desk.book.rules
    contact = known.owner if rules.keep_contacts else None
    account = None
    if rules.keep_accounts and case.account_id is not None:
        named = {"lead_id": case.lead_id, "which": case.account_id}
        account = (await desk.tx.execute(store.OWNER_OF_ACCOUNT, named)).scalar()
    return destination_of(desk.book, facts, Earlier(contact, account), desk.at)


async def _way_now(desk: Desk, case: Case) -> Destination:
    """The way of a lead that waits: by the rules as they are now, or where it was sent by hand."""
    if case.step == BY_HAND and case.waits_in in desk.book.teams:
        words = msgspec.json.decode(case.why, type=tuple[str, ...])[:1]
        return Destination(BY_HAND, words, team=case.waits_in)
    if case.step == BY_HAND and case.waits_in == desk.book.rules.catch_all:
        return Destination(BY_HAND, msgspec.json.decode(case.why, type=tuple[str, ...]), queue=case.waits_in)
    known = await store.known_of(desk.tx.execute, case.lead_id, case.contact_id, case.account_id)
    return await _destination(desk, case, facts_in(told(case)), known)
