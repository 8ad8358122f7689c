"""A lead as all services tell of it, against a Revenue that runs, and one of which parts are away."""

import asyncio
from pathlib import Path
from typing import Any

from atoll import Config, World, single
from revenue.application import revenue
from revenue.capture.contract import Capture, LeadDetails
from revenue.cli.tests.verbs import bought, run, told, until
from revenue.identity.contract import Identity, ResolutionNotFound
from tests.patience import PATIENCE_S

ASKED = """
fields:
  - {field: industry, providers: [sample_cheap, sample_thorough]}
  - {field: mobile, providers: [sample_thorough]}
"""
LEADS = "Email,First Name,Last Name,Company\nada@acme.de,Ada,Lovelace,Acme\ncharles@acme.de,Charles,Babbage,Acme\n"


def test_a_lead_is_shown_with_what_it_cost_and_whose_it_is(demonstration: Path) -> None:
    """Who it is and why, each bought value with its vendor and price, the owner with each step's word, the trace."""
    run("rules", "init")
    (demonstration / "gtm" / "enrichment.yaml").write_text(ASKED)
    run("provider", "add", "acme", "--curl", "curl https://a.example/acme.com", "--field", "industry=industry")
    applied = run("apply", "-m", "vendors")
    (demonstration / "leads.csv").write_text(LEADS)
    until(("provider", "list"), lambda found: "acme" in [each["name"] for each in found])
    imported = run("import", "leads.csv")

    story = until(("lead", "show", "ada@acme.de"), lambda lead: bool(bought(lead)) and "routing" in _services(lead))
    shown = run("lead", "show", "ada@acme.de").output

    assert (applied.exit_code, imported.exit_code) == (0, 0)
    assert story["resolution"]["account_domain"] == "acme.de"
    assert [field["value"] for field in story["contact"]["fields"] if field["name"] == "last_name"] == ["Lovelace"]
    assert story["cost_micros"] == {"EUR": sum(attempt["cost_micros"] for attempt in story["attempts"])}
    assert story["assignment"]["owner"] == "unassigned"
    assert [change["what"] for change in story["changes"]] == ["routed"]
    assert story["away"] == {}
    assert {"identity", "enrichment", "scoring"} <= _services(story)
    titles = ("Given", "Who it is", "Found out", "Who was asked", "Score", "Owner", "What was done")
    assert [title for title in titles if f"\n{title}\n" not in shown] == []
    fact = bought(story)[0]
    assert f"{fact['value']}\t{fact['provenance']['provider']}, " in shown
    assert "made up" in shown
    assert "Catch-all: nobody else takes it" in shown
    assert f"  atoll story {story['lead']['id']}\n" in shown


def test_a_lead_is_shown_by_its_id_as_well(demonstration: Path) -> None:
    """The same."""
    (demonstration / "leads.csv").write_text(LEADS)
    run("import", "leads.csv")
    by_address = until(("lead", "show", "charles@acme.de"), lambda lead: lead["assignment"])

    by_id = told("lead", "show", by_address["lead"]["id"])

    assert by_id["lead"] == by_address["lead"]
    assert by_id["assignment"]["owner"] == by_address["assignment"]["owner"]


async def test_services_that_are_away_are_named_and_the_others_tell(tmp_path: Path) -> None:
    """Here two of them never came."""
    config = Config({"REVENUE_GATEWAY_PORT": "0"})
    hosted = ["capture", "identity", "enrichment", "gateway"]
    async with single(revenue, world=World.real(tmp_path), config=config, services=hosted) as it:
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CTO"))
        await _resolved(it.client(Identity), receipt.lead.id)

        show = ("lead", "show", receipt.lead.id, "--state", str(tmp_path))
        shown = await asyncio.to_thread(run, *show)
        story = await asyncio.to_thread(told, *show)

    assert shown.exit_code == 0, shown.output
    assert "What Scoring knows is missing here: scoring cannot answer now" in shown.output
    assert "What Routing knows is missing here: routing cannot answer now" in shown.output
    assert "\nWho it is\n" in shown.output
    assert "\nScore\n" not in shown.output
    assert set(story["away"]) == {"scoring", "routing"}
    assert (story["score"], story["assignment"], story["resolution"]["account_domain"]) == (None, None, "acme.de")


async def test_without_capture_identity_says_what_the_lead_said(tmp_path: Path) -> None:
    """By its id; an address is known to Capture alone."""
    config = Config({"REVENUE_GATEWAY_PORT": "0"})
    async with single(revenue, world=World.real(tmp_path), config=config, services=["capture", "identity"]) as it:
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CTO"))
        await _resolved(it.client(Identity), receipt.lead.id)

    async with single(revenue, world=World.real(tmp_path), config=config, services=["identity", "gateway"]):
        by_id = await asyncio.to_thread(run, "lead", "show", receipt.lead.id, "--state", str(tmp_path))
        by_address = await asyncio.to_thread(run, "lead", "show", "ada@acme.de", "--state", str(tmp_path))

    assert by_id.exit_code == 0, by_id.output
    assert "What Capture knows is missing here" in by_id.output
    assert "title\tCTO" in by_id.output
    assert by_address.exit_code == 1
    assert "capture cannot answer now" in by_address.output


def _services(story: Any) -> set[str]:  # Any: JSON
    """Those whose work is kept: it is a moment after it was done."""
    return set(story["trace"]["services"]) if story["assignment"] else set()


async def _resolved(identity: Identity, lead_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await identity.resolution(lead_id)
            except ResolutionNotFound:
                await asyncio.sleep(0.05)
            else:
                return
