"""Contracts out of Atoll's own documents: what was exported comes back, and what it says is checked as before."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from atoll import Contract, Problem, contract_of, openapi
from atoll.contract import Invalid, Operation, ResultForm, contract_from_document, event_key, from_wire, to_wire
from atoll.contract.schema import Json
from tests.calls.probe import Probe
from tests.cli import market
from tests.contract import postponed, twins
from tests.contract.test_openapi import FULL, Busy, Mail, Score, ScoreNotFound, Scoring, references
from tests.gateway.orders import Orders

CONTRACTS = (Scoring, postponed.Scoring, twins.first(), twins.second(), Orders, market.Rates, market.Goods, Probe)


def exported(*contracts: Any, **options: Any) -> Json:  # Any: contract classes; options of any type
    """The document of these contracts, as it stands in a file."""
    document = openapi(map(contract_of, contracts), title="Tests", version="1.0", **options)
    return cast(Json, json.loads(json.dumps(document)))


def imported(document: object, **options: Any) -> Contract:  # Any: options of any type
    """The contract in a document without a mistake."""
    read, mistakes = contract_from_document(document, **options)
    assert not mistakes
    assert read is not None
    return read


def in_order(part: Any) -> Any:  # Any: a part of a document
    """A part of a document in which nothing depends on the order of lists."""
    match part:
        case dict():
            return {name: in_order(inner) for name, inner in sorted(cast(Json, part).items())}
        case list():
            inner = [in_order(each) for each in cast(list[object], part)]
            return sorted(inner, key=lambda each: json.dumps(each, sort_keys=True))
        case _:
            return part


def said_of(operation: Operation) -> Mapping[str, object]:
    """What a caller and a router see of an operation."""
    arguments = {each.name: (each.place, each.required) for each in operation.arguments}
    problems = {(each.code, each.status, each.retryable, each.title()) for each in operation.raises}
    route = (operation.method, operation.path, operation.form, operation.deprecated)
    return {"route": route, "arguments": arguments, "problems": problems, "description": operation.description}


@pytest.mark.parametrize("protocol", CONTRACTS, ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_what_was_exported_comes_back(protocol: Any) -> None:  # Any: a contract class
    """A document is as good as the class: exported again it is the same document."""
    original = contract_of(protocol)
    document = exported(protocol)

    read = imported(document)

    assert (read.name, read.version, read.description) == (original.name, original.version, original.description)
    again = json.loads(json.dumps(openapi([read], title="Tests", version="1.0")))
    assert in_order(again) == in_order(document)


@pytest.mark.parametrize("protocol", CONTRACTS, ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_operations_come_back(protocol: Any) -> None:  # Any: as above
    """Names, paths, arguments, problems: whatever a call is made of."""
    original = contract_of(protocol)

    read = imported(exported(protocol))

    assert {each.name for each in read.operations} == {each.name for each in original.operations}
    for operation in original.operations:
        expected = said_of(operation)
        if not operation.description:
            expected = {**expected, "description": read.operation(operation.name).description}
        assert said_of(read.operation(operation.name)) == expected


@pytest.mark.parametrize("score", [FULL, Score(lead_id="7")], ids=["full", "lean"])
def test_values_travel_as_before(score: Score) -> None:
    """The bytes that the class writes are read and written again by the document's type."""
    body = contract_of(Scoring).operation("score").encode_call((score,), {})[2]
    operation = imported(exported(Scoring)).operation("score")
    assert operation.body_codec is not None

    value = operation.body_codec.decode(body)

    assert json.loads(operation.body_codec.encode(value)) == json.loads(body)
    assert type(value).__name__ == "Score"
    assert repr(value).count("ada@example.com") == 0


def test_what_does_not_fit_is_refused_as_before() -> None:
    """A client made from a document is told of the same faults as any other."""
    original, read = contract_of(Scoring), imported(exported(Scoring))
    codecs = [each.operation("score").body_codec for each in (original, read)]
    wrong = b'{"lead_id":7,"grade":"a","contact":{"type":"fax"},"reasons":[{"why":"w","points":101}],"more":1}'

    told: list[list[str]] = []
    for codec in codecs:
        assert codec is not None
        with pytest.raises(Invalid) as caught:
            codec.decode(wrong, strict=True)
        told.append(sorted(fault.pointer for fault in caught.value.faults))

    assert told[0] == told[1]


