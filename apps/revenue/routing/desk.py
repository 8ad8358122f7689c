"""What one transaction does with leads: whom it holds, whom it gives them to, and what is written in the end.

Whoever uses it holds the leads first, and then, once, `hold`s teams and reps: one order of locks, and no circle.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from atoll import Event, Transaction

from . import store
from .book import Book
from .case import NO_SHARES, PROVISIONAL, Case, assignment_of, lead_in, text_of, told
from .choice import pool_of, turn_in
from .contract import BacklogCalled, LeadReassigned, LeadRouted, ResponseDue, Stage, Status
from .deficit import Standings, taken_back
from .response import due_next, moments_of
from .rules import WhenFull
from .way import CATCH_ALL, Destination, caught

SHARES = msgspec.json.Decoder(dict[str, float])
NAMES = msgspec.json.Decoder(tuple[str, ...])


@dataclass(slots=True)
class Held:
    """A team as it stands in this transaction, which owns it."""

    standings: Standings
    waiting: int
    is_changed: bool = False


@dataclass(slots=True)
class Desk:
    """Owns what its transaction has read under locks, and what it will write. `actor` is empty for Routing itself."""

    tx: Transaction
    book: Book
    now: datetime
    actor: str = ""
    _teams: dict[str, Held] = field(default_factory=dict[str, Held])
    _open: dict[str, int] = field(default_factory=dict[str, int])
    _more: Counter[str] = field(default_factory=Counter[str])
    _cases: dict[str, Case] = field(default_factory=dict[str, Case])
    _changes: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    _events: list[tuple[Event, datetime | None]] = field(default_factory=list[tuple[Event, datetime | None]])
    _calls: set[str] = field(default_factory=set[str])

    @property
    def at(self) -> float:
        """Now, in seconds."""
        return self.now.timestamp()

    @property
    def open_leads(self) -> dict[str, int]:
        """How many leads are open of those who are held."""
        return self._open

    async def hold(self, destinations: Iterable[Destination], cases: Iterable[Case] = ()) -> None:
        """Lock the teams of these, and how much is open of everybody of whom that matters."""
        teams: set[str] = set()
        owners: set[str] = set()
        for destination in destinations:
            teams.update(self._teams_of(destination))
        for case in cases:
            teams.update(name for name in (case.team, case.waits_in) if name is not None)
            owners.update((case.owner,) if case.is_rep else ())
        for name in sorted(teams):
            row = (await self.tx.execute(store.TEAM_TO_CHANGE, {"which": name})).first()
            if row is not None:
                self._teams[name] = Held(store.standings_of(row), row.waiting)
        members = {rep.id: rep for name in teams for rep in self.book.members(name)}
        if any(rep.capacity is not None for rep in members.values()):
            which = sorted(owners.union(members))
            rows = await self.tx.execute(store.REPS_TO_CHANGE, {"which": which})
            self._open = {row.id: row.open_leads for row in rows}

    def place(self, case: Case, destination: Destination, *, is_oldest: bool = False) -> Case:
        """Give a lead to whom its way leads, one of a team in turn. `is_oldest`: of those that wait, it is its turn."""
        if destination.rep is not None:
            return self._give(case, destination, destination.rep)
        if destination.team is not None:
            return self._give_in_turn(case, destination, destination.team, is_oldest=is_oldest)
        assert destination.queue is not None
        return self._queue(case, destination, destination.queue)

    def release(self, case: Case, cause: str) -> None:
        """Take a lead from its owner; for some causes he gets his turn back."""
        if case.is_rep and case.is_open:
            self._free(case.owner)
        self.leave_queue(case)
        if cause in self.book.rules.credit_back:
            self.credit(case)

    def credit(self, case: Case) -> None:
        """Give the turn back that a lead has cost its owner."""
        held = self._teams.get(case.team or "")
        if held is not None and case.is_rep and case.shares != NO_SHARES:
            held.standings = taken_back(held.standings, case.owner, SHARES.decode(case.shares))
            held.is_changed = True

    def leave_queue(self, case: Case) -> None:
        """Count a lead that waits no more."""
        if case.waits_in is not None and (held := self._teams.get(case.waits_in)) is not None:
            held.waiting = max(0, held.waiting - 1)
            held.is_changed = True

    def opened(self, case: Case, became: str) -> None:
        """Count what a new status does to its owner's capacity."""
        if not case.is_rep:
            return
        is_open = msgspec.structs.replace(case, status=became).is_open
        if case.is_open and not is_open:
            self._free(case.owner)
        elif is_open and not case.is_open:
            self._more[case.owner] += 1

    def save(self, case: Case) -> None:
        """Write a case in the end."""
        self._cases[case.lead_id] = case

    def routed(self, case: Case, was: Case | None, cause: str, reason: str) -> None:
        """Write a case that has an owner, or another one, say so, and start its clock."""
        self.save(case)
        if was is not None:
            self.change(case, cause, was.owner, case.owner, reason)
        event, assignment = told(case), assignment_of(case, self.book)
        self.say(
            LeadRouted(
                lead_id=case.lead_id,
                lead=lead_in(event),
                assignment=assignment,
                resolution=event.resolution,
                score=event.score,
            )
        )
        if was is not None and was.owner != case.owner:
            self.say(
                LeadReassigned(
                    lead_id=case.lead_id,
                    was=was.owner,
                    became=case.owner,
                    cause=cause,
                    reason=reason,
                    actor=self.actor,
                    reassigned_at=self.now,
                    assignment=assignment,
                )
            )
        self.start_clock(case)

    def start_clock(self, case: Case) -> None:
        """Have Routing told of what is due next."""
        if (due := due_next(case)) is not None:
            stage, at = due
            self.say(ResponseDue(lead_id=case.lead_id, round=case.round, stage=stage), at=at)

    def change(self, case: Case, what: str, was: str, became: str, reason: str) -> None:
        """Put on record what was done."""
        self._changes.append(
            {
                "lead_id": case.lead_id,
                "at": self.now,
                "actor": self.actor,
                "what": what,
                "was": was,
                "became": became,
                "reason": reason,
            }
        )

    def say(self, event: Event, *, at: datetime | None = None) -> None:
        """Publish in the end."""
        self._events.append((event, at))

    async def keep(self) -> None:
        """Write everything."""
        for name, held in sorted(self._teams.items()):
            if held.is_changed:
                row = {"which": name, "standings": text_of(held.standings), "waiting": held.waiting}
                await self.tx.execute(store.CHANGE_TEAM, row)
        for rep, more in sorted(self._more.items()):
            if more:
                await self.tx.execute(store.CHANGE_REP, {"which": rep, "more": more})
        for case in self._cases.values():
            row = msgspec.structs.asdict(case)
            if row.pop("number"):
                await self.tx.execute(store.CHANGE_CASE, row | {"which": row.pop("lead_id")})
            else:
                await self.tx.execute(store.ADD_CASE, row)
        if self._changes:
            await self.tx.execute(store.ADD_CHANGE, self._changes)
        for event, at in self._events:
            self.tx.publish(event, at=at)
        for queue in sorted(self._calls):
            self.tx.publish(BacklogCalled(queue=queue))

    def _teams_of(self, destination: Destination) -> Iterable[str]:
        """The team itself, and the catch-all's where it steps in."""
        if destination.team is None:
            return ()
        steps_in = self.book.teams[destination.team].when_full is WhenFull.CATCH_ALL
        catch_all = self.book.rules.catch_all
        return (destination.team, catch_all) if steps_in and catch_all in self.book.teams else (destination.team,)

    def _give_in_turn(self, case: Case, destination: Destination, team: str, *, is_oldest: bool) -> Case:
        held = self._teams[team]
        pool = pool_of(self.book, team, destination.needs, NAMES.decode(case.passed), self._open, self.at)
        if pool.weights and (is_oldest or not held.waiting):
            turn, sentence = turn_in(self.book, team, pool, held.standings)
            held.standings, held.is_changed = turn.standings, True
            return self._give(case, destination, turn.rep, sentence=sentence, shares=text_of(turn.shares))
        goes_on = destination.step != CATCH_ALL and self.book.teams[team].when_full is WhenFull.CATCH_ALL
        if goes_on and not pool.weights:
            words = (*destination.words, f"Turn in team {team}: {pool.words}, so it goes on.")
            return self.place(case, caught(self.book, words))
        held.waiting, held.is_changed = held.waiting + 1, True
        if pool.weights:
            self._calls.add(team)
        why = "others wait for longer" if pool.weights else pool.words
        return self._queue(case, destination, team, sentence=f"Turn in team {team}: {why}, so it waits for somebody.")

    def _give(
        self, case: Case, destination: Destination, rep: str, *, sentence: str = "", shares: str = NO_SHARES
    ) -> Case:
        self._more[rep] += 1
        self._open[rep] = self._open.get(rep, 0) + 1
        respond_by, escalate_at, reassign_at = moments_of(self.book, rep, case.grade, self.at)
        return msgspec.structs.replace(
            self._owned(case, destination, sentence),
            owner=rep,
            is_rep=True,
            shares=shares,
            waits_in=None,
            stage=None if respond_by is None else Stage.RUNNING,
            respond_by=respond_by,
            escalate_at=escalate_at,
            reassign_at=reassign_at,
        )

    def _queue(self, case: Case, destination: Destination, queue: str, *, sentence: str = "") -> Case:
        return msgspec.structs.replace(
            self._owned(case, destination, sentence),
            owner=queue,
            is_rep=False,
            shares=NO_SHARES,
            waits_in=queue,
            stage=None,
            respond_by=None,
            escalate_at=None,
            reassign_at=None,
        )

    def _owned(self, case: Case, destination: Destination, sentence: str) -> Case:
        words = (*destination.words, sentence) if sentence else destination.words
        if case.is_provisional:
            words = (*words, PROVISIONAL)
        return msgspec.structs.replace(
            case,
            team=destination.team,
            step=destination.step,
            matched=destination.matched,
            why=text_of(words),
            assigned_at=self.now,
            rules_version=self.book.version,
            round=case.round + 1,
            status=Status.NEW,
            status_reason=None,
            status_at=self.now,
            stopped_at=None,
        )

    def _free(self, rep: str) -> None:
        """Somebody has room again: who waits for one of his teams may be next."""
        self._more[rep] -= 1
        self._open[rep] = self._open.get(rep, 0) - 1
        known = self.book.reps.get(rep)
        if known is not None and known.capacity is not None:
            self._calls.update(self.book.teams_of(rep))
