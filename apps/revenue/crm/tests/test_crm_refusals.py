"""Whatever is exported, lost, imported in any order and refused sooner or later: the next file makes it good."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue.capture.contract import Lead
from revenue.crm.contract import Export, ExportRow, Refusal, Refusals, Target
from revenue.crm.tests.told import Beside, FakeCrm, lead, routed, updated
from tests.amount import amount

Operation = tuple[Any, ...]  # Any: what the operations below are about
WORDS = st.sampled_from(["A", "B", "C", None])
OPERATIONS = st.one_of(
    st.tuples(st.just("say"), st.integers(1, 2), st.sampled_from(["title", "city"]), WORDS),
    st.tuples(st.just("begin"), st.booleans()),
    st.tuples(st.just("import"), st.integers(0, 3), st.sets(st.integers(1, 2)), st.booleans()),
    st.tuples(st.just("lose"), st.integers(0, 3)),
    st.tuples(st.just("tell late"), st.integers(0, 3)),
)


@dataclass
class Office:
    """Somebody who exports, imports and forgets. Owns what the CRM really says."""

    it: Beside = field(default_factory=Beside)
    crm: FakeCrm = field(default_factory=lambda: FakeCrm("#N/A"))
    leads: dict[int, Lead] = field(default_factory=lambda: {number: lead(number) for number in (1, 2)})
    begun: list[tuple[Export, list[ExportRow]]] = field(default_factory=list[tuple[Export, list[ExportRow]]])
    late: list[tuple[Export, Refusals]] = field(default_factory=list[tuple[Export, Refusals]])

    async def does(self, operation: Operation) -> None:
        """One thing after the other."""
        match operation:
            case ("say", number, name, word):
                changes = {name: word, "revision": self.leads[number].revision + 1}
                self.leads[number] = msgspec.structs.replace(self.leads[number], **changes)
                await self.it.hear(updated(self.leads[number]))
            case ("begin", is_all):
                export = await self.it.export(is_all=is_all)
                self.begun.append((export, await self.it.rows(export)))
            case ("import", which, refused, is_late) if which < len(self.begun):
                await self.imports(*self.begun.pop(which), {f"lead-{number}" for number in refused}, is_late=is_late)
            case ("lose", which) if which < len(self.begun):
                export, _ = self.begun.pop(which)
                await self.it.service.drop(Target.SALESFORCE, export.number)
                await self.it.drain()
            case ("tell late", which) if which < len(self.late):
                await self.tells(*self.late.pop(which))
            case _:
                pass

    async def imports(self, export: Export, rows: list[ExportRow], refused: set[str], *, is_late: bool) -> None:
        """The CRM takes a file, but for some rows; it was imported last, so that it may be confirmed."""
        self.crm.take(row for row in rows if row.lead_id not in refused)
        names = tuple(Refusal(key=row.key) for row in rows if row.lead_id in refused)
        if names and is_late:
            self.late.append((export, Refusals(refusals=names)))
        elif names:
            await self.tells(export, Refusals(refusals=names))
        await self.it.confirm(export, although_overtaken=True)

    async def tells(self, export: Export, refusals: Refusals) -> None:
        """Word of what was refused."""
        await self.it.service.refuse(Target.SALESFORCE, export.number, refusals)

    async def ends(self) -> None:
        """Everything is told, and the next file is imported whole."""
        for late in self.late:
            await self.tells(*late)
        export = await self.it.export()
        await self.imports(export, await self.it.rows(export), set(), is_late=False)


@given(st.lists(OPERATIONS, max_size=14))
@settings(max_examples=amount(50, 150))
def test_the_next_file_makes_good_what_was_lost_and_refused(operations: list[Operation]) -> None:
    """As long as what was refused is told at last, and files are confirmed in the order in which they were imported."""

    async def run() -> None:
        office = Office()
        await office.it.hear(*map(routed, office.leads.values()))
        for operation in operations:
            await office.does(operation)
        await office.ends()

        for number, who in office.leads.items():
            record = office.crm.records[f"lead-{number}"]
            assert (record.get("Title"), record.get("City")) == (who.title, who.city)
            assert record["LastName"] == who.last_name
            [standing, _] = await office.it.service.record(who.id)
            assert (standing.told, standing.change) == (record, {})

    asyncio.run(run())


async def test_what_a_crm_has_refused_is_pending_again_and_listed() -> None:
    """Before and after it was confirmed; a record that was not taken in is told whole."""
    it = Beside()
    await it.hear(routed(lead(1)), routed(lead(2)))
    first = await it.export()
    reported = await it.service.refuse(
        Target.SALESFORCE,
        first.number,
        Refusals(refusals=(Refusal(key="lead-1", reason="no such owner"), Refusal(key="x"))),
    )
    await it.confirm(first)
    await it.service.refuse(Target.SALESFORCE, first.number, Refusals(refusals=(Refusal(key="lead-2", reason="late"),)))

    listed = await it.service.refused(Target.SALESFORCE)
    again = await it.export()
    await it.confirm(again)

    assert (reported.refused, reported.unknown) == (1, ("x",))
    assert [(each.lead_id, each.reason) for each in listed.items] == [("lead-1", "no such owner"), ("lead-2", "late")]
    assert (again.new, [row.is_new for row in await it.rows(again)]) == (2, [True, True])
    assert (await it.service.export(Target.SALESFORCE, first.number)).refused == 2
    assert (await it.service.refused(Target.SALESFORCE)).items == ()


async def test_a_refused_change_brings_back_what_the_crm_said_before() -> None:
    """Cells that were told since then stay told."""
    it = Beside()
    await it.hear(routed(lead(city="Ulm", title="CEO")))
    await it.confirm(await it.export())
    await it.hear(updated(lead(revision=2, city="Bonn", title="CTO")))
    second = await it.export()
    await it.confirm(second)
    await it.hear(updated(lead(revision=3, city="Kiel", title="CTO")))
    await it.confirm(await it.export())

    await it.service.refuse(Target.SALESFORCE, second.number, Refusals(refusals=(Refusal(key="lead-1"),)))
    [standing, _] = await it.service.record("lead-1")
    fourth = await it.export()

    assert (standing.told["City"], standing.told["Title"]) == ("Kiel", "CEO")
    assert [row.cells for row in await it.rows(fourth)] == [{"Title": "CTO"}]
