"""Identity on PostgreSQL, where several instances write at the same time: no two contacts of one person."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from atoll import Application, Config, World, single
from atoll.testing import PostgresServer, check_migrations, running
from atoll.testing.plugin import Reached
from revenue.capture.contract import Capture, LeadDetails, LeadFile
from revenue.capture.service import CaptureService
from revenue.identity.contract import Identity, Kind, MergeOrder
from revenue.identity.service import IdentityService
from revenue.playbook.service import PlaybookService
from revenue.sample import sample_csv
from tests.patience import PATIENCE_S

APPLICATION = Application("town", owner="tests", services=[CaptureService, IdentityService, PlaybookService], edges=())
SAMPLE = LeadFile(file_name="leads.csv", content=sample_csv(leads=100).encode(), import_id="sample")


@pytest.fixture
async def config(postgres: PostgresServer) -> AsyncGenerator[Config]:
    """An empty database on the server."""
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE town")
    try:
        yield Config({"TOWN_DATABASE_URL": postgres.url("town")})
    finally:
        await connection.execute("DROP DATABASE town WITH (FORCE)")
        await connection.close()


async def settled(it: Reached) -> int:
    """Wait until everybody was resolved; how many leads there are."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            captured, resolved = await it.client(Capture).count(), await it.client(Identity).count()
            if (captured.leads, captured.revisions) == (resolved.leads, resolved.revisions):
                return captured.leads
            await asyncio.sleep(0.05)


async def contacts_of(it: Reached) -> dict[str, set[str]]:
    """The addresses of each contact."""
    found: dict[str, set[str]] = {}
    cursor: str | None = None
    while True:
        page = await it.client(Identity).resolutions(cursor=cursor, limit=1000)
        for each in page.items:
            found.setdefault(each.resolution.contact_id, set()).add((each.lead.email or each.lead_id).casefold())
        if (cursor := page.next) is None:
            return found


async def accounts_of(it: Reached) -> list[tuple[str, ...]]:
    """The domains of all accounts that have some."""
    page = await it.client(Identity).accounts(limit=1000)
    return sorted(account.domains for account in page.items if account.domains)


async def told_at_once(people: Sequence[LeadDetails], state: Path, config: Config) -> tuple[int, dict[str, set[str]]]:
    """How many leads and which contacts there are, after two instances were told of everybody at the same time."""
    async with (
        single(APPLICATION, world=World.real(state), config=config) as one,
        single(APPLICATION, world=World.real(state), config=config) as other,
    ):
        either = [one.client(Capture), other.client(Capture)]
        await asyncio.gather(*(either[place % 2].accept(each) for place, each in enumerate(people)))
        return await settled(one), await contacts_of(other)


def test_migrations_make_what_is_declared() -> None:
    """In a file of SQLite."""
    check_migrations(IdentityService)


def test_migrations_make_it_on_postgresql(postgres: PostgresServer) -> None:
    """In a schema of its own."""
    check_migrations(IdentityService, url=postgres.url())


async def test_leads_about_one_new_person_at_once_make_one_contact(tmp_path: Path, config: Config) -> None:
    """Several leads of each of twenty people, told to two instances at the same time; and one account for all."""
    spellings = ("{n}.person@gmail.com", "{n}person@googlemail.com", "{n}person+a@gmail.com", "{n}.per.son@gmail.com")
    async with (
        single(APPLICATION, world=World.real(tmp_path), config=config) as one,
        single(APPLICATION, world=World.real(tmp_path), config=config) as other,
    ):
        either = [one.client(Capture), other.client(Capture)]
        for first in range(0, 20, 10):
            await asyncio.gather(
                *(
                    either[place % 2].accept(LeadDetails(email=spelling.format(n=number), website="acme.example"))
                    for number in range(first, first + 10)
                    for place, spelling in enumerate(spellings)
                )
            )
        leads = await settled(one)
        contacts, accounts = await contacts_of(other), await accounts_of(other)

    assert leads == 80
    assert len(contacts) == 20
    assert all(len(addresses) == 4 for addresses in contacts.values())
    assert accounts == [("acme.example",)]


async def test_leads_without_a_mailbox_take_turns(tmp_path: Path, config: Config) -> None:
    """No key is theirs: of those who sound alike one instance resolves one at a time, so that each sees the others."""
    more: list[dict[str, Any]] = [
        {"city": "Ulm"},
        {"street": "Markt 1"},
        {"state": "BW"},
        {"company": "Acme"},
    ]  # Any: a lead's fields
    people = [
        LeadDetails(first_name=f"{name}a", last_name="Lee", phone=f"030 55512{number}", **also)
        for number, name in enumerate(("Ann", "Bert", "Cilly", "Dora", "Emil", "Fritz", "Gustl", "Heid"), start=10)
        for also in more
    ]
    people = [
        msgspec.structs.replace(each, phone=str(each.phone).replace(" ", mark))
        for each, mark in zip(people, itertools.cycle((" ", "/", "-", ".")))
    ]
    leads, contacts = await told_at_once(people, tmp_path, config)

    assert leads == 32
    assert [len(several) for several in contacts.values()] == [4] * 8


