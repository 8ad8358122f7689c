"""What is decided about a lead, given what is known."""

import pytest

from revenue.capture.contract import LeadDetails
from revenue.identity.contract import Band
from revenue.identity.deciding import Candidate, Decision, Situation, decide
from revenue.identity.known import Known
from revenue.identity.record import Record, record_of
from revenue.identity.weighing import Judgement

NOBODY = record_of(LeadDetails(first_name="Ann"))


def known(number: int, mailbox: str | None = None) -> Known:
    """A contact."""
    return Known(f"c{number}", f"c{number}", number, mailbox, None, mailbox)


def like(contact: Known, bits: float = 30.0, band: Band = Band.AUTO) -> Candidate:
    """Somebody that a lead is like."""
    return Candidate(contact, Judgement(bits, band, ()))


def joined(decision: Decision) -> set[str]:
    """All contacts that are one by a decision."""
    chosen = {decision.chosen.root_id} if decision.chosen is not None else set[str]()
    return chosen | {join.other.root_id for join in decision.joins}


def test_one_lead_never_joins_two_mailboxes() -> None:
    """Neither directly, nor by way of a contact that has none."""
    owners = [("record id", known(1)), ("e-mail address", known(2, "a@a.de")), ("third key", known(3, "b@b.de"))]

    decision = decide(Situation(NOBODY, owners=owners, candidates=[like(known(4, "c@c.de"))]))

    assert joined(decision) == {"c1", "c2"}
    assert {pair.other.root_id for pair in decision.pairs} == {"c3", "c4"}


def test_one_lead_never_joins_two_that_stay_apart() -> None:
    """By way of a third one, they would be one."""
    owners = [("record id", known(1)), ("another", known(2)), ("third", known(3))]

    decision = decide(Situation(NOBODY, owners=owners, apart={frozenset(("c2", "c3"))}))

    assert joined(decision) == {"c1", "c2"}
    assert decision.pairs == []


@pytest.mark.parametrize(
    ("empty", "mailbox", "wanted"), [(True, None, {"c1", "c2"}), (True, "b@b.de", {"c1"}), (False, None, {"c1"})]
)
def test_what_a_lead_leaves_is_merged_if_nobody_is_left(empty: bool, mailbox: str | None, wanted: set[str]) -> None:
    """So that its id goes on to answer; a mailbox of its own makes it somebody."""
    situation = Situation(
        record_of(LeadDetails(email="a@a.de")),
        owners=[("e-mail address", known(1, "a@a.de"))],
        home=known(2, mailbox),
        home_is_left_empty=empty,
    )

    assert joined(decide(situation)) == wanted


@pytest.mark.parametrize(
    ("candidates", "chosen", "band"),
    [
        ([], None, Band.DISTINCT),
        ([like(known(1), 17, Band.REVIEW)], None, Band.REVIEW),
        ([like(known(1), 17, Band.REVIEW), like(known(2), 23)], "c2", Band.AUTO),
        ([like(known(1), 23), like(known(2), 25)], "c2", Band.AUTO),
        ([like(known(2), 25), like(known(1), 25)], "c1", Band.AUTO),
        ([like(known(1), 3, Band.DISTINCT)], None, Band.DISTINCT),
    ],
)
def test_the_likest_one_is_joined(candidates: list[Candidate], chosen: str | None, band: Band) -> None:
    """Of equally like ones the older one; what is not sure is asked about."""
    decision = decide(Situation(Record(first="ann"), candidates=candidates))

    assert (decision.chosen.id if decision.chosen else None, decision.band) == (chosen, band)
    assert decision.why
