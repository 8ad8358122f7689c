"""What becomes of Revenue without each of its services: dead, hung, slow and wrong, one after the other."""

import asyncio
from datetime import UTC, datetime

from atoll.testing import Loss, check_degradation
from atoll.topology import Running
from revenue.capture.contract import Lead
from revenue.scoring.contract import Scoring
from revenue.tests.way import on_the_way

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEAD = Lead(id="1", email="ada@example.com", last_name="Lovelace", captured_at=NOON, updated_at=NOON)


async def score_a_lead(app: Running) -> None:
    """What a user does who wants to know at once; and Scoring looks for leads that wait too long, every few seconds."""
    await app.client(Scoring).score(LEAD)
    await asyncio.sleep(6)


def test_a_lead_has_a_score_without_enrichment() -> None:
    """Scoring counts what it knows by itself, and the records say that it had to."""
    lost = check_degradation(on_the_way, score_a_lead, within_s=30)

    assert [(each.caller, each.target, each.how) for each in lost] == [
        ("scoring", target, how)
        for target in ("enrichment", "identity")
        for how in (Loss.DEAD, Loss.HUNG, Loss.SLOW, Loss.WRONG)
    ]
    assert [each.outcome for each in lost] == ["ok", "ok", "ok", "internal_error", "ok", "ok", "ok", "ok"]
