"""What tests of the whole application share: waiting until every lead has its score, and what was told of whom."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from atoll import Unavailable
from atoll.testing.plugin import Reached
from revenue.capture.contract import Capture, Lead
from revenue.paging import items_of
from revenue.scoring.contract import Reason, Score, Scoring
from tests.patience import PATIENCE_S


async def settled(it: Reached, within_s: float = PATIENCE_S) -> int:
    """Wait until Scoring has scored all that Capture has captured; how many leads there are.

    Either may be on its way back.
    """
    capture, scoring = it.client(Capture), it.client(Scoring)
    async with asyncio.timeout(within_s):
        while True:
            with suppress(Unavailable):
                captured, scored = await capture.count(), await scoring.count()
                if (captured.leads, captured.revisions) == (scored.leads, scored.revisions):
                    return captured.leads
            await asyncio.sleep(0.05)


async def all_leads(it: Reached) -> AsyncIterator[Lead]:
    """Every lead, page by page."""
    async for lead in items_of(lambda cursor: it.client(Capture).leads(cursor=cursor, limit=1000)):
        yield lead


class Judgement(NamedTuple):
    """What does not differ between two runs of the same: whom a score is about, and what it says."""

    who: tuple[str | None, ...]
    revision: int
    points: int
    reasons: tuple[Reason, ...]


async def judgements(it: Reached) -> list[Judgement]:
    """All scores, each with the lead that it is of, in an order that does not differ either."""
    scores: dict[str, Score] = {score.lead_id: score async for score in it.client(Scoring).export()}
    found = [
        Judgement(
            (lead.email, lead.first_name, lead.last_name, lead.company, lead.phone, lead.title),
            scores[lead.id].lead_revision,
            scores[lead.id].points,
            scores[lead.id].reasons,
        )
        async for lead in all_leads(it)
    ]
    return sorted(found, key=lambda each: [*map(str, each.who), str(each.points)])


def told(state: Path, service: str) -> Counter[str]:
    """How many events of each lead a service has published, as its own log says; nobody runs any more."""
    with closing(sqlite3.connect(state / service / f"{service}.db")) as database:
        return Counter(subject for (subject,) in database.execute("SELECT subject FROM atoll_outbox"))
