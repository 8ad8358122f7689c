"""AsyncAPI 3.0 documents: the official judge accepts them, and they say who publishes what to whom."""

import dataclasses
import json
import subprocess
import sys
from typing import Any, cast

import pytest

from atoll import Contract, Event, Subscriber, asyncapi, contract_of, openapi
from atoll.contract import contract_from_document
from atoll.contract.schema import Json
from tests.cli.market import Goods, Rates
from tests.contract import twins
from tests.contract.judges import judged, official_errors
from tests.contract.publishing import (
    Capture,
    HTTPLogWritten,
    LeadCaptured,
    LeadForgotten,
    NightFell,
    Post,
    Quiet,
    ScoreChanged,
    major,
)
from tests.contract.test_openapi import Scoring
from tests.house.checkout import ROOT

CAPTURE = contract_of(Capture)


def document(*contracts: Contract, **options: Any) -> Json:  # Any: options of any type
    """A document of these contracts, as it stands in a file."""
    made = asyncapi(contracts, application="shop", title="Tests", version="1.0", **options)
    return cast(Json, json.loads(json.dumps(made)))


def message(it: Json, kind: str) -> Json:
    """One of its messages, by the type of the event."""
    found: Json = it["components"]["messages"][kind]
    return found


def own(it: Json, kind: str) -> Json:
    """What the payload of a message says beside the envelope that all have in common."""
    envelope, found = message(it, kind)["payload"]["allOf"]
    assert envelope == {"$ref": "#/components/schemas/Envelope"}
    return cast(Json, found)


def read_again(contract: Contract) -> Contract:
    """The contract as somebody has it who knows its OpenAPI document alone."""
    told = json.loads(json.dumps(openapi([contract], title="Tests", version="1.0")))
    read, mistakes = contract_from_document(told)
    assert read is not None, mistakes
    return read


def test_a_rich_contract_is_accepted_by_the_judges() -> None:
    """Unions, generics, choices, records of all four kinds, types that hold themselves."""
    judged(document(CAPTURE, contract_of(Scoring), contract_of(Goods), contract_of(Rates)))


def test_a_document_of_nothing_is_one() -> None:
    """An application begins without events; whoever calls no one and tells no one has no channel."""
    nothing, quiet = document(), document(contract_of(Quiet))

    assert official_errors(nothing) == []
    assert nothing == quiet
    assert (nothing["channels"], nothing["operations"], nothing["components"]["messages"]) == ({}, {}, {})


def test_the_head_says_what_the_document_is_of() -> None:
    """And in which form every message travels."""
    it = judged(document(CAPTURE, description="All of it."))

    assert it["asyncapi"] == "3.0.0"
    assert it["info"] == {"title": "Tests", "version": "1.0", "description": "All of it."}
    assert it["defaultContentType"] == "application/cloudevents+json"


def test_a_service_that_publishes_has_one_channel_with_all_of_its_events() -> None:
    """Under its own name, in the order of its contract."""
    it = judged(document(CAPTURE, contract_of(Quiet), owners={"capture": "revenue-operations"}))

    types = [CAPTURE.event_type(event) for event in CAPTURE.publishes]
    assert it["channels"] == {
        "capture": {
            "address": "/shop/capture",
            "title": "capture",
            "description": "Takes leads in.",
            "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in types},
            "x-version": "1.3",
            "x-owner": "revenue-operations",
        }
    }
    assert list(it["components"]["messages"]) == list(it["channels"]["capture"]["messages"]) == types


def test_a_service_sends_what_it_publishes() -> None:
    """Every event of its channel."""
    it = judged(document(CAPTURE))

    assert it["operations"] == {
        "capture.send": {
            "action": "send",
            "channel": {"$ref": "#/channels/capture"},
            "summary": "What capture publishes.",
            "tags": [{"name": "capture"}],
            "messages": [
                {"$ref": f"#/channels/capture/messages/{CAPTURE.event_type(event)}"} for event in CAPTURE.publishes
            ],
        }
    }


def test_a_message_is_described_by_the_words_of_its_class() -> None:
    """The first line sums up; a class without words of its own is called by its name."""
    it = judged(document(CAPTURE))

    captured, forgotten = message(it, "capture.lead_captured.v1"), message(it, "capture.lead_forgotten.v1")
    assert {name: value for name, value in captured.items() if name != "payload"} == {
        "name": "capture.lead_captured.v1",
        "title": "Lead captured",
        "summary": "A lead came in.",
        "description": "Once for each lead,\nand never again.",
        "contentType": "application/cloudevents+json",
        "x-key": "lead_id",
    }
    assert (forgotten["title"], forgotten["summary"], forgotten["description"]) == (
        "Lead forgotten",
        "Lead forgotten",
        "",
    )


