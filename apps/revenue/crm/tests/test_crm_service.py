"""Exports: what is in them, when it counts as told, and what happens in between."""

import msgspec
import pytest

from atoll import Problem
from revenue.crm.contract import (
    CrmRules,
    ExportBegin,
    ExportGone,
    ExportNotFound,
    ExportNotReady,
    ExportOvertaken,
    ExportState,
    LeftOut,
    Refusal,
    Refusals,
    Salesforce,
    Target,
    Withheld,
)
from revenue.crm.tests.told import (
    Beside,
    FakeCrm,
    assignment,
    became,
    lead,
    published,
    reassigned,
    routed,
    score,
    scored,
    updated,
)
from revenue.routing.contract import Status
from revenue.scoring.contract import Grade


async def test_a_lead_with_an_owner_is_told_whole_and_then_only_what_has_changed() -> None:
    """The first row brings the record in, the next one has two cells and the key."""
    it = Beside()
    ada = lead()
    await it.hear(scored(ada), routed(ada))

    first = await it.export()
    [row] = await it.rows(first)
    await it.confirm(first)
    await it.hear(updated(lead(revision=2, title="CTO")), became(ada, Status.WORKING))
    second = await it.export()
    [change] = await it.rows(second)

    assert (first.new, first.changed, row.key, row.is_new) == (1, 0, "lead-1", True)
    assert row.cells["LastName"] == "Lovelace 1"
    assert row.cells["Status"] == "Open - Not Contacted"
    assert row.cells["Rating"] == "Warm"
    assert row.cells["Revenue_Why__c"] == "Because of lead-1. (+60)"
    assert (second.new, second.changed, second.cells, change.key) == (0, 1, 2, "lead-1")
    assert change.cells == {"Title": "CTO", "Status": "Working - Contacted"}
    assert second.columns == ("Title", "Status")


async def test_nothing_is_told_before_it_is_confirmed() -> None:
    """If a file is lost, or its process dies before the CRM has it, the next export has everything again."""
    it = Beside()
    await it.hear(routed(lead()))

    lost = await it.export()
    again = await it.export()

    assert await it.rows(lost) == await it.rows(again)
    assert (await it.service.pending(Target.SALESFORCE)).new == 1


async def test_confirming_twice_is_once() -> None:
    """And what was told is not pending."""
    it = Beside()
    await it.hear(routed(lead()))
    export = await it.export()

    once = await it.confirm(export)
    twice = await it.confirm(export)

    assert once == twice
    assert once.state is ExportState.CONFIRMED
    assert (await it.service.pending(Target.SALESFORCE)).new == 0
    assert (await it.export()).new == 0


async def test_a_score_that_says_the_same_again_is_looked_at_once() -> None:
    """It is another moment's, and nothing that a CRM is told."""
    it = Beside()
    ada = lead()
    await it.hear(routed(ada))
    await it.confirm(await it.export())
    await it.hear(scored(ada, score(ada, minutes=5)))

    before = await it.service.pending(Target.SALESFORCE)
    export = await it.export()

    assert (before.changed, export.changed) == (1, 0)
    assert (await it.service.pending(Target.SALESFORCE)).changed == 0


async def test_what_is_taken_back_while_the_next_export_is_found_stays_pending() -> None:
    """That one was compared with what was said before."""
    it = Beside()
    await it.hear(routed(lead()))
    await it.confirm(await it.export())
    await it.hear(updated(lead(revision=2, title="CTO")))
    second = await it.export()
    await it.confirm(second)
    third = await it.export(is_all=True)
    await it.service.refuse(Target.SALESFORCE, second.number, Refusals(refusals=(Refusal(key="lead-1"),)))

    assert (await it.service.pending(Target.SALESFORCE)).changed == 1
    await it.confirm(third)

    assert (await it.export()).cells == 0
    assert (await it.service.pending(Target.SALESFORCE)).changed == 0


async def test_a_record_of_hubspots_keeps_its_own_address() -> None:
    """It is known by its id, and the address is HubSpot's to say."""
    it = Beside()
    await it.hear(routed(lead(external_id="7001", external_source="HubSpot")))

    [row] = await it.rows(await it.export(Target.HUBSPOT))

    assert (row.key, row.by_record_id) == ("7001", True)
    assert row.cells["revenue_id"] == "lead-1"
    assert not {"email", "lastname"} & set(row.cells)


async def test_a_lead_that_the_crm_sends_back_is_still_ours() -> None:
    """Revenue has brought it in, and goes on to tell what it hears; by the record's id, which is known now."""
    it = Beside()
    await it.hear(routed(lead()))
    await it.confirm(await it.export())
    await it.hear(updated(lead(revision=2, city="Ulm", external_id="00Q5e000001AbCdEAK", external_source="salesforce")))

    [row] = await it.rows(await it.export())

    assert (row.key, row.by_record_id) == ("00Q5e000001AbCdEAK", True)
    assert row.cells == {"Revenue_Id__c": "lead-1", "City": "Ulm"}