def test_a_choice_still_learns() -> None:
    """A word that a later version added is read as unknown, not refused."""
    score = imported(exported(Scoring)).operation("score")
    assert score.codec is not None

    value = score.codec.decode(b'{"lead_id":"7","grade":"of the future"}')

    assert value.grade == "unknown"


def test_a_tagged_union_is_told_apart() -> None:
    """The tag is written by itself, and decides what is read."""
    export = imported(exported(Scoring)).operation("export")
    assert export.codec is not None

    value = export.codec.decode(msgspec.json.encode(Mail(to="ada@example.com")))

    assert type(value).__name__ == "Mail"
    assert json.loads(export.codec.encode(value)) == {"type": "mail", "to": "ada@example.com"}


def test_problems_are_classes_again() -> None:
    """Raised by the service with its own class, caught by whoever read the document as the class made from it."""
    latest = imported(exported(Scoring)).operation("latest")
    sent = to_wire(ScoreNotFound(lead_id="7", email="ada@example.com"), None)

    problem = from_wire(sent, latest.problems)

    assert [each.__name__ for each in latest.raises] == ["ScoreNotFound"]
    assert isinstance(problem, latest.raises[0])
    assert problem.fields() == {"lead_id": "7", "email": "ada@example.com"}
    assert "ada" not in str(problem)
    made: Problem = latest.raises[0](lead_id="8")
    assert made.fields() == {"lead_id": "8", "email": None}
    assert made.status == 404


def test_events_are_classes_again() -> None:
    """With their key, their type and their fields."""
    read = imported(exported(Scoring))

    (event,) = read.publishes

    assert event_key(event) == "lead_id"
    assert read.event_type(event) == "scoring.lead_scored.v1"
    assert event.__struct_fields__ == ("lead_id", "score")


def test_one_service_is_taken_out_of_a_whole_application() -> None:
    """Told apart by their ids; without one it is not clear which is meant."""
    document = exported(Scoring, Orders)

    read = imported(document, id="orders")
    _, mistakes = contract_from_document(document)
    _, strangers = contract_from_document(document, id="pricing")

    assert {each.name for each in read.operations} == {each.name for each in contract_of(Orders).operations}
    assert [each.what for each in mistakes] == ["it describes scoring/v1, orders/v1"]
    assert [each.what for each in strangers] == ["it does not describe `pricing`"]


def test_a_document_can_be_exported_with_classes() -> None:
    """In one document of an application, what is called alike and means something else gets a name of its own."""
    read = dataclasses.replace(imported(exported(twins.first())), id="other")

    document = openapi([contract_of(twins.second()), read], title="Tests", version="1.0")

    names = document["components"]["schemas"]
    assert any(name.startswith("other.v1.") for name in names)
    assert set(references(document)) <= {f"#/components/schemas/{name}" for name in names}
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_a_body_keeps_its_name() -> None:
    """So that a caller may give it by its name, and a handler is given it so."""
    read = imported(exported(Scoring))

    assert read.operation("score").encode_call((), {"score": {"lead_id": "7"}})[2] == b'{"lead_id":"7"}'


def test_a_stream_and_a_page_keep_their_form() -> None:
    """A client iterates the one, and goes through the other."""
    read = imported(exported(Scoring))

    assert read.operation("export").form is ResultForm.STREAM
    assert read.operation("listed").form is ResultForm.PAGE


def test_a_public_document_makes_a_public_contract_when_it_is_asked_for() -> None:
    """A document does not say who may call."""
    document = exported(Scoring, public_only=True)

    read = imported(document, public=True)

    assert all(each.public for each in read.operations)
    assert not any(each.public for each in imported(document).operations)
    assert Busy.__name__ in {each.__name__ for each in read.operation("score").raises}
