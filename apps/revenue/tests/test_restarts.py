"""A restart at any moment loses nothing: whoever was told that a lead was accepted finds it, with its score."""

import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from atoll import World, single
from atoll.testing import running
from atoll.testing.plugin import Reached
from revenue.application import revenue
from revenue.capture.contract import Capture, ImportReport
from revenue.sample import sample_csv
from revenue.tests.importing import Meddling, Sent, imported
from revenue.tests.settled import Judgement, all_leads, judgements, settled, told
from tests.amount import amount
from tests.patience import PATIENCE_S

SERVICES = ["capture", "identity", "enrichment", "scoring"]
SAMPLE = sample_csv(leads=200).encode()
ROWS = 10
"""In a piece, of which there are some twenty."""


async def sample_imported(it: Reached, meddling: Meddling) -> None:
    """Import the sample."""
    await imported(it.client(Capture), SAMPLE, ROWS, meddling, PATIENCE_S)


async def plainly(_: int, sent: Sent) -> ImportReport:
    """Nobody meddles."""
    return await sent


@pytest.fixture
async def undisturbed() -> list[Judgement]:
    """All leads and what is thought of each, where nothing is stopped."""
    async with running(revenue) as it:
        await sample_imported(it, plainly)
        await settled(it)
        return await judgements(it)


async def revisions(it: Reached) -> Counter[str]:
    """The revision of each lead."""
    return Counter({lead.id: lead.revision async for lead in all_leads(it)})


class Leaving(Exception):
    """Whoever sends the file goes away."""


@pytest.mark.parametrize("seed", range(amount(1, 3)))
async def test_an_application_that_is_stopped_goes_on_where_it_was(
    tmp_path: Path, undisturbed: list[Judgement], seed: int
) -> None:
    """It is stopped four times, each time sooner than it is done, and the file sent from its beginning again."""
    chance = random.Random(seed)

    for _ in range(4):
        last = chance.randrange(1, 12)

        async def leaving(number: int, sent: Sent, last: int = last) -> ImportReport:
            report = await sent
            if number == last:
                raise Leaving
            return report

        with suppress(Leaving):
            async with single(revenue, world=World.real(tmp_path), services=SERVICES) as it:
                await sample_imported(it, leaving)
    async with single(revenue, world=World.real(tmp_path), services=SERVICES) as it:
        await sample_imported(it, plainly)
        await settled(it)
        found, kept = await judgements(it), await revisions(it)

    assert found == undisturbed
    assert kept == told(tmp_path, "capture") == told(tmp_path, "enrichment") == told(tmp_path, "scoring")


def demonstration(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A demonstration in a process of its own."""
    environment = {**os.environ, "REVENUE_GATEWAY_PORT": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-m", "revenue.cli", "demo", "--topology", "single", "--no-team", "--leads", "150", *words],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def captured(folder: Path) -> int:
    """How many events Capture has published; 0 before it has a log."""
    with suppress(sqlite3.OperationalError):
        return told(folder / ".atoll", "capture").total()
    return 0


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """All services die at once, in the middle of an import, and of one more; then it is run to its end."""
    in_the_middle = 0
    for events in (20, 80):
        process = demonstration(tmp_path)
        ends_at = time.monotonic() + PATIENCE_S
        while captured(tmp_path) < events and process.poll() is None and time.monotonic() < ends_at:
            time.sleep(0.001)
        process.kill()
        said, _ = process.communicate()
        in_the_middle += "Grades" not in said

    said, _ = demonstration(tmp_path, "--exit").communicate(timeout=PATIENCE_S)

    state = tmp_path / ".atoll"
    assert in_the_middle, "the machine was quicker than the killer"
    assert re.search(r"[1-9]\d* leads are here from before", said), said
    assert "still wait" not in said
    assert told(state, "capture") == told(state, "enrichment") == told(state, "scoring")
    assert len(told(state, "capture")) == sum(map(int, re.findall(r"^[ABCD]\t(\d+)", said, re.MULTILINE)))