async def test_targets_have_memories_of_their_own() -> None:
    """What Salesforce was told is new to HubSpot."""
    it = Beside()
    await it.hear(routed(lead()))

    await it.confirm(await it.export(Target.SALESFORCE))
    other = await it.export(Target.HUBSPOT)

    assert other.new == 1
    assert [row.key for row in await it.rows(other)] == ["ada1@example.com"]


async def test_an_export_that_was_overtaken_is_not_confirmed_blindly() -> None:
    """It was compared with what the CRM said before the other one."""
    it = Beside()
    await it.hear(routed(lead()))
    older = await it.export()
    await it.hear(updated(lead(revision=2, title="CTO")))
    newer = await it.export()
    await it.confirm(newer)

    with pytest.raises(ExportOvertaken) as caught:
        await it.service.confirm(Target.SALESFORCE, older.number)

    assert caught.value.by == newer.number
    assert (await it.service.export(Target.SALESFORCE, older.number)).is_overtaken
    assert not (await it.service.export(Target.SALESFORCE, newer.number)).is_overtaken


async def test_an_overtaken_export_that_was_imported_last_is_confirmed_and_mended_by_the_next_one() -> None:
    """From A to B and back: the older file has put B over A, which nobody would find out without looking again."""
    it, crm = Beside(), FakeCrm("#N/A")
    await it.hear(routed(lead(title="A")))
    begun = await it.export()
    crm.take(await it.rows(begun))
    await it.confirm(begun)
    await it.hear(updated(lead(revision=2, title="B")))
    older = await it.export()
    await it.hear(updated(lead(revision=3, title="A", city="Ulm")))
    newer = await it.export()

    crm.take(await it.rows(newer))
    crm.take(await it.rows(older))
    await it.confirm(newer)
    await it.confirm(older, although_overtaken=True)
    mending = await it.export()
    crm.take(await it.rows(mending))

    assert [row.cells for row in await it.rows(mending)] == [{"Title": "A"}]
    assert crm.records["lead-1"]["Title"] == "A"
    assert crm.records["lead-1"]["City"] == "Ulm"


async def test_an_export_that_is_not_ready_has_no_rows_and_is_not_confirmed() -> None:
    """It would be a part of one."""
    it = Beside()
    await it.hear(routed(lead()))
    begun = await it.service.begin(Target.SALESFORCE, ExportBegin())

    for ask in (it.service.rows(Target.SALESFORCE, begun.number), it.service.confirm(Target.SALESFORCE, begun.number)):
        with pytest.raises(ExportNotReady):
            await ask


async def test_a_dropped_export_is_gone_and_its_leads_are_pending() -> None:
    """Nothing was told."""
    it = Beside()
    await it.hear(routed(lead()))
    export = await it.export()

    dropped = await it.service.drop(Target.SALESFORCE, export.number)
    await it.drain()

    assert dropped.state is ExportState.DROPPED
    with pytest.raises(ExportGone):
        await it.service.confirm(Target.SALESFORCE, export.number)
    assert (await it.export()).new == 1


@pytest.mark.parametrize(("target", "number"), [(Target.UNKNOWN, 1), (Target.HUBSPOT, 7), (Target.HUBSPOT, -1)])
async def test_what_there_is_not_is_a_problem(target: Target, number: int) -> None:
    """With the name that was asked for."""
    it = Beside()

    for ask in (it.service.export, it.service.rows, it.service.confirm, it.service.drop, it.service.withheld):
        with pytest.raises(ExportNotFound):
            await ask(target, number)


async def test_a_lead_from_the_crms_own_export_is_an_update_of_its_record() -> None:
    """By the record's id, with our key, and without what the CRM itself has said."""
    it = Beside()
    known = lead(external_id="00Q5e000001AbCdEAK", external_source="salesforce")
    await it.hear(routed(known))

    export = await it.export()
    [row] = await it.rows(export)

    assert (row.key, row.by_record_id) == ("00Q5e000001AbCdEAK", True)
    assert (export.new, export.changed) == (0, 1)
    assert row.cells["Revenue_Id__c"] == "lead-1"
    assert row.cells["Revenue_Score__c"] == "60"
    assert "LastName" not in row.cells
    assert "Phone" not in row.cells


