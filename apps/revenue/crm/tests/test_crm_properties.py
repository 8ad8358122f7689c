"""What holds whatever happens: a CRM that imports every file says what is known now, and no order of events matters."""

import asyncio
import csv
from collections.abc import Mapping
from io import StringIO
from itertools import chain
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from atoll import Event
from revenue.capture.contract import Lead
from revenue.crm.contract import Export, ExportRow, Target
from revenue.crm.tables import RECORDS
from revenue.crm.tests.told import (
    Beside,
    FakeCrm,
    assignment,
    became,
    lead,
    reassigned,
    routed,
    score,
    scored,
    updated,
)
from revenue.crm.writing import body_lines, head_line, heads_of
from revenue.identity.contract import ContactsMerged, ContactsParted
from revenue.routing.contract import Status
from revenue.scoring.contract import Grade
from tests.amount import amount

SAID = ("title", "company", "city", "phone", "description")
OURS = {
    "title": ("Title", 128),
    "city": ("City", 40),
    "description": ("Description", 32_000),
    "email": ("Email", 80),
}
"""Where it stands in the CRM, and how long it may be."""
WORDS = st.sampled_from(
    [None, "one", "two", 'with "quotes", and a comma', "two\nlines", "+49 30 1", "=cmd()", "x" * 300]
)
STATUSES = st.sampled_from([Status.ACCEPTED, Status.WORKING, Status.QUALIFIED, Status.DISQUALIFIED])
Step = tuple[int, str, str, str | None, Status]
STEP = st.tuples(st.integers(1, 3), st.sampled_from(["say", "status", "score"]), st.sampled_from(SAID), WORDS, STATUSES)


class World:
    """Three leads, and what happens to them. Owns what is true."""

    def __init__(self) -> None:
        self.leads = {number: lead(number) for number in (1, 2, 3)}
        self.points = dict.fromkeys(self.leads, 60)
        self.minutes = 0

    def happens(self, step: Step) -> Event:
        """The event that tells of it."""
        number, what, name, word, status = step
        who = self.leads[number]
        if what == "say":
            marked = f"{word} of {number}" if word and not word.startswith(("+", "=")) else word
            changes: dict[str, Any] = {name: marked, "revision": who.revision + 1}  # Any: values of a lead's fields
            self.leads[number] = msgspec.structs.replace(who, **changes)
            return updated(self.leads[number])
        if what == "status":
            return became(who, status)
        self.points[number] = (self.points[number] + 7) % 100
        self.minutes += 1
        return scored(who, score(who, self.points[number], Grade.C, minutes=self.minutes))


def parsed(export: Export, rows: list[ExportRow]) -> list[dict[str, str]]:
    """What the CRM reads in the file of an export."""
    heads = heads_of(export, by_record_id=False)
    return list(csv.DictReader(StringIO(head_line(heads) + body_lines(heads, rows), newline="")))


@given(st.lists(st.lists(STEP, max_size=6), min_size=1, max_size=5), st.data())
@settings(max_examples=amount(25, 60))
def test_a_crm_that_imports_every_file_says_what_is_known(rounds: list[list[Step]], data: st.DataObject) -> None:
    """What was told, and the changed cells, are what the record says now; no lead's cell is in another one's row."""

    async def run() -> None:
        it, world, crm = Beside(), World(), FakeCrm("#N/A")
        await it.hear(*(routed(who) for who in world.leads.values()))
        for steps in rounds:
            await it.hear(*map(world.happens, steps))
            export = await it.export()
            if data.draw(st.booleans(), label="the file is lost"):
                continue
            rows = await it.rows(export)
            for cells in parsed(export, rows):
                number = int(cells["Revenue_Id__c"].removeprefix("lead-"))
                assert not any(f"of {other}" in text for text in cells.values() for other in {1, 2, 3} - {number})
                crm.read(cells.pop("Revenue_Id__c"), cells)
            await it.confirm(export)
            for number, who in world.leads.items():
                record = crm.records[who.id]
                assert record["Revenue_Score__c"] == str(world.points[number])
                assert_says(record, who)
                [standing, _] = await it.service.record(who.id)
                assert (standing.change, standing.told) == ({}, record)

    asyncio.run(run())


