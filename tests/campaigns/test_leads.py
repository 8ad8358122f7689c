"""Revenue under failure, once for all services in one import; `make leads-kill` goes on for longer."""

import dataclasses
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from revenue.capture.contract import Lead
from revenue.routing.contract import Assignment
from tests.campaigns.leads.count import SERVICES, TOLD, Books, wrong_with
from tests.campaigns.leads.running import Plan, run
from tests.campaigns.leads.team import FEW, ROTA

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.slow
async def test_an_import_survives_the_death_of_each_service(tmp_path: Path) -> None:
    """They die one after the other, while pieces and leads are on their way; the count is whole in the end."""
    ran = await run(Plan(160, rows=10, killed=SERVICES, every=2), tmp_path)

    assert wrong_with(ran.books) == []
    assert ran.killed == Counter(SERVICES)
    assert ran.books.waiting == 16


@pytest.mark.slow
async def test_a_service_that_was_away_catches_up(tmp_path: Path) -> None:
    """It is not there while leads come in, and nobody has lost one when it is back."""
    ran = await run(Plan(100, away="identity"), tmp_path)

    assert wrong_with(ran.books) == []


def whole() -> Books:
    """Seven leads that were routed, and told of once."""
    ids = [str(number) for number in range(7)]
    once = Counter(ids)
    return Books(
        file=[f"{each}@acme.de" for each in ids],
        leads=[Lead(id=each, email=f"{each}@acme.de", captured_at=NOON, updated_at=NOON) for each in ids],
        assignments=[owned(each, rep) for each, rep in zip(ids, (*ROTA, FEW), strict=True)],
        turns=dict.fromkeys((*ROTA, FEW), 1),
        told=dict.fromkeys(TOLD, once),
        routed=once,
        received={each: Counter([f"msg_{each}"]) for each in ids},
        in_crm=7,
        parked=0,
    )


def owned(lead_id: str, owner: str) -> Assignment:
    """A lead of somebody's."""
    return Assignment(lead_id=lead_id, owner=owner, step="round_robin", why=(), is_provisional=False, assigned_at=NOON)


def test_the_count_finds_what_it_looks_for() -> None:
    """What is lost, done twice, told twice, parked or unfair."""
    books = whole()
    change = dataclasses.replace
    lost, twice = books.assignments[1:], [*books.assignments, owned("0", "rep2")]
    two_ids = {**books.received, "0": Counter(["msg_0", "msg_x"])}
    resent = {**books.received, "0": Counter({"msg_0": 2})}
    unfair = [owned(each.lead_id, "rep1") for each in books.assignments]

    assert wrong_with(books) == []
    assert wrong_with(change(books, received=resent)) == []
    assert change(books, received=resent).again == 1
    for broken, word in (
        (change(books, leads=books.leads[1:]), "capture: 1 are missing"),
        (change(books, leads=[*books.leads, books.leads[0]]), "capture: 1 are too many"),
        (change(books, assignments=lost), "routing: 1 are missing"),
        (change(books, assignments=twice), "routing: 1 are too many"),
        (change(books, assignments=unfair), "turns are unfair"),
        (change(books, turns={**books.turns, "rep1": 2}), "turns that were counted"),
        (change(books, told={**books.told, "identity": Counter({"0": 2})}), "events of identity"),
        (change(books, received=two_ids), "lead 0 was routed 1 times, told of 2"),
        (change(books, received={}), "7 leads were never told of"),
        (change(books, in_crm=6), "crm: 6 records of 7"),
        (change(books, parked=1), "1 events are parked"),
    ):
        assert any(word in each for each in wrong_with(broken)), word
