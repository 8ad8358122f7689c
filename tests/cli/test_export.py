"""`atoll contract export`: documents that official validators accept, OpenAPI and AsyncAPI."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.cli.conftest import MARKET
from tests.contract.judges import judged

ORDERS = "tests.gateway.orders:orders"
PARCELS = "tests.cli.parcels:parcels"
REVENUE = "revenue.application:revenue"
PUBLISHERS = ("capture", "identity", "enrichment", "scoring", "routing", "playbook", "webhooks", "crm")


@pytest.mark.parametrize("options", [(), ("--public",), ("--service", "goods"), ("--service", "rates")])
def test_what_is_exported_is_openapi(atoll: Callable[..., Result], options: tuple[str, ...]) -> None:
    """As the judge of the OpenAPI initiative reads it."""
    result = atoll("contract", "export", MARKET, *options)

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_the_public_document_holds_what_is_public(atoll: Callable[..., Result]) -> None:
    """And the key that it asks for."""
    whole = json.loads(atoll("contract", "export", MARKET).stdout)
    public = json.loads(atoll("contract", "export", MARKET, "--public").stdout)

    assert "/rates/v1/rates/{currency}" in whole["paths"]
    assert "/rates/v1/rates/{currency}" not in public["paths"]
    assert "security" in public


def test_one_service_is_titled_and_versioned_by_its_contract(atoll: Callable[..., Result]) -> None:
    """The application's version says nothing about it."""
    info = json.loads(atoll("contract", "export", MARKET, "--service", "goods").stdout)["info"]

    assert (info["title"], info["version"]) == ("goods", "1.2")


def test_a_document_is_written_to_a_file(folder: Path, atoll: Callable[..., Result]) -> None:
    """And its folder is made."""
    result = atoll("contract", "export", MARKET, "--service", "rates", "--out", "api/rates.json")

    assert result.stdout == "Wrote api/rates.json with 1 operations.\n"
    assert json.loads((folder / "api/rates.json").read_text(encoding="utf-8"))["info"]["title"] == "rates"


def test_a_service_that_is_not_there_is_guessed(atoll: Callable[..., Result]) -> None:
    """As everywhere."""
    result = atoll("contract", "export", MARKET, "--service", "god")

    assert result.exit_code == 2
    assert "Did you mean `goods`?" in result.stderr


@pytest.mark.parametrize(
    ("application", "addresses", "actions"),
    [
        (MARKET, ["/market/goods"], {"send"}),
        (ORDERS, ["/shop/orders"], {"send"}),
        (REVENUE, [f"/revenue/{name}" for name in PUBLISHERS], {"send", "receive"}),
    ],
)
def test_what_is_published_is_exported_as_asyncapi(
    atoll: Callable[..., Result], application: str, addresses: list[str], actions: set[str]
) -> None:
    """A channel for each service that publishes, as the judge of the AsyncAPI initiative reads it."""
    result = atoll("contract", "export", application, "--format", "asyncapi")

    document = judged(json.loads(result.stdout))
    assert [channel["address"] for channel in document["channels"].values()] == addresses
    assert {operation["action"] for operation in document["operations"].values()} == actions


def test_events_name_who_answers_for_their_service(atoll: Callable[..., Result]) -> None:
    """As operations do; the head is that of the application, or of the one service."""
    whole = json.loads(atoll("contract", "export", MARKET, "--format", "asyncapi").stdout)
    one = json.loads(atoll("contract", "export", MARKET, "--format", "asyncapi", "--service", "goods").stdout)

    assert whole["info"] == {"title": "market", "version": "2.1.0", "description": "Sells things."}
    assert (one["info"]["title"], one["info"]["version"]) == ("goods", "1.2")
    assert whole["channels"] == one["channels"]
    assert whole["channels"]["goods"]["x-owner"] == "sales"


def test_whoever_reacts_to_an_event_receives_it(atoll: Callable[..., Result]) -> None:
    """Also a service without a contract, which nobody can call."""
    document = judged(json.loads(atoll("contract", "export", PARCELS, "--format", "asyncapi").stdout))

    sent, lost = ({"$ref": f"#/channels/shipping/messages/shipping.parcel_{each}.v1"} for each in ("sent", "lost"))
    received = {
        name: sorted(each["$ref"] for each in operation["messages"])
        for name, operation in document["operations"].items()
        if operation["action"] == "receive"
    }
    assert received == {
        "billing.receive.shipping": [sent["$ref"]],
        "watch.receive.shipping": [lost["$ref"], sent["$ref"]],
    }


def test_one_service_that_reacts_has_the_channel_that_it_reads(atoll: Callable[..., Result]) -> None:
    """Who sends there stands in the document of the publisher, or of the application."""
    document = judged(
        json.loads(atoll("contract", "export", PARCELS, "--format", "asyncapi", "--service", "billing").stdout)
    )

    assert [channel["address"] for channel in document["channels"].values()] == ["/parcels/shipping"]
    assert list(document["operations"]) == ["billing.receive.shipping"]


def test_openapi_is_what_is_exported_unless_said_otherwise(atoll: Callable[..., Result]) -> None:
    """Whoever exported before there were two formats gets what they got."""
    unsaid = atoll("contract", "export", MARKET, "--public")
    said = atoll("contract", "export", MARKET, "--public", "--format", "openapi")

    assert unsaid.stdout == said.stdout


def test_events_are_written_to_a_file(folder: Path, atoll: Callable[..., Result]) -> None:
    """And counted."""
    told = atoll("contract", "export", REVENUE, "--format", "asyncapi", "--out", "api/events.json")
    counted = atoll("contract", "export", REVENUE, "--format", "asyncapi", "--out", "api/again.json", "--json")

    assert told.stdout == "Wrote api/events.json with 20 events.\n"
    assert json.loads(counted.stdout) == {"written": "api/again.json", "events": 20}
    assert (folder / "api/events.json").read_bytes() == (folder / "api/again.json").read_bytes()
    judged(json.loads((folder / "api/events.json").read_bytes()))


@pytest.mark.parametrize(
    ("options", "what", "code"),
    [
        (("tests.cli.market:stubborn",), "stubborn publishes no events, and subscribes to none.", "no_events"),
        ((MARKET, "--service", "rates"), "rates publishes no events, and subscribes to none.", "no_events"),
        ((MARKET, "--public"), "--public is for operations: no event is reachable from outside.", "events_not_public"),
        ((MARKET, "--service", "god"), "market has no service `god` with a contract.", "no_such_service"),
    ],
)
def test_a_document_without_events_is_refused(
    folder: Path, atoll: Callable[..., Result], options: tuple[str, ...], what: str, code: str
) -> None:
    """An empty file would look like an answer; what to do instead is told."""
    result = atoll("contract", "export", *options, "--format", "asyncapi", "--out", "events.json", "--json")

    error = json.loads(result.stderr)["error"]
    assert result.exit_code == 2
    assert (error["what"], error["code"]) == (what, code)
    assert error["fix"]
    assert not (folder / "events.json").exists()


def test_a_format_that_is_not_there_is_refused(atoll: Callable[..., Result]) -> None:
    """With those that are."""
    result = atoll("contract", "export", MARKET, "--format", "wsdl")

    assert result.exit_code == 2
    assert "'openapi', 'asyncapi'" in result.stderr