def assert_says(record: Mapping[str, str], who: Lead) -> None:
    """Whether a record of the CRM says what the lead does, as long as its fields let it."""
    for ours, (theirs, length) in OURS.items():
        word = getattr(who, ours)
        if word != "=cmd()":  # which leaves there what was there
            assert record.get(theirs) == (word and word[:length].rstrip())


@given(st.permutations([0] * 3 + [1] * 3 + [2] * 5))
@settings(max_examples=amount(25, 60))
def test_no_order_of_publishers_makes_an_older_word_the_last_one(order: list[int]) -> None:
    """Each publisher's own events are in order, as the platform promises; those of different ones in any."""
    first, second, third = (lead(revision=revision, title=f"T{revision}") for revision in (1, 2, 3))
    faded = score(third, 30, Grade.C)
    publishers: list[list[Event]] = [
        [updated(second), updated(second), updated(third)],
        [scored(first), scored(third, score(third, 70)), scored(third, faded)],
        [
            routed(first),
            became(first, Status.ACCEPTED),
            routed(second, assignment(second, "bob", turn=2), score(first)),
            reassigned(third, "cyd", turn=3),
            became(third, Status.WORKING, "cyd", turn=3),
        ],
    ]

    async def run() -> tuple[str, str, str]:
        it, told = Beside(), [iter(each) for each in publishers]
        await it.hear(*(next(told[which]) for which in order))
        row = (await it.db.read(select(RECORDS.c.lead, RECORDS.c.scored, RECORDS.c.assignment))).one()
        return (row.lead, row.scored, row.assignment)

    found = [msgspec.json.decode(part) for part in asyncio.run(run())]

    assert found[0]["title"] == "T3"
    assert (found[1]["score"]["lead_revision"], found[1]["score"]["points"]) == (3, 30)
    assert (found[2]["owner"], found[2]["status"], found[2]["round"]) == ("cyd", "working", 3)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (["+a"], "a"),
        (["+a", "+a"], "a"),
        (["+a", "-top"], "lead's own"),
        (["-top", "+a"], "lead's own"),
        (["+a", "-top", "-top", "+b"], "b"),
        (["+a", "+b", "-a"], "b"),
        (["+b", "+a", "-a"], "b"),
        (["+a", "-a", "+a"], "a"),
    ],
)
async def test_a_contact_is_where_it_was_merged_last_whatever_comes_first(told: list[str], kept: str) -> None:
    """Events about different pairs have different keys, and may overtake each other."""
    it = Beside()
    ada = lead()
    await it.hear(routed(ada), scored(ada, score(ada, minutes=1), contact="lead's own"))
    for word in told:
        top = word[1:]
        event: Event = ContactsMerged(kept_id=top, merged_id="lead's own", lead_ids=(ada.id,))
        if word[0] == "-":
            event = ContactsParted(kept_id=top, parted_id="lead's own", lead_ids=(ada.id,))
        await it.hear(event)

    [standing, _] = await it.service.record(ada.id)

    assert standing.change["Revenue_Contact_Id__c"] == kept


async def test_a_lead_that_came_after_a_merge_goes_with_whom_it_belongs_to() -> None:
    """It was said to be the one that was kept; the parting says whose it is, until it is resolved anew."""
    it = Beside()
    ada = lead()
    await it.hear(scored(ada, contact="kept"), routed(ada, judged=score(ada, minutes=-1)))
    await it.hear(ContactsParted(kept_id="kept", parted_id="other", lead_ids=(ada.id,)))
    [parted, _] = await it.service.record(ada.id)
    await it.hear(scored(ada, score(ada, 10, minutes=9), contact="kept"))
    [faded, _] = await it.service.record(ada.id)
    again = lead(revision=2)
    await it.hear(scored(again, contact="third"))
    [anew, _] = await it.service.record(ada.id)

    found = [each.change["Revenue_Contact_Id__c"] for each in (parted, faded, anew)]

    assert found == ["other", "other", "third"]


async def test_events_that_come_twice_change_nothing() -> None:
    """Nor is anything pending again."""
    it = Beside()
    ada = lead()
    events = [scored(ada), routed(ada), became(ada, Status.WORKING), updated(lead(revision=2, city="Ulm"))]
    await it.hear(*events)
    await it.confirm(await it.export())

    await it.hear(*chain(events[:2], events[3:]))

    assert (await it.export(Target.SALESFORCE)).changed == 0
