"""How far leads have come, also while some of those who count them are away."""

import asyncio
from pathlib import Path

import pytest

from atoll import Config, World, single
from revenue.application import revenue
from revenue.capture.contract import Capture, LeadDetails
from revenue.cli.tests.verbs import run, told
from revenue.enrichment.contract import Enrichment
from tests.patience import PATIENCE_S

BEFORE = ["capture", "identity", "enrichment"]


@pytest.mark.parametrize(
    ("hosted", "away", "line"),
    [
        (["capture", "enrichment", "routing"], ["identity", "scoring"], "accepted 2 = routed 0 + waiting 2 + parked 0"),
        (["capture"], ["identity", "enrichment", "scoring", "routing"], "accepted 2 = routed ? + waiting ? + parked 0"),
        (["routing"], ["capture", "identity", "enrichment", "scoring"], "accepted ? = routed 0 + waiting ? + parked 0"),
    ],
    ids=["some", "all but the first", "all but the last"],
)
async def test_what_is_known_is_shown_and_who_is_away_is_named(
    tmp_path: Path, hosted: list[str], away: list[str], line: str
) -> None:
    """That is when people ask: a service was stopped, and its leads wait."""
    config = Config({"REVENUE_GATEWAY_PORT": "0"})
    async with single(revenue, world=World.real(tmp_path), config=config, services=BEFORE) as it:
        for name in ("ada", "bob"):
            await it.client(Capture).accept(LeadDetails(email=f"{name}@acme.de"))
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if (await it.client(Enrichment).count()).leads == 2:
                    break
                await asyncio.sleep(0.05)

    async with single(revenue, world=World.real(tmp_path), config=config, services=[*hosted, "gateway"]):
        said = await asyncio.to_thread(run, "funnel", "--state", str(tmp_path))
        as_json = await asyncio.to_thread(told, "funnel", "--state", str(tmp_path))

    assert said.exit_code == 0, said.output
    assert line in said.output
    assert f"No answer from {', '.join(away)}" in said.output
    assert as_json["away"] == away
    assert as_json["is_whole"] is (None if "?" in line else True)


async def test_where_nobody_counts_nothing_is_shown(tmp_path: Path) -> None:
    """A gateway alone: it is said as by any other verb."""
    config = Config({"REVENUE_GATEWAY_PORT": "0"})
    async with single(revenue, world=World.real(tmp_path), config=config, services=["playbook", "gateway"]):
        said = await asyncio.to_thread(run, "funnel", "--state", str(tmp_path))

    assert said.exit_code == 1
    assert "capture cannot answer now" in said.output
