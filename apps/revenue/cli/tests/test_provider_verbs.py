"""A vendor's call that was pasted becomes a file of the team's rules."""

import asyncio
import json
from pathlib import Path

import pytest

from atoll import Config, World, single
from revenue.application import revenue
from revenue.capture.contract import Capture, LeadDetails
from revenue.cli.gtm import read_folder
from revenue.cli.tests.verbs import bought, run, told, until
from revenue.enrichment.contract import Certainty, Charge
from revenue.tests.outsider import Says, outsider

SECRET = "sk_live_abcdef0123456789"
CURL = f"curl 'https://api.acme.example/v2/find?email=ada@example.com&strict=true' -H 'Authorization: Bearer {SECRET}'"
FILE = Path("gtm", "enrichment", "providers", "acme.yaml")


@pytest.fixture
def gtm(folder: Path) -> Path:
    """A folder of rules to be beside."""
    assert run("rules", "init").exit_code == 0
    return folder / "gtm"


def test_a_pasted_call_becomes_a_file_that_holds(gtm: Path) -> None:
    """Request, fields, what is a hit, price and rate; and the folder is right with it."""
    result = run(
        "provider", "add", "acme", "--curl", CURL, "--field", "phone=data.phones[0].number", "--field",
        "industry=company.industry", "--price", "0.008", "--rate", "2", "--found-when", "data", "--miss-status", "404",
        "--miss-status", "422", "--certainty", "certain", "--charged-for", "hit", "--charged-for", "miss",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    assert run("rules", "check").output == "gtm is right.\n"
    (provider,) = read_folder(gtm).enrichment.providers
    assert (provider.method, provider.url) == ("GET", "https://api.acme.example/v2/find")
    assert provider.query == {"email": "{email}", "strict": "true"}
    assert provider.fields == {"phone": "data.phones[0].number", "industry": "company.industry"}
    assert (provider.price_micros, provider.rate_per_s, provider.found_when) == (8_000, 2.0, "data")
    assert (provider.miss_statuses, provider.certainty) == ((404, 422), Certainty.CERTAIN)
    assert provider.charged_for == (Charge.HIT, Charge.MISS)


def test_a_secret_is_named_and_written_nowhere(gtm: Path) -> None:
    """Neither into a file nor onto the screen; the setting that it belongs to is told."""
    result = run("provider", "add", "acme", "--curl", CURL, "--field", "industry=industry")

    assert SECRET not in result.output
    assert not [path for path in gtm.rglob("*") if path.is_file() and SECRET in path.read_text()]
    assert """REVENUE_ENRICHMENT_SECRETS='{"ACME_KEY":"..."}'""" in result.output
    assert "Bearer {secret:ACME_KEY}" in FILE.read_text()


def test_a_secret_that_stands_elsewhere_too_is_refused(gtm: Path) -> None:
    """Where nothing says that it is one."""
    result = run("provider", "add", "acme", "--curl", f"{CURL} -H 'x-tag: a,{SECRET}'", "--field", "industry=industry")

    assert result.exit_code == 1
    assert "ACME_KEY stands elsewhere" in result.output
    assert SECRET not in result.output
    assert not FILE.exists()


def test_fields_are_found_in_an_answer(gtm: Path) -> None:
    """And what was said of them goes before what was found."""
    sample = {"person": {"email": "ada@example.com", "title": "CTO", "role": "Boss"}, "company": {"name": "Acme"}}
    Path("answer.json").write_text(json.dumps(sample))

    added = told(
        "provider", "add", "acme", "--curl", CURL, "--sample", "answer.json", "--field", "title=person.role",
        "--field", "city=person.city",
    )  # fmt: skip

    assert added["provider"]["fields"] == {
        "email": "person.email", "company": "company.name", "title": "person.role", "city": "person.city",
    }  # fmt: skip
    assert added["values"] == {"email": "ada@example.com", "company": "Acme", "title": "Boss"}
    assert added["secrets"] == ["ACME_KEY"]


def test_a_command_may_come_from_standard_input(gtm: Path) -> None:
    """So that its secret is not in the history of a shell."""
    result = run("provider", "add", "acme", "--curl", "-", "--field", "industry=industry", given=CURL)

    assert result.exit_code == 0, result.output
    assert FILE.exists()


def test_a_body_is_written_in_lines(gtm: Path) -> None:
    """And is the same when it is read."""
    body = '{"api_key": "k-1", "people": [{"organization_name": "Acme", "limit": 1}]}'

    run("provider", "add", "acme", "--curl", f"curl https://a.example -d '{body}'", "--field", "industry=industry")

    (provider,) = read_folder(gtm).enrichment.providers
    assert json.loads(provider.body) == {
        "api_key": "{secret:ACME_KEY}", "people": [{"organization_name": "{company}", "limit": 1}],
    }  # fmt: skip
    assert '\n    "api_key": "{secret:ACME_KEY}",\n' in FILE.read_text()


def test_a_provider_is_replaced_only_when_that_is_wanted(gtm: Path) -> None:
    """What a team wrote is its own."""
    first = run("provider", "add", "acme", "--curl", CURL, "--field", "industry=first")
    written = FILE.read_text()

    again = run("provider", "add", "acme", "--curl", CURL, "--field", "industry=second")
    kept = FILE.read_text()
    forced = run("provider", "add", "acme", "--curl", CURL, "--field", "industry=second", "--force")

    assert (first.exit_code, again.exit_code, forced.exit_code) == (0, 1, 0)
    assert "--force" in again.output
    assert kept == written
    assert "industry: second" in FILE.read_text()


def test_one_that_stands_in_a_list_is_never_replaced(gtm: Path) -> None:
    """It would be there twice."""
    entry = "- {name: acme, url: 'https://a.example/{domain}', fields: {industry: x}}"
    (gtm / "enrichment.yaml").write_text(f"providers:\n  {entry}\n")

    forced = run("provider", "add", "acme", "--curl", CURL, "--field", "industry=second", "--force")
    other = run("provider", "add", "other", "--curl", CURL, "--field", "industry=second")

    assert forced.exit_code == 1
    assert "enrichment.yaml" in forced.output
    assert other.exit_code == 0
    assert [each.name for each in read_folder(gtm).enrichment.providers] == ["acme", "other"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("acme", "--curl", "wget https://a.example", "--field", "industry=x"), "begins with `curl`"),
        (("acme", "--curl", "curl https://a.example/?email=a@b.de"), "--sample FILE"),
        (("acme", "--curl", CURL, "--field", "shoe_size=x"), "there is no field `shoe_size`"),
        (("acme", "--curl", CURL, "--field", "industry=a..b"), "the path of `industry`"),
        (("acme", "--curl", CURL, "--field", "industry"), "field=path"),
        (("Acme!", "--curl", CURL, "--field", "industry=x"), "small letters"),
        (("acme", "--curl", CURL, "--field", "industry=x", "--rate", "0"), "`rate_per_s`"),
        (("acme", "--curl", CURL, "--field", "industry=x", "--price", "inf"), "'--price'"),
        (("acme", "--curl", CURL, "--field", "industry=x", "--price", "nan"), "'--price'"),
        (("acme", "--curl", CURL, "--field", "industry=x", "--miss-status", "200"), "`miss_statuses`"),
        (("sample_cheap", "--curl", CURL, "--field", "industry=x"), "built in"),
        (("acme", "--curl", CURL, "--field", "industry=x", "--rules", "nowhere"), "there is no such folder"),
    ],
)
def test_what_makes_no_provider_is_refused_with_a_way_out(gtm: Path, words: tuple[str, ...], why: str) -> None:
    """And nothing is written."""
    result = run("provider", "add", *words)

    assert result.exit_code in (1, 2)
    assert why in result.output
    assert not FILE.parent.exists()


