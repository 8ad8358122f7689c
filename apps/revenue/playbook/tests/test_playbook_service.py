"""Versions of the team's rules."""

from datetime import UTC, datetime

import pytest

from atoll import Database
from atoll.testing import MemoryDatabase, SettableClock
from revenue.playbook import service as module
from revenue.playbook.contract import (
    NAME,
    PlaybookMoved,
    PlaybookNotFound,
    PlaybookPublished,
    PlaybookTooLarge,
    Publication,
    TeamRules,
)
from revenue.playbook.service import PlaybookService
from revenue.routing.contract import Rep, RoutingRules

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rules(*reps: str) -> TeamRules:
    """Rules that differ by who is in the team."""
    return TeamRules(routing=RoutingRules(reps=tuple(Rep(id=rep) for rep in reps)))


def playbook(db: Database | None = None) -> PlaybookService:
    """The Playbook with nothing in it."""
    return PlaybookService(db=db or MemoryDatabase(), clock=SettableClock(NOON))


async def test_rules_hold_from_their_publication_on() -> None:
    """And are told, whole, to whoever goes by them."""
    db = MemoryDatabase()
    service = playbook(db)

    version = await service.publish(Publication(playbook=rules("ann"), note="Ann begins"))

    assert (version.version, version.note, version.published_at) == (1, "Ann begins", NOON)
    assert (await service.latest()).playbook == rules("ann")
    assert db.published == [
        PlaybookPublished(name=NAME, version=1, playbook=rules("ann"), published_at=NOON),
    ]


async def test_rules_that_hold_already_are_no_new_version() -> None:
    """Neither are those that a service comes with, where none were published."""
    db = MemoryDatabase()
    service = playbook(db)

    assert (await service.publish(Publication(playbook=TeamRules()))).version == 0
    assert (await service.publish(Publication(playbook=rules("ann")))).version == 1
    assert (await service.publish(Publication(playbook=rules("ann")))).version == 1
    assert len(db.published) == 1


async def test_what_somebody_else_has_published_is_not_overwritten() -> None:
    """Whoever has planned for another version is told, and nothing is published."""
    service = playbook()
    await service.publish(Publication(playbook=rules("ann"), expected=0))

    with pytest.raises(PlaybookMoved) as moved:
        await service.publish(Publication(playbook=rules("bob"), expected=0))

    assert (moved.value.version, moved.value.expected) == (1, 0)
    assert (await service.latest()).playbook == rules("ann")


async def test_an_earlier_version_comes_back_under_a_new_number() -> None:
    """Also the one that the services come with; the versions between stay as they were."""
    service = playbook()
    for reps in (("ann",), ("ann", "bob")):
        await service.publish(Publication(playbook=rules(*reps)))

    back = await service.restore(1)
    further = await service.restore(0, "from the beginning")

    assert (back.version, back.restores, back.note) == (3, 1, "back to version 1")
    assert (further.version, further.restores, further.note) == (4, 0, "from the beginning")
    assert (await service.version(2)).playbook == rules("ann", "bob")
    assert (await service.latest()).playbook == TeamRules()
    assert [each.version for each in (await service.versions()).items] == [1, 2, 3, 4]


@pytest.mark.parametrize("version", [1, -1, 2**40])
async def test_a_version_that_is_not_there_is_said_so(version: int) -> None:
    """Whatever its number."""
    with pytest.raises(PlaybookNotFound):
        await playbook().version(version)


async def test_rules_that_no_event_can_carry_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their size, before anything is kept."""
    service = playbook()
    await service.publish(Publication(playbook=rules("ann")))
    monkeypatch.setattr(module, "BYTES_MAX", 100)

    with pytest.raises(PlaybookTooLarge):
        await service.publish(Publication(playbook=rules("ann", "bob")))

    assert (await service.latest()).version.version == 1
