"""Rules tried on leads, with nothing kept: what they would have done with past ones, or would do with one now. Pure."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from .book import Book
from .case import Case, facts_in, told
from .choice import pool_of, turn_in
from .contract import Explanation, OwnerChange, RouteQuestion, TrialReport
from .deficit import Standings
from .facts import Facts, facts_of
from .reports import fairness_of
from .response import moments_of
from .rules import WhenFull
from .way import BY_HAND, CATCH_ALL, Destination, Earlier, caught, destination_of

SAMPLES_MAX = 20


class Found(msgspec.Struct, frozen=True):
    """Whom a lead would be given to, and why."""

    owner: str
    destination: Destination
    why: tuple[str, ...]
    is_rep: bool
    is_waiting: bool


class Trial:
    """Rules at work on leads that come in one after the other. Owns how teams and reps stand meanwhile."""

    def __init__(
        self,
        book: Book,
        standings: Mapping[str, Standings] | None = None,
        open_leads: Mapping[str, int] | None = None,
        waiting: Mapping[str, int] | None = None,
    ) -> None:
        self._book = book
        self._standings: dict[str, Standings] = dict(standings or {})
        self._open = Counter[str](open_leads or {})
        self._waiting = Counter[str](waiting or {})
        self._contacts: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._before: Counter[str] = Counter()
        self._after: Counter[str] = Counter()
        self._steps: Counter[str] = Counter()
        self._moved: list[OwnerChange] = []
        self._changed: list[OwnerChange] = []
        self._counts = Counter[str]()

    def route(self, case: Case) -> None:
        """Route a lead that is kept, at the moment when it got its owner; one that was given by hand stays there."""
        self._before[case.owner] += 1
        self._counts["leads"] += 1
        if case.step == BY_HAND:
            self._after[case.owner] += 1
            self._steps[BY_HAND] += 1
            return
        rules = self._book.rules
        contact = self._contacts.get(case.contact_id or "") if rules.keep_contacts else None
        account = self._accounts.get(case.account_id or "") if rules.keep_accounts else None
        found = self.find(facts_in(told(case)), Earlier(contact, account), case.assigned_at.timestamp())
        if found.is_rep:
            self._contacts[case.contact_id or ""] = self._accounts[case.account_id or ""] = found.owner
            self._contacts.pop("", None)
            self._accounts.pop("", None)
            self._open[found.owner] += case.is_open
        self._waiting[found.owner] += found.is_waiting
        self._after[found.owner] += 1
        self._steps[found.destination.step] += 1
        self._compare(case, found)

    def find(self, facts: Facts, earlier: Earlier, at: float) -> Found:
        """Whom a lead would be given to at a moment."""
        return self._given(destination_of(self._book, facts, earlier, at), at)

    def report(self) -> TrialReport:
        """What was found."""
        return TrialReport(
            leads=self._counts["leads"],
            changed=self._counts["changed"],
            moved=self._counts["moved"],
            before=_sorted(self._before),
            after=_sorted(self._after),
            by_step=_sorted(self._steps),
            fairness=fairness_of(self._book, self._standings, self._waiting),
            samples=(*self._moved, *self._changed)[:SAMPLES_MAX],
        )

    def _given(self, destination: Destination, at: float) -> Found:
        owner = destination.rep or destination.queue
        if owner is not None:
            return Found(owner, destination, destination.words, destination.rep is not None, False)
        team = destination.team
        assert team is not None
        pool = pool_of(self._book, team, destination.needs, (), self._open, at)
        if pool.weights:
            turn, sentence = turn_in(self._book, team, pool, self._standings.get(team, {}))
            self._standings[team] = turn.standings
            return Found(turn.rep, destination, (*destination.words, sentence), True, False)
        sentence = f"Turn in team {team}: {pool.words}, so it "
        if destination.step != CATCH_ALL and self._book.teams[team].when_full is WhenFull.CATCH_ALL:
            return self._given(caught(self._book, (*destination.words, f"{sentence}goes on.")), at)
        return Found(team, destination, (*destination.words, f"{sentence}waits for somebody."), False, True)

    def _compare(self, case: Case, found: Found) -> None:
        if found.owner == case.owner:
            return
        self._counts["changed"] += 1
        destination = found.destination
        has_moved = (destination.step, destination.team, destination.matched) != (case.step, case.team, case.matched)
        self._counts["moved"] += has_moved
        samples = self._moved if has_moved else self._changed
        if len(samples) < SAMPLES_MAX:
            step = destination.step
            samples.append(
                OwnerChange(lead_id=case.lead_id, was=case.owner, becomes=found.owner, step=step, why=found.why)
            )


def explained(
    book: Book,
    question: RouteQuestion,
    earlier: Earlier,
    standings: Mapping[str, Standings],
    waiting: Mapping[str, int],
    open_leads: Mapping[str, int],
    now: datetime,
) -> Explanation:
    """Whose a lead would be now."""
    facts = facts_of(question.lead, question.resolution, question.profile, question.grade)
    found = Trial(book, standings, open_leads, waiting).find(facts, earlier, now.timestamp())
    respond_by = moments_of(book, found.owner, question.grade, now.timestamp())[0] if found.is_rep else None
    return Explanation(
        owner=found.owner,
        step=found.destination.step,
        why=found.why,
        is_provisional=not facts.is_enriched,
        rules_version=book.version,
        team=found.destination.team,
        matched=found.destination.matched,
        is_waiting=found.is_waiting,
        respond_by=respond_by if respond_by is None else respond_by.astimezone(UTC),
    )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    """The most first."""
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
