"""An application of the CRM's beside and of a stage that says what other services would say."""

import asyncio
from typing import Protocol

import msgspec

from atoll import Application, Database, Event, Service, contract, post
from atoll.topology import Running
from revenue.capture.contract import LeadUpdated
from revenue.crm.contract import Crm, Export, ExportBegin, ExportState, Target
from revenue.crm.tests.told import lead, routed, scored, updated
from revenue.identity.contract import ContactsMerged, ContactsParted
from revenue.playbook.contract import PlaybookPublished
from revenue.routing.contract import LeadReassigned, LeadRouted, LeadStatusChanged
from revenue.scoring.contract import LeadScored
from tests.patience import PATIENCE_S

KINDS: dict[str, type[Event]] = {
    each.__name__: each
    for each in (
        LeadUpdated, LeadScored, LeadRouted, LeadStatusChanged, LeadReassigned, ContactsMerged, ContactsParted,
        PlaybookPublished,
    )
}  # fmt: skip


@contract(version="1.0", publishes=tuple(KINDS.values()))
class Stage(Protocol):
    """Says what it is told to say."""

    @post("/leads", public=True)
    async def bring(self, first: int, count: int) -> None:
        """Say of so many leads that they were scored and routed."""
        ...

    @post("/changes", public=True)
    async def change(self, first: int, count: int, title: str) -> None:
        """Say of so many leads that their title has changed."""
        ...

    @post("/events", public=True)
    async def say(self, kind: str, event: str) -> None:
        """Say an event, given as JSON."""
        ...


class StageService(Service, Stage, owner="tests"):
    """Publishes in the names of others."""

    db: Database

    async def bring(self, first: int, count: int) -> None:
        """In one transaction."""
        async with self.db.transaction(timeout_s=30) as tx:
            for number in range(first, first + count):
                tx.publish(scored(lead(number)))
                tx.publish(routed(lead(number)))

    async def change(self, first: int, count: int, title: str) -> None:
        """As above."""
        async with self.db.transaction(timeout_s=30) as tx:
            for number in range(first, first + count):
                tx.publish(updated(lead(number, revision=2, title=title)))

    async def say(self, kind: str, event: str) -> None:
        """As above."""
        async with self.db.transaction() as tx:
            tx.publish(msgspec.json.decode(event, type=KINDS[kind]))


beside = Application(
    "beside",
    owner="tests",
    services=[StageService, "revenue.crm.service:CrmService"],
    edges=("atoll.gateway.service:GatewayService",),
)


async def say(it: Running, event: Event) -> None:
    """Have the stage say an event."""
    await it.client(Stage).say(type(event).__name__, msgspec.json.encode(event).decode())


async def until_pending(crm: Crm, target: Target, new: int, changed: int = 0) -> None:
    """Wait until so much is pending for a target."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            pending = await crm.pending(target)
            if (pending.new, pending.changed) == (new, changed):
                return
            await asyncio.sleep(0.02)


async def export_of(crm: Crm, target: Target, *, is_all: bool = False) -> Export:
    """An export that is ready."""
    return await ready(crm, await crm.begin(target, ExportBegin(is_all=is_all)))


async def ready(crm: Crm, export: Export) -> Export:
    """The export, when the service has got on with it."""
    async with asyncio.timeout(PATIENCE_S):
        while export.state in (ExportState.BUILDING, ExportState.CONFIRMING):
            await asyncio.sleep(0.02)
            export = await crm.export(export.target, export.number)
    return export