def test_programs_are_told_why_in_json(gtm: Path) -> None:
    """On standard error, as of every verb."""
    result = run("provider", "add", "acme", "--curl", "wget x", "--json")

    assert result.exit_code == 1
    assert "begins with `curl`" in json.loads(result.stderr)["message"]


async def test_a_provider_that_was_pasted_is_asked(folder: Path) -> None:
    """From the vendor's documents to a value in a lead: with its key, for its price, by a vendor on this machine."""
    config = Config(
        {
            "REVENUE_GATEWAY_PORT": "0",
            "REVENUE_ENRICHMENT_ALLOWS_LOOPBACK": "true",
            "REVENUE_ENRICHMENT_SECRETS": json.dumps({"ACME_KEY": SECRET}),
        }
    )
    async with (
        outsider(Says({"company": {"industry": "Machinery"}})) as acme,
        single(revenue, world=World.real(folder / ".atoll"), config=config) as it,
    ):
        await asyncio.to_thread(_add_acme, acme.url)
        receipt = await it.client(Capture).accept(LeadDetails(email="ada@machines.de"))
        show = ("lead", "show", receipt.lead.id)
        story = await asyncio.to_thread(until, show, lambda lead: bool(bought(lead)))

    (asked,) = acme.asked
    assert (asked.target, asked.headers["x-api-key"]) == ("/v1?email=ada%40machines.de", SECRET)
    (fact,) = bought(story)
    assert (fact["value"], fact["provenance"]["provider"]) == ("Machinery", "acme")
    assert story["cost_micros"] == {"EUR": 8_000}


def _add_acme(url: str) -> None:
    """Paste its call, name it, and let that hold; Enrichment knows it from then on."""
    call = f"curl '{url}/v1?email=ada@example.com' -H 'X-Api-Key: {SECRET}'"
    run("rules", "init")
    run("provider", "add", "acme", "--curl", call, "--field", "industry=company.industry", "--price", "0.008")
    Path("gtm", "enrichment.yaml").write_text("fields:\n  - {field: industry, providers: [acme]}\n")
    applied = run("apply")
    assert applied.exit_code == 0, applied.output
    until(("provider", "list"), lambda found: "acme" in [each["name"] for each in found])
