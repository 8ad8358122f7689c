"""The benchmark `revenue`: its leads, what is seen at the end of their way, the peer's promises, and its whole run."""

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import sys
from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from faststream.nats import NatsBroker
from sqlalchemy import select, text

from atoll.testing import nats_server
from benchmarks.subjects.revenue_flows import HABIT, atoll_flow, habit_flow
from benchmarks.subjects.revenue_habit import Habit, Transaction, habit, inbox, outbox
from benchmarks.subjects.revenue_leads import file_of, lead_body
from benchmarks.subjects.revenue_load import Import, Load, Offer, Watch
from benchmarks.subjects.revenue_place import END, RevenuePlace, on_the_way
from revenue.capture.contract import Lead, LeadCaptured, LeadDetails, LeadFile
from revenue.capture.intake import candidates, read_file
from revenue.enrichment.tables import metadata
from tests.amount import amount, of_the_whole
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

AT = "2026-11-27T04:00:00Z"


def captured(lead_id: str) -> LeadCaptured:
    """The event of a lead of whom nothing is known."""
    lead = msgspec.convert({"id": lead_id, "captured_at": AT, "updated_at": AT}, Lead)
    return LeadCaptured(lead_id=lead_id, lead=lead)


# --- leads -----------------------------------------------------------------------------------------------------------


def test_leads_are_different_people_at_fewer_companies_and_all_can_be_taken_in() -> None:
    """Else there are fewer rows at the end than were sent, or companies that no account can hold."""
    leads = [msgspec.json.decode(lead_body(number), type=LeadDetails) for number in range(500)]

    assert len({lead.email for lead in leads}) == 500
    assert 50 < len({lead.company for lead in leads}) < 250
    assert {lead.country for lead in leads} == {
        None, "Germany", "United Kingdom", "France", "United States", "Sweden",
    }  # fmt: skip


def test_a_file_has_the_same_leads_as_bodies_have() -> None:
    """What is compared is the way in, not what comes."""
    reading = read_file(msgspec.json.decode(file_of(7, 3), type=LeadFile))
    found = list(candidates(reading, reading.rows))

    assert [row.line for row in reading.rows] == [9, 10, 11]
    assert found == [msgspec.json.decode(lead_body(number), type=LeadDetails) for number in range(7, 10)]


# --- the load --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def loaded(folder: Path, *, loses: int = -1, busy: int = 0) -> AsyncGenerator[Load]:
    """A load for a server that puts a row into the last database at once; it loses one lead, or is busy at first."""
    database = folder / "end.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"CREATE TABLE {END.table} (lead_id TEXT PRIMARY KEY)")
        count, refusals = 0, busy

        async def take(_: web.Request) -> web.Response:
            nonlocal count, refusals
            if refusals:
                refusals -= 1
                return web.Response(status=503)
            count += 1
            if count - 1 != loses:
                connection.execute(f"INSERT INTO {END.table} VALUES (?)", (f"lead {count}",))
            return web.json_response({"lead": {"id": f"lead {count}"}})

        async def take_file(request: web.Request) -> web.Response:
            rows = b64decode((await request.json())["content"]).decode().splitlines()[1:]
            connection.executemany(f"INSERT INTO {END.table} VALUES (?)", [(row,) for row in rows])
            return web.json_response({"accepted": len(rows)})

        app = web.Application()
        app.router.add_post("/leads", take)
        app.router.add_post("/imports", take_file)
        async with TestServer(app) as server:
            place = RevenuePlace(str(server.make_url("")).rstrip("/"), str(database))
            with closing(Watch(place.database)) as watch:
                async with aiohttp.ClientSession() as session:
                    yield Load(session, place, watch)


async def test_leads_are_sent_at_once_at_a_rate_and_as_a_file_and_all_are_seen(tmp_path: Path) -> None:
    """Each way answers for the same count."""
    async with loaded(tmp_path) as load:
        at_once = await load.offer(Offer(0, 20, 0.002, in_flight=3))
        at_rate = await load.offer(Offer(20, 10, 0.002, per_s=200.0))
        imported = await load.import_file(Import(30, 25, 0.002, piece=10))

    assert (at_once.leads, at_rate.leads, imported.leads) == (20, 10, 25)
    assert 0 < at_once.p50_s <= at_once.p99_s <= at_once.seconds
    assert at_once.accepted_p50_s > 0  # which may be heard after the row is seen
    assert at_once.per_s == 20 / at_once.seconds