def test_a_payload_is_an_envelope_around_the_event() -> None:
    """Source and type are known; the data is the event's own schema, by reference."""
    it = judged(document(CAPTURE))

    envelope = it["components"]["schemas"]["Envelope"]
    captured = own(it, "capture.lead_captured.v1")
    assert captured["properties"]["source"]["const"] == it["channels"]["capture"]["address"] == "/shop/capture"
    assert captured["properties"]["type"]["const"] == "capture.lead_captured.v1"
    assert captured["properties"]["data"] == {"$ref": "#/components/schemas/LeadCaptured"}
    assert envelope["properties"].keys() == {
        *("specversion", "id", "source", "type", "time", "datacontenttype", "traceparent", "tenant", "actor"),
        "erasedat",
    }
    assert [name for name in envelope["properties"] if name not in envelope["required"]] == [
        "traceparent",
        "tenant",
        "actor",
        "erasedat",
    ]


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (LeadCaptured, "lead_id"),
        (LeadForgotten, "lead_id"),
        (ScoreChanged, "id"),
        (HTTPLogWritten, "number"),
        (NightFell, None),
    ],
)
def test_a_message_has_an_order_where_its_event_has_a_key(event: type[Event], key: str | None) -> None:
    """Its own, or that of the class that it derives from; without a key nothing has to keep an order."""
    it = judged(document(CAPTURE))

    found = own(it, CAPTURE.event_type(event))
    assert message(it, CAPTURE.event_type(event)).get("x-key") == key
    order = {"partitionkey", "sequence"} if key else set[str]()
    assert order == {"partitionkey", "sequence"} & found["properties"].keys() == set(found["required"]) - {"data"}


