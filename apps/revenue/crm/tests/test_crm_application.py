"""Exports of more than one piece, by events, on both databases; crashes in between, and two instances at once."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from atoll import Config, World, single
from atoll.testing import PostgresServer
from revenue.crm import pieces
from revenue.crm.contract import (
    Crm,
    Export,
    ExportBegin,
    ExportGone,
    ExportOvertaken,
    ExportState,
    Refusal,
    Refusals,
    Target,
)
from revenue.crm.tests.stage import Stage, beside, export_of, ready, say, until_pending
from revenue.crm.tests.told import Beside, FakeCrm, lead, routed, rows_of, updated
from revenue.identity.contract import ContactsMerged, ContactsParted

LEADS = 620
"""More than a piece has."""
APPLICATION = dataclasses.replace(beside, edges=())


@pytest.fixture(params=["sqlite", "postgresql"])
async def config(request: pytest.FixtureRequest, postgres: PostgresServer) -> AsyncGenerator[Config]:
    """A file, or an empty database on a server."""
    if request.param == "sqlite":
        yield Config({})
        return
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE beside")
    try:
        yield Config({"BESIDE_DATABASE_URL": postgres.url("beside")})
    finally:
        await connection.execute("DROP DATABASE beside WITH (FORCE)")
        await connection.close()


async def test_everything_is_told_once_and_then_what_has_changed(tmp_path: Path, config: Config) -> None:
    """In pieces, and by pages; refused rows come again."""
    async with single(APPLICATION, world=World.real(tmp_path), config=config) as it:
        stage, crm, there = it.client(Stage), it.client(Crm), FakeCrm()
        await stage.bring(0, LEADS)
        await until_pending(crm, Target.HUBSPOT, LEADS)

        first = await export_of(crm, Target.HUBSPOT)
        rows = await rows_of(crm, first)
        there.take(rows)
        refusals = Refusals(refusals=tuple(Refusal(key=f"ADA{number}@example.com") for number in (7, 8)))
        reported = await crm.refuse(Target.HUBSPOT, first.number, refusals)
        assert (await ready(crm, await crm.confirm(Target.HUBSPOT, first.number))).state is ExportState.CONFIRMED
        await stage.change(20, 580, "CTO")
        await until_pending(crm, Target.HUBSPOT, 2, 580)
        second = await export_of(crm, Target.HUBSPOT)
        changes = await rows_of(crm, second)
        there.take(changes)
        await ready(crm, await crm.confirm(Target.HUBSPOT, second.number))

        assert (first.new, len(rows), reported.refused) == (LEADS, LEADS, 2)
        assert (second.new, second.changed) == (2, 580)
        assert {tuple(row.cells) for row in changes if not row.is_new} == {("jobtitle",)}
        assert len(there.records) == LEADS
        assert sum(record.get("jobtitle") == "CTO" for record in there.records.values()) == 580
        assert (await export_of(crm, Target.HUBSPOT)).cells == 0
        assert [each.number for each in (await crm.exports(Target.HUBSPOT)).items] == [1, 2, 3]


async def test_of_two_exports_at_once_on_two_instances_one_is_confirmed(tmp_path: Path, config: Config) -> None:
    """Both are whole; the other one is overtaken, whichever that is."""
    async with (
        single(APPLICATION, world=World.real(tmp_path), config=config) as one,
        single(APPLICATION, world=World.real(tmp_path), config=config, services=["crm"]) as other,
    ):
        crms = (one.client(Crm), other.client(Crm))
        await one.client(Stage).bring(0, LEADS)
        await until_pending(crms[0], Target.SALESFORCE, LEADS)

        exports = await asyncio.gather(*(export_of(crm, Target.SALESFORCE) for crm in crms))
        outcomes = await asyncio.gather(
            *(crm.confirm(Target.SALESFORCE, each.number) for crm, each in zip(crms, exports, strict=True)),
            return_exceptions=True,
        )
        await until_pending(crms[1], Target.SALESFORCE, 0)

        assert sorted(each.number for each in exports) == [1, 2]
        assert [each.new for each in exports] == [LEADS, LEADS]
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Export", ExportOvertaken.__name__]


async def test_leads_of_contacts_that_were_merged_say_so_until_they_are_parted(tmp_path: Path, config: Config) -> None:
    """And again when that is undone."""
    async with single(APPLICATION, world=World.real(tmp_path), config=config) as it:
        crm = it.client(Crm)
        await it.client(Stage).bring(1, 2)
        await until_pending(crm, Target.SALESFORCE, 2)
        await ready(crm, await crm.confirm(Target.SALESFORCE, (await export_of(crm, Target.SALESFORCE)).number))
        one, two, leads = "contact-of-lead-1", "contact-of-lead-2", ("lead-2",)
        top = "contact-of-somebody-else"

        told: list[list[dict[str, str]]] = []
        for event in (
            ContactsMerged(kept_id=one, merged_id=two, lead_ids=leads),
            ContactsMerged(kept_id=top, merged_id=one, lead_ids=leads),
            ContactsParted(kept_id=top, parted_id=two, lead_ids=leads),
        ):
            await say(it, event)
            await until_pending(crm, Target.SALESFORCE, 0, 1)
            export = await export_of(crm, Target.SALESFORCE)
            told.append([row.cells for row in await rows_of(crm, export)])
            await ready(crm, await crm.confirm(Target.SALESFORCE, export.number))

        assert told == [
            [{"Revenue_Contact_Id__c": one}],
            [{"Revenue_Contact_Id__c": top}],
            [{"Revenue_Contact_Id__c": two}],
        ]


async def test_whoever_dies_between_two_pieces_goes_on_with_the_next_one() -> None:
    """While an export is built, and while it is confirmed: no row is there twice, none is missing."""
    it = Beside()
    await it.hear(*(routed(lead(number)) for number in range(LEADS)))
    begun = await it.service.begin(Target.SALESFORCE, ExportBegin())
    await it.drain(1)

    half = await it.service.export(Target.SALESFORCE, begun.number)
    it.service = Beside(it.db).service
    await it.hear(it.db.published[0])  # once more, though it was done
    await it.drain()
    built = await it.service.export(Target.SALESFORCE, begun.number)
    await it.service.confirm(Target.SALESFORCE, begun.number)
    partly = await it.service.export(Target.SALESFORCE, begun.number)
    it.service = Beside(it.db).service
    await it.service.confirm(Target.SALESFORCE, begun.number)
    await it.drain()

    assert (half.state, half.new, partly.state) == (ExportState.BUILDING, 500, ExportState.CONFIRMING)
    assert [row.lead_id for row in await it.rows(built)] == [f"lead-{number}" for number in range(LEADS)]
    assert (await it.service.pending(Target.SALESFORCE)).new == 0
    assert (await it.export()).cells == 0


async def test_what_is_begun_while_another_one_is_confirmed_waits_for_it() -> None:
    """Else it would say again what was just told."""
    it = Beside()
    await it.hear(*(routed(lead(number)) for number in range(LEADS)))
    first = await it.export()
    await it.service.confirm(Target.SALESFORCE, first.number)
    await it.hear(updated(lead(600, revision=2, title="CTO")))

    second = await it.export()

    assert [row.cells for row in await it.rows(second)] == [{"Title": "CTO"}]


async def test_rows_of_old_exports_are_removed() -> None:
    """They name people, and nobody will ask for them any more."""
    it = Beside()
    await it.hear(*(routed(lead(number)) for number in range(3)))
    old = await it.export()
    await it.confirm(old)
    it.clock.advance(timedelta(days=31))
    young = await it.export(is_all=True)

    async with it.db.transaction() as tx:
        await it.service.clean(tx)
    await it.drain()

    with pytest.raises(Exception, match="too old"):
        await it.rows(old)
    assert len(await it.rows(young)) == 3
    assert (await it.service.export(Target.SALESFORCE, old.number)).state is ExportState.CONFIRMED


async def about_to_go() -> tuple[Beside, Export]:
    """An export that is so old that its removal is due."""
    it = Beside()
    await it.hear(*(routed(lead(number)) for number in range(LEADS)))
    old = await it.export()
    it.clock.advance(timedelta(days=31))
    async with it.db.transaction() as tx:
        await it.service.clean(tx)
    return it, old


async def test_an_old_export_is_confirmed_to_its_end_although_its_removal_is_on_its_way() -> None:
    """What was told and is not remembered is told once more, and one that was confirmed is not given up."""
    it, old = await about_to_go()

    await it.confirm(old)

    assert (await it.service.pending(Target.SALESFORCE)).new == 0
    assert len(await it.rows(old)) == LEADS


async def test_an_old_export_of_which_rows_are_gone_is_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of it would count as all that was told."""
    monkeypatch.setattr(pieces, "CLEANED", 100)
    it, old = await about_to_go()

    await it.drain(pieces=1)
    with pytest.raises(ExportGone):
        await it.service.confirm(Target.SALESFORCE, old.number)
    await it.drain()

    assert (await it.service.pending(Target.SALESFORCE)).new == LEADS