@pytest.mark.parametrize(
    "spellings",
    [
        ("{name}.lee@acme.example", "{name}.lee+fair@acme.example", "{name}.lee+web@acme.example"),
        ("{name}@acme.example", None),
    ],
    ids=["what stands after a plus", "with a mailbox and without"],
)
async def test_leads_of_one_person_whose_keys_differ_take_turns(
    tmp_path: Path, config: Config, spellings: tuple[str | None, ...]
) -> None:
    """They are one person by likeness alone: whoever comes second has to see the first, whatever address they give."""
    people = [
        LeadDetails(
            first_name=f"{name}a",
            last_name="Lee",
            phone=f"030 55512{number}",
            company="Acme",
            email=spelling and spelling.format(name=name),
        )
        for number, name in enumerate(("Ann", "Bert", "Cilly", "Dora", "Emil", "Fritz", "Gustl", "Heid"), start=10)
        for spelling in spellings
    ]
    leads, contacts = await told_at_once(people, tmp_path, config)

    assert leads == len(people)
    assert [len(several) for several in contacts.values()] == [len(spellings)] * 8


async def test_those_who_sound_alike_wait_for_each_other_outside_of_the_database(
    tmp_path: Path, config: Config, postgres: PostgresServer
) -> None:
    """However many they are, one of each instance waits in it: not for its time, nor with its connections."""
    people = [LeadDetails(first_name="Ada", last_name=f"{n}", email=f"ada@c{n}.example") for n in range(40)]
    async with (
        single(APPLICATION, world=World.real(tmp_path), config=config) as one,
        single(APPLICATION, world=World.real(tmp_path), config=config) as other,
    ):
        waiting: list[int] = []
        connection = await asyncpg.connect(postgres.url("town"))
        async with connection.transaction():
            schema = await connection.fetchval("SELECT schemaname FROM pg_tables WHERE tablename = 'turns'")
            await connection.execute(f"LOCK TABLE {schema}.turns IN EXCLUSIVE MODE")
            await asyncio.gather(*((one, other)[n % 2].client(Capture).accept(who) for n, who in enumerate(people)))
            while len(waiting) < 20:
                await asyncio.sleep(0.05)
                count = await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
                waiting += [count] if count or waiting else []
        await connection.close()
        leads = await settled(one)

    assert leads == 40
    assert set(waiting) <= {1, 2}


async def test_the_same_file_makes_the_same_contacts_on_both_databases(tmp_path: Path, config: Config) -> None:
    """Whether one instance resolves it or two at once."""
    async with running(APPLICATION) as it:
        await it.client(Capture).import_file(SAMPLE)
        leads = await settled(it)
        wanted = await contacts_of(it), await accounts_of(it)

    async with (
        single(APPLICATION, world=World.real(tmp_path), config=config) as one,
        single(APPLICATION, world=World.real(tmp_path), config=config) as other,
    ):
        await asyncio.gather(one.client(Capture).import_file(SAMPLE), other.client(Capture).import_file(SAMPLE))
        assert await settled(one) == leads
        found = await contacts_of(other), await accounts_of(other)

    def by_address(contacts: dict[str, set[str]]) -> list[list[str]]:
        return sorted(sorted(each for each in several if "@" in each) for several in contacts.values())

    assert by_address(found[0]) == by_address(wanted[0])
    assert found[1] == wanted[1]


async def test_merges_at_once_make_no_circle(tmp_path: Path, config: Config) -> None:
    """Everybody merges with everybody, in both directions, and leads come in meanwhile."""
    async with (
        single(APPLICATION, world=World.real(tmp_path), config=config) as one,
        single(APPLICATION, world=World.real(tmp_path), config=config) as other,
    ):
        either = [one, other]
        for number in range(6):
            await one.client(Capture).accept(LeadDetails(email=f"p{number}@c{number}.example"))
        await settled(one)
        ids = [contact.id for contact in (await one.client(Identity).contacts()).items]

        async def merge(kept: int, merged: int) -> None:
            client = either[(kept + merged) % 2].client(Identity)
            await client.merge_contacts(ids[kept], MergeOrder(merged_id=ids[merged]))

        async def more(number: int) -> None:
            await (
                either[number % 2].client(Capture).accept(LeadDetails(email=f"p{number}@c{number}.example", title="x"))
            )

        await asyncio.gather(
            *(merge(kept, merged) for kept in range(6) for merged in range(6) if kept != merged),
            *(more(number) for number in range(6)),
        )
        await settled(one)
        contacts = await contacts_of(other)
        [kept] = (await other.client(Identity).contacts()).items
        apart = (await other.client(Identity).duplicates(Kind.CONTACT)).items
        for each in ids:
            await one.client(Identity).unmerge_contact(each)
        parted = await contacts_of(one)

    assert list(contacts) == [kept.id]
    assert {kept.id, *kept.merged_ids} == set(ids)
    assert apart == ()
    assert sorted(map(sorted, parted.values())) == [[f"p{number}@c{number}.example"] for number in range(6)]