def test_what_is_personal_is_marked_on_the_field() -> None:
    """Also where the field refers to another schema: draft 07 would pass over a mark that stands beside `$ref`."""
    it = judged(document(CAPTURE))

    marked = {
        f"{name}.{field}"
        for name, schema in it["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if described.get("x-personal")
    }
    assert marked == {"LeadCaptured.who", "LeadForgotten.who", "Person.name", "Person.email", "Mail.to"}
    assert it["components"]["schemas"]["LeadCaptured"]["properties"]["who"] == {
        "allOf": [{"$ref": "#/components/schemas/Person"}],
        "x-personal": True,
    }


def test_a_value_of_the_envelopes_name_has_a_name_of_its_own() -> None:
    """The platform's word for what stands around an event stays."""
    written = judged(document(contract_of(Post)))["components"]["schemas"]
    read = judged(document(read_again(contract_of(Post))))["components"]["schemas"]

    assert list(written) == ["Envelope", "LetterSent", "tests.contract.publishing.Envelope"]
    assert set(read) == {"Envelope", "LetterSent", "post.v1.Envelope"}
    assert "specversion" in written["Envelope"]["properties"]
    assert written["Envelope"] == read["Envelope"]


def test_two_majors_of_a_contract_stand_side_by_side() -> None:
    """A channel, an address, a type and a schema for each, although their events are called alike."""
    it = judged(document(contract_of(major(1, int)), contract_of(major(2, str))))

    assert {name: (each["address"], list(each["messages"])) for name, each in it["channels"].items()} == {
        "pricing": ("/shop/pricing", ["pricing.price_changed.v1"]),
        "pricing_v2": ("/shop/pricing_v2", ["pricing.price_changed.v2"]),
    }
    assert list(it["operations"]) == ["pricing.send", "pricing_v2.send"]
    data = [own(it, f"pricing.price_changed.v{each}")["properties"]["data"]["$ref"] for each in (1, 2)]
    assert len(set(data)) == 2


def test_classes_of_one_name_in_two_services_have_two_names() -> None:
    """As in OpenAPI."""
    schemas = judged(document(contract_of(twins.first()), contract_of(twins.second())))["components"]["schemas"]

    home = "tests.contract.twins"
    for name in ("Reason", "Grade", "Reasoned"):
        assert {f"{home}.first.{name}", f"{home}.second.{name}"} < schemas.keys()


def test_only_what_events_are_made_of_has_a_schema() -> None:
    """What travels in calls alone stands in the OpenAPI document."""
    schemas = judged(document(contract_of(Goods)))["components"]["schemas"]

    assert list(schemas) == ["Envelope", "ThingPut"]


def test_whoever_subscribes_receives() -> None:
    """One operation for each publisher, with the events that were asked for, each once."""
    price = contract_of(major(1, int))
    wanted: list[tuple[Contract, type[Event]]] = [
        (CAPTURE, NightFell),
        (price, price.publishes[0]),
        (CAPTURE, LeadCaptured),
        (CAPTURE, NightFell),
    ]

    it = judged(document(CAPTURE, price, subscribers=[Subscriber("routing", *each) for each in wanted]))

    assert list(it["operations"]) == [
        "capture.send",
        "pricing.send",
        "routing.receive.capture",
        "routing.receive.pricing",
    ]
    assert it["operations"]["routing.receive.capture"] == {
        "action": "receive",
        "channel": {"$ref": "#/channels/capture"},
        "summary": "What routing subscribes to of capture.",
        "tags": [{"name": "routing"}],
        "messages": [
            {"$ref": "#/channels/capture/messages/capture.night_fell.v1"},
            {"$ref": "#/channels/capture/messages/capture.lead_captured.v1"},
        ],
    }


def test_a_subscriber_alone_is_told_of_the_channels_that_it_reads() -> None:
    """Whose messages are in the document; who sends them is not its matter."""
    it = judged(document(contract_of(Quiet), subscribers=(Subscriber("quiet", CAPTURE, NightFell),)))

    assert list(it["channels"]) == ["capture"]
    assert list(it["operations"]) == ["quiet.receive.capture"]


def test_a_service_may_subscribe_to_itself() -> None:
    """It sends and receives on one channel."""
    it = judged(document(CAPTURE, subscribers=(Subscriber("capture", CAPTURE, NightFell),)))

    assert list(it["operations"]) == ["capture.send", "capture.receive.capture"]


def test_what_nobody_publishes_cannot_be_subscribed_to() -> None:
    """Not of a service that publishes something else, not of one that publishes nothing, and not by its name alone."""
    price = contract_of(major(1, int))
    other: type[Event] = contract_of(major(1, str)).publishes[0]

    with pytest.raises(ValueError, match=r"routing subscribes to capture\.price_changed\.v1, but capture/v1 does not"):
        document(CAPTURE, subscribers=[Subscriber("routing", CAPTURE, price.publishes[0])])
    with pytest.raises(ValueError, match="it publishes nothing"):
        document(subscribers=[Subscriber("routing", contract_of(Quiet), NightFell)])
    with pytest.raises(ValueError, match="does not publish it"):
        document(price, subscribers=[Subscriber("routing", price, other)])


def test_servers_are_named_where_they_are_given() -> None:
    """Where services listen is a matter of placement, which no contract knows."""
    servers = {"stream": {"host": "nats.example.com:4222", "protocol": "nats", "description": "JetStream."}}

    it = judged(document(CAPTURE, servers=servers))

    assert it["servers"] == servers
    assert "servers" not in document(CAPTURE)


@pytest.mark.parametrize("contract", [CAPTURE, contract_of(Scoring), contract_of(Goods)], ids=lambda each: each.id)
def test_a_contract_that_was_read_from_a_document_publishes_the_same(contract: Contract) -> None:
    """A service in another repository, known by its OpenAPI document, has the same channel and messages."""
    expected = document(contract)

    it = judged(document(read_again(contract)))

    assert it == expected


def test_a_contract_that_was_read_stands_beside_one_of_the_same_names() -> None:
    """Its schemas get names of their own, as in OpenAPI."""
    first, second = contract_of(twins.first()), contract_of(twins.second())

    schemas = judged(document(first, read_again(second)))["components"]["schemas"]

    names = {"Reasoned", "Reason", "Grade"}
    assert set(schemas) == {"Envelope", *names, *(f"second.v1.{name}" for name in names)}


def test_a_contract_that_was_read_can_be_subscribed_to() -> None:
    """By the classes that were made of its document."""
    read = read_again(CAPTURE)

    it = judged(document(subscribers=[Subscriber("routing", read, read.publishes[-1])]))

    assert it["operations"]["routing.receive.capture"]["messages"] == [
        {"$ref": "#/channels/capture/messages/capture.night_fell.v1"}
    ]


PROGRAM = """
import json
from atoll import asyncapi, contract_of, openapi
from tests.contract.publishing import Capture
made = [contract_of(Capture)]
print(json.dumps([asyncapi(made, application="a", title="t", version="1"), openapi(made, title="t", version="1")]))
"""


def test_every_process_writes_the_same_document() -> None:
    """To the last byte, however Python orders its sets there: a committed document does not change by itself."""
    written = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=ROOT, env={"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2", "3")
    ]

    assert written[0]
    assert len(set(written)) == 1


def test_a_document_is_its_readers_own() -> None:
    """What is done to it changes no other one."""
    before = document(CAPTURE)
    made = asyncapi([CAPTURE], application="shop", title="Tests", version="1.0")

    made["components"]["schemas"]["Envelope"]["required"].clear()
    for each in made["components"]["messages"].values():
        each["payload"]["allOf"][1]["properties"].get("sequence", {}).clear()

    assert document(CAPTURE) == before


def test_contracts_are_data() -> None:
    """The document is made of compiled ones, and subscribers are nothing but data."""
    subscriber = Subscriber("routing", CAPTURE, NightFell)

    with pytest.raises(dataclasses.FrozenInstanceError):
        subscriber.name = "scoring"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # that is the point

    assert asyncapi(iter([CAPTURE]), application="shop", title="Tests", version="1.0") == document(CAPTURE)