async def test_a_lead_that_is_lost_on_its_way_gives_no_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever loses leads is quick."""
    monkeypatch.setattr("benchmarks.subjects.revenue_load.STUCK_S", 1.0)

    async with loaded(tmp_path, loses=3) as load:
        with pytest.raises(RuntimeError, match="of 10 leads 1 did not come to the end, and 0 others did"):
            await load.offer(Offer(0, 10, 0.002))


async def test_a_lead_that_is_refused_for_now_is_sent_again_and_its_time_goes_on(tmp_path: Path) -> None:
    """Both stacks may say that they have too much to do; a good client comes again."""
    async with loaded(tmp_path, busy=1) as load:
        passed = await load.offer(Offer(0, 1, 0.002))

    assert passed.refused == 1
    assert passed.p50_s > 0.05


# --- the peer --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_an_event_of_the_habit_has_its_effect_once_however_often_it_is_sent_and_fails(tmp_path: Path) -> None:
    """By its inbox, in the transaction of the effect; what fails before the commit is delivered again."""
    handled: list[str] = []
    all_handled = asyncio.Event()

    async def handle(event: LeadCaptured, _: Transaction) -> None:
        handled.append(event.lead_id)
        if handled == ["a"]:
            raise ConnectionError("it ends before its commit")
        if event.lead_id == "last":
            all_handled.set()

    with nats_server() as broker:
        async with habit("one", str(tmp_path / "one.db"), broker.url, metadata) as one:
            one.subscribe(LeadCaptured, handle)
            async with one.working():
                for lead_id in ("a", "last"):
                    if lead_id == "last":
                        await published_again(one, broker.url)
                    async with one.transaction() as transaction:
                        transaction.publish(captured(lead_id))
                await asyncio.wait_for(all_handled.wait(), PATIENCE_S)

    assert handled == ["a", "a", "last"]


async def published_again(one: Habit, broker_url: str) -> None:
    """Once the first event is in the inbox, have it sent once more, without the number by which the broker knows it."""
    async with asyncio.timeout(PATIENCE_S):
        while not await one.read(select(inbox)):  # noqa: ASYNC110  # another task writes it, and tells nobody
            await asyncio.sleep(0.01)
    row = (await one.read(select(outbox))).one()
    async with NatsBroker(broker_url, logger=None) as broker:
        await broker.publish(row.body.encode(), row.subject, stream="revenue")


@pytest.mark.slow
async def test_what_a_transaction_of_the_habit_publishes_is_lost_with_it_and_kept_with_it(tmp_path: Path) -> None:
    """The outbox is written in the same transaction, and nothing is sent while nobody relays."""
    with nats_server() as broker:
        async with habit("one", str(tmp_path / "one.db"), broker.url, metadata) as one:
            with contextlib.suppress(KeyError):
                async with one.transaction() as transaction:
                    transaction.publish(captured("a"))
                    raise KeyError
            async with one.transaction() as transaction:
                transaction.publish(captured("b"))
            rows = await one.read(select(outbox))

    assert [(row.subject, row.sent_at, "b" in row.body) for row in rows] == [("revenue.LeadCaptured", None, True)]


@pytest.mark.slow
async def test_the_habits_databases_are_as_durable_as_they_are_said_to_be(tmp_path: Path) -> None:
    """WAL, and a sync before a commit is told."""
    with nats_server() as broker:
        async with habit("one", str(tmp_path / "one.db"), broker.url, metadata) as one:
            journal = (await one.read(text("PRAGMA journal_mode"))).scalar()
            synchronous = (await one.read(text("PRAGMA synchronous"))).scalar()

    assert (journal, synchronous) == ("wal", 2)


# --- all of it -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("stack", amount(["habit"], ["single", "processes", "habit"]))
def test_every_lead_comes_to_the_end_in_every_stack(stack: str) -> None:
    """One by one, at a rate, and where there are imports as a file, too."""
    with habit_flow() if stack == "habit" else atoll_flow("single" if stack == "single" else "processes") as flow:
        taken = [flow.measure(30, 0.01), flow.measure(10, 0.002, per_s=50.0)]
        if stack != "habit":
            taken.append(flow.measure(30, 0.01, piece=20))
        memory_bytes = flow.memory_bytes()

    assert [each.passed.leads for each in taken] == [30, 10, 30][: len(taken)]
    assert all(each.cpu_each_s > 0 for each in taken)
    assert memory_bytes > 50e6


@of_the_whole
@pytest.mark.slow
def test_it_measures_what_it_says(tmp_path: Path) -> None:
    """From its command to its file and its picture, at a size that says nothing."""
    command = [sys.executable, "-m", "benchmarks.revenue", "--size", "tiny", "--json", "--results", str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "revenue.json").read_text(encoding="utf-8"))
    assert {row["name"] for row in kept["rows"]} > {"atoll single", "atoll processes", HABIT}
    assert all(row["median"] > 0 for row in kept["rows"])
    assert [ratio["goal"] for ratio in kept["ratios"]] == [
        400.0,
        400.0,
        5.0,
        None,
        None,
        500.0,
        500.0,
        None,
        None,
        1.25,
    ]
    assert (tmp_path / "revenue.svg").exists()


def test_the_way_ends_at_a_service_of_the_application_and_begins_at_capture() -> None:
    """The peer starts those services."""
    assert on_the_way()[0] == "capture"
    assert on_the_way()[-1] == END.service
