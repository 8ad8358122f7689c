"""Capture behind its gateway: what browsers, other people's servers and the command line send, also when they die."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import openpyxl
import pytest

from atoll import Config, Running, World, single
from atoll.gateway import connection
from revenue.capture.contract import Capture, CaptureRules, Fate, Form, LeadDetails, Signature, Source
from revenue.capture.tests.alone import alone
from revenue.playbook.contract import Playbook, Publication, TeamRules
from revenue.signing import key_of
from tests.patience import PATIENCE_S

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RULES = CaptureRules(
    forms=(Form(name="website", consent_text="I agree."),),
    sources=(Source(name="acme", signature=Signature(secret="acme"), fields={"email": "data.email"}),),
)


@dataclass(frozen=True)
class Outside:
    """Capture as strangers and the command line see it."""

    running: Running
    http: httpx.AsyncClient
    url: str
    key: str
    state: Path

    @property
    def capture(self) -> Capture:
        """Capture itself."""
        return self.running.client(Capture)

    async def importing(self, path: Path, *words: str) -> asyncio.subprocess.Process:
        """The command line, which has begun to import a file."""
        command = (sys.executable, "-m", "revenue.cli", "import", str(path), *(words or ("--json",)))
        environment = {**os.environ, "REVENUE_URL": self.url, "REVENUE_KEY": self.key}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        return await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )

    async def imported(self, path: Path) -> dict[str, int]:
        """What the command line says of a file."""
        process = await self.importing(path)
        told, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        found: dict[str, int] = json.loads(told)
        return found


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    """Capture with a form and a source, listening on a free port."""
    state = tmp_path / "state"
    config = Config({"ALONE_GATEWAY_PORT": "0", "ALONE_CAPTURE_SECRETS": json.dumps({"acme": SECRET})})
    async with single(alone, world=World.real(state), config=config) as running:
        found = connection(state)
        assert found is not None
        async with httpx.AsyncClient(base_url=found.url, timeout=PATIENCE_S) as http:
            it = Outside(running, http, found.url, found.key, state)
            await published(it)
            yield it


async def published(it: Outside) -> None:
    """The rules hold, as they came by the event."""
    await it.running.client(Playbook).publish(Publication(playbook=TeamRules(capture=RULES)))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if (await it.http.post("/capture/v1/webhooks/acme")).status_code != 404:
                return
            await asyncio.sleep(0.02)


async def test_a_form_of_a_browser_comes_in_without_a_key(outside: Outside) -> None:
    """As it posts it by itself, and as a script does; a mistake is told to the visitor."""
    page = {"referer": "https://acme.example/demo?utm_campaign=spring"}
    posted = await outside.http.post("/capture/v1/forms/website", data={"email": "ada@example.com"}, headers=page)
    sent = await outside.http.post("/capture/v1/forms/website", json={"email": "b@example.com", "consent": True})
    wrong = await outside.http.post("/capture/v1/forms/website", data={"email": "ada@"})

    leads = (await outside.capture.leads()).items
    assert (posted.status_code, sent.status_code, wrong.status_code) == (200, 200, 422)
    assert [(lead.utm_campaign, lead.consent) for lead in leads] == [("spring", None), (None, "I agree.")]
    assert (wrong.json()["code"], wrong.json()["reason"]) == ("lead_rejected", "email_invalid")
    assert (await outside.http.get("/capture/v1/leads")).status_code == 401


async def test_a_signed_webhook_comes_in_byte_by_byte(outside: Outside) -> None:
    """Through the gateway; one that is changed on the way does not."""
    body, stamp = b'{"data":  {"email": "ada@example.com"}}', str(int(time.time()))
    key = key_of(SECRET)
    signature = base64.b64encode(hmac.new(key, f"m1.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    headers = {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}

    taken = await outside.http.post("/capture/v1/webhooks/acme", content=body, headers=headers)
    again = await outside.http.post("/capture/v1/webhooks/acme", content=body, headers=headers)
    forged = await outside.http.post("/capture/v1/webhooks/acme", content=body + b" ", headers=headers)

    assert (taken.status_code, again.json()) == (200, taken.json())
    assert (forged.status_code, forged.json()["reason"]) == (401, "forged")
    assert [each.fate for each in (await outside.capture.submissions()).items] == [Fate.ACCEPTED]


async def reached(capture: Capture, leads: int) -> None:
    """Wait until there are so many leads."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if (await capture.count()).leads >= leads:
                return
            await asyncio.sleep(0.005)


