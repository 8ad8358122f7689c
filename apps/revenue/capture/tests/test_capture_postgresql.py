"""Capture on PostgreSQL, two instances at once: each delivery once, each lead once, each refusal counted."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from atoll import Config, RawBody, Running, World, single
from atoll.testing import PostgresServer
from revenue.capture.contract import (
    Capture,
    CaptureRules,
    Fate,
    LeadDetails,
    LeadFile,
    NotKept,
    Refusal,
    Replay,
    Scheme,
    Signature,
    Source,
    SourceNotFound,
    WebhookRefused,
)
from revenue.capture.payload import FORM
from revenue.capture.service import CaptureService
from revenue.capture.tests.alone import alone
from revenue.playbook.contract import Playbook, Publication, TeamRules
from tests.patience import PATIENCE_S

ACME = Signature(secret="acme", scheme=Scheme.API_KEY, header="x-key", id_header="x-id")
RULES = CaptureRules(sources=(Source(name="acme", signature=ACME),))
SERVICES = ["capture", "playbook"]


@pytest.fixture
async def both(tmp_path: Path, postgres: PostgresServer) -> AsyncGenerator[tuple[Running, Running]]:
    """Two processes, as it were, with one database, in which the rules hold."""
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE captured")
    environment = {
        "ALONE_DATABASE_URL": postgres.url("captured"),
        "ALONE_CAPTURE_SECRETS": json.dumps({"acme": "k"}),
        "ALONE_CAPTURE_RAW_DAYS": "0.0000001",
    }
    try:
        async with (
            single(alone, world=World.real(tmp_path), config=Config(environment), services=SERVICES) as one,
            single(alone, world=World.real(tmp_path), config=Config(environment), services=SERVICES) as other,
        ):
            await one.client(Playbook).publish(Publication(playbook=TeamRules(capture=RULES)))
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    if await knows_rules(other):
                        break
                    await asyncio.sleep(0.05)
            yield one, other
    finally:
        await connection.execute("DROP DATABASE captured WITH (FORCE)")
        await connection.close()


async def knows_rules(it: Running) -> bool:
    """Whether the rules have arrived: a webhook with a wrong key is refused, rather than of nobody."""
    try:
        await it.client(Capture).receive("acme", RawBody(headers={"x-key": "wrong"}))
    except WebhookRefused:
        return True
    except SourceNotFound:
        return False
    raise AssertionError("a wrong key was believed")


def hook(message: str, email: str) -> RawBody:
    """A webhook of the source."""
    headers = {"x-key": "k", "x-id": message}
    return RawBody(body=json.dumps({"email": email}).encode(), media_type="application/json", headers=headers)


async def test_of_deliveries_at_both_instances_one_takes_effect(both: tuple[Running, Running]) -> None:
    """Ten of each of five, at either."""
    sent = [hook(str(number % 5), f"{number % 5}@example.com") for number in range(50)]
    captures = [it.client(Capture) for it in both]

    received = await asyncio.gather(*(captures[place % 2].receive("acme", each) for place, each in enumerate(sent)))

    count = await captures[0].count()
    assert len({each.submission_id for each in received}) == 5
    assert (count.leads, count.revisions) == (5, 5)
    assert len((await captures[1].submissions()).items) == 5


async def test_refusals_at_both_instances_are_all_counted(both: tuple[Running, Running]) -> None:
    """Also the first ones, which meet."""
    captures = [it.client(Capture) for it in both]
    before = Counter({each.reason: each.count for each in (await captures[0].refusals()).items})
    wrong = RawBody(headers={"x-key": "wrong"})
    bot = RawBody(body=b"email=a%40example.com&fax=1", media_type=FORM)

    await asyncio.gather(
        *(captures[place % 2].receive("acme", wrong) for place in range(20)),
        *(captures[place % 2].submit("website", bot) for place in range(20)),
        return_exceptions=True,
    )

    after = Counter({each.reason: each.count for each in (await captures[0].refusals()).items})
    assert after - before == {Refusal.FORGED: 20, Refusal.HONEYPOT: 20}


async def test_submissions_are_kept_read_again_and_let_go_of(both: tuple[Running, Running]) -> None:
    """As on SQLite: every statement of them."""
    capture = both[0].client(Capture)
    form = RawBody(body=b"email=ada%40example.com&consent=on", media_type=FORM)
    received = await capture.submit("website", form)
    await capture.accept(LeadDetails(email="b@example.com"))
    file = LeadFile(file_name="x.csv", content=b"Wer\nAda\n", import_id="x", mapping={"Wer": "last_name"})
    await asyncio.gather(*(it.client(Capture).import_file(file) for it in both))

    kept = await capture.submission(received.submission_id)
    replayed = await capture.replay(received.submission_id, Replay())
    listed = (await capture.submissions()).items
    rejected = (await capture.submissions(rejected=True)).items
    service = both[0].instances["capture"].service
    assert isinstance(service, CaptureService)
    async with service.db.transaction() as tx:
        await service.forget(tx)
    left = (await capture.submissions()).items

    assert kept.raw == form.body
    assert (replayed.fate, replayed.replays) == (Fate.UNCHANGED, 1)
    assert ([each.source for each in listed], rejected) == (["website", "", "x.csv"], ())
    assert [(each.source, each.is_kept) for each in left] == [("x.csv", False)]
    with pytest.raises(NotKept):
        await capture.submission(left[0].id)