async def test_a_record_of_another_kind_is_withheld() -> None:
    """A contact of Salesforce's is no lead, and would become a second one of the same person."""
    it = Beside()
    await it.hear(routed(lead(external_id="0035e000001AbCdEAK", external_source="salesforce")))

    export = await it.export()
    page = await it.service.withheld(Target.SALESFORCE, export.number)

    assert (export.withheld, await it.rows(export)) == (1, [])
    assert [each.reason for each in page.items] == [Withheld.OTHER_RECORD]


async def test_a_lead_without_an_address_is_withheld_from_hubspot() -> None:
    """It would come again with each file."""
    it = Beside()
    await it.hear(routed(lead(email=None)))

    export = await it.export(Target.HUBSPOT)

    assert [each.reason for each in (await it.service.withheld(Target.HUBSPOT, export.number)).items] == [
        Withheld.NO_KEY
    ]
    assert (await it.service.pending(Target.HUBSPOT)).new == 1


async def test_a_record_keeps_the_address_by_which_hubspot_knows_it() -> None:
    """A new one as the key would be a second contact; the change is said, and whose it was stays taken."""
    it = Beside()
    await it.hear(routed(lead()))
    await it.confirm(await it.export(Target.HUBSPOT))
    await it.hear(
        updated(lead(revision=2, email="new@example.com", city="Ulm")), routed(lead(2, email="ADA1@example.com"))
    )

    export = await it.export(Target.HUBSPOT)
    [row] = await it.rows(export)

    assert (row.key, row.cells) == ("ada1@example.com", {"city": "Ulm"})
    assert row.left_out == {"email": LeftOut.KEY}
    assert [each.reason for each in (await it.service.withheld(Target.HUBSPOT, export.number)).items] == [
        Withheld.KEY_TAKEN
    ]


async def test_a_stage_only_moves_forward() -> None:
    """A lead that was qualified and then disqualified stays where HubSpot has put it."""
    it = Beside()
    ada = lead()
    await it.hear(routed(ada, judged=score(ada, 10, Grade.D)))
    first = await it.export(Target.HUBSPOT)
    assert (await it.rows(first))[0].cells["lifecyclestage"] == "Lead"
    await it.confirm(first)

    await it.hear(became(ada, Status.QUALIFIED))
    second = await it.export(Target.HUBSPOT)
    await it.confirm(second)
    await it.hear(became(ada, Status.DISQUALIFIED))
    third = await it.export(Target.HUBSPOT)

    assert (await it.rows(second))[0].cells["lifecyclestage"] == "Sales Qualified Lead"
    assert (await it.rows(third))[0].cells == {"hs_lead_status": "Unqualified"}


async def test_rules_change_what_is_told_of_leads_that_have_not_changed() -> None:
    """A field that is new, one that has other words, and owners by their ids in the CRM."""
    it = Beside()
    await it.hear(routed(lead(attributes={"Budget": "5000"})))
    await it.confirm(await it.export())
    rules = {
        "owners": {"ada": "0055e000001AbCd"},
        "fields": {"Budget__c": {"ours": ["lead.attributes.Budget"]}, "Status": {"values": {"new": "Neu"}}},
    }
    await it.hear(published({"crm": CrmRules(salesforce=msgspec.convert(rules, Salesforce))}))

    export = await it.export()

    assert [row.cells for row in await it.rows(export)] == [
        {"Status": "Neu", "OwnerId": "0055e000001AbCd", "Budget__c": "5000"}
    ]


async def test_other_parts_of_the_playbook_leave_nothing_pending() -> None:
    """They are published often, and there may be a million records."""
    it = Beside()
    await it.hear(published({}, 1), routed(lead()))
    await it.confirm(await it.export())

    await it.hear(published({}, 2))

    assert (await it.service.pending(Target.SALESFORCE)).changed == 0


async def test_everything_can_be_told_again() -> None:
    """To a CRM that was restored from a backup, say."""
    it = Beside()
    await it.hear(routed(lead()))
    first = await it.export()
    await it.confirm(first)

    whole = await it.export(is_all=True)

    assert [row.cells for row in await it.rows(whole)] == [row.cells for row in await it.rows(first)]
    assert not (await it.rows(whole))[0].is_new


async def test_a_lead_that_has_no_owner_yet_is_not_told() -> None:
    """It would be somebody's who does not know."""
    it = Beside()
    await it.hear(scored(lead()), updated(lead(2)))

    export = await it.export()

    assert (export.new, export.withheld) == (0, 0)
    with pytest.raises(Problem):
        await it.service.record("lead-1")


async def test_an_owner_before_is_not_told_again() -> None:
    """Events of an earlier round are late."""
    it = Beside()
    ada = lead()
    await it.hear(routed(ada), reassigned(ada, "bob", turn=2), routed(ada, assignment(ada)))

    [_, standing] = await it.service.record("lead-1")

    assert standing.change["hubspot_owner_id"] == "bob@seller.example"