def list_of(path: Path, first: int, last: int) -> Path:
    """A file of people by their numbers."""
    rows = (f"{number}@example.com,Ada,Lovelace {number},Acme" for number in range(first, last))
    path.write_text("\n".join(["Email,First name,Last name,Company", *rows]), encoding="utf-8")
    return path


async def test_an_import_that_is_killed_is_done_by_the_next_one(outside: Outside, tmp_path: Path) -> None:
    """Nothing comes in twice, and nothing is missing, wherever it was."""
    path = list_of(tmp_path / "people.csv", 0, 3_000)
    for _ in range(3):
        before = (await outside.capture.count()).leads
        process = await outside.importing(path)
        await reached(outside.capture, min(before + 400, 2_900))
        process.send_signal(signal.SIGKILL)
        await process.communicate()

    told = await outside.imported(path)

    count = await outside.capture.count()
    assert (told["rows"], told["rejected"]) == (3_000, 0)
    assert (count.leads, count.revisions) == (3_000, 3_000)
    with closing(sqlite3.connect(outside.state / "capture" / "capture.db")) as database:
        (events,) = database.execute("SELECT count(*) FROM atoll_outbox WHERE type LIKE 'capture.lead_%'").fetchone()
        (kept,) = database.execute("SELECT sum(rows) FROM submissions").fetchone()
    assert (events, kept) == (3_000, 3_000)


async def test_a_dry_run_of_a_workbook_shows_what_would_change(outside: Outside, tmp_path: Path) -> None:
    """On the screen the first of it, in a file all of it; what is no sheet of it is told with those that are."""
    await outside.capture.accept(LeadDetails(email="ada@example.com", title="CTO"))
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Visitors")
    for row in (["Email", "Title"], ["ada@example.com", "CEO"], ["b@example.com", None], ["x@", None]):
        sheet.append(row)
    path, diff = tmp_path / "fair.xlsx", tmp_path / "diff.jsonl"
    book.save(path)

    dry = await outside.importing(path, "--sheet", "Visitors", "--dry-run", "--diff", str(diff))
    shown, errors = await dry.communicate()
    other = await outside.importing(path, "--sheet", "Guests")
    _, told = await other.communicate()
    alone = await outside.importing(path, "--diff", str(diff))
    _, refused = await alone.communicate()

    assert (dry.returncode, other.returncode, alone.returncode) == (0, 1, 2), errors
    assert b"1 would be accepted" in shown
    assert b"2\tada@example.com\ttitle: CTO -> CEO" in shown
    assert b"3\tb@example.com\tnew" in shown
    assert [json.loads(line)["line"] for line in diff.read_text(encoding="utf-8").splitlines()] == [2, 3]
    assert b"there are: `Sheet`, `Visitors`" in told
    assert b"--dry-run" in refused
    assert (await outside.capture.count()).revisions == 1


async def test_two_imports_at_once_keep_everybody_once(outside: Outside, tmp_path: Path) -> None:
    """The same file twice, and another one with many of the same people."""
    one, other = list_of(tmp_path / "a.csv", 0, 1_500), list_of(tmp_path / "b.csv", 1_000, 2_500)

    first, second, third = await asyncio.gather(*(outside.imported(path) for path in (one, one, other)))

    count = await outside.capture.count()
    assert (count.leads, count.revisions) == (2_500, 2_500)
    assert first["accepted"] + second["accepted"] + third["accepted"] == 2_500
    assert all(each["accepted"] + each["unchanged"] == each["rows"] == 1_500 for each in (first, second, third))
