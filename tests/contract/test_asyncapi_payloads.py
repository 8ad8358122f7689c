"""What travels is what an AsyncAPI document says: events of every type, in their envelope, fit their message."""

import json
import types
from typing import Any, Protocol, cast

import hypothesis
import jsonschema  # type: ignore[import-untyped]  # it has none
import msgspec
import pytest
from hypothesis import strategies as st
from jsonschema_rs import Draft7Validator, Draft202012Validator

from atoll import Contract, Event, asyncapi, contract, contract_of
from atoll.contract import codec_of, compile_contract, key_of
from atoll.contract.draft07 import in_draft_07
from atoll.contract.schema import Json, Schemas
from atoll.events import Envelope, encode_envelope
from tests.calls.kinds import Kind, Type, kinds
from tests.contract.publishing import (
    THERE,
    Call,
    Capture,
    HTTPLogWritten,
    LeadCaptured,
    LeadForgotten,
    Mail,
    Named,
    NightFell,
    Person,
    ScoreChanged,
)

CAPTURE = contract_of(Capture)

many = hypothesis.settings(
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much]
)


def judge(made: Contract, event: type[Event], *, formats: bool = True) -> Draft7Validator:
    """Tells whether a message is what the document of a contract says of it.

    Formats may be looked at or not (draft 07 leaves it open): a moment without a zone is none by RFC 3339.
    """
    it = asyncapi([made], application="shop", title="Tests", version="1.0")
    payload = it["components"]["messages"][made.event_type(event)]["payload"]
    return Draft7Validator(payload | _components(it), validate_formats=formats)


def _components(it: Json) -> Json:
    return {"components": it["components"]}


def enveloped(made: Contract, event: Event, **more: object) -> Json:
    """An event as a message, in the envelope that publishers write, with attributes beside or instead of its own."""
    key = key_of(event)
    envelope = Envelope(
        id="0192f0c1-7a3b-7c4d-8e5f-a1b2c3d4e5f6",
        source=f"/shop/{made.service}",
        type=made.event_type(type(event)),
        time="2026-11-26T14:00:00.123456Z",
        specversion="1.0",
        datacontenttype="application/json",
        partitionkey=key,
        sequence=None if key is None else "17",
        data=msgspec.Raw(codec_of(type(event)).encode(event)),
    )
    return cast(Json, json.loads(encode_envelope(envelope))) | more


EVENTS: list[Event] = [
    LeadCaptured(lead_id="7", who=Person(name="Ada", email="ada@example.com"), first_contact=Mail(to="Ada")),
    LeadForgotten(lead_id="7", who=Person(name="Ada"), first_contact=Call(number="112"), contacts=(Mail(to="Bob"),)),
    ScoreChanged(id="7", was=Named(name="points", what=3), now=Named(name="points", what=4)),
    HTTPLogWritten(number=7, moments=frozenset({THERE})),  # HERE is no moment to who looks at formats
    NightFell(),
]

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda each: type(each).__name__)


@each_event
def test_an_event_in_its_envelope_is_what_its_message_says(event: Event) -> None:
    """With a trace, a tenant and somebody in whose name it was published, and without; and with what comes later."""
    said = judge(CAPTURE, type(event))
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    assert said.is_valid(enveloped(CAPTURE, event))
    assert said.is_valid(enveloped(CAPTURE, event, traceparent=trace, tenant="acme", actor="ada", later="attribute"))


@each_event
def test_a_second_judge_says_the_same(event: Event) -> None:
    """Another implementation of draft 07, which checks the form of moments and references too."""
    it = asyncapi([CAPTURE], application="shop", title="Tests", version="1.0")
    payload = it["components"]["messages"][CAPTURE.event_type(type(event))]["payload"] | _components(it)
    judge_of: Any = jsonschema.Draft7Validator  # Any: its types are half known
    second = judge_of(payload, format_checker=judge_of.FORMAT_CHECKER)

    assert second.is_valid(enveloped(CAPTURE, event))
    assert not second.is_valid(enveloped(CAPTURE, event, tenant=""))


@each_event
def test_an_envelope_in_which_something_is_missing_is_no_message(event: Event) -> None:
    """But for trace, tenant and actor, all of it is always there."""
    said = judge(CAPTURE, type(event))
    whole = enveloped(CAPTURE, event)

    for name in whole:
        assert not said.is_valid({each: value for each, value in whole.items() if each != name}), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("source", "/shop/pricing"),
        ("type", "capture.night_fell.v1"),
        ("type", "capture.lead_captured.v2"),
        ("time", 1764165600),
        ("datacontenttype", "text/xml"),
        ("partitionkey", 7),
        ("partitionkey", ""),
        ("sequence", 17),
        ("sequence", "seventeen"),
        ("sequence", "-1"),
        ("traceparent", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("tenant", None),
        ("actor", ""),
        ("data", None),
        ("data", {"lead_id": "7"}),
        ("data", '{"lead_id": "7"}'),
    ],
)
def test_an_envelope_that_says_something_else_is_no_message(name: str, value: object) -> None:
    """A reader who trusts the document is not surprised."""
    assert not judge(CAPTURE, LeadCaptured).is_valid(enveloped(CAPTURE, EVENTS[0], **{name: value}))


def test_a_message_fits_one_event_of_its_channel_alone() -> None:
    """So AsyncAPI asks, and so a reader finds out which one it is."""
    fitting = [
        [type(event) for event in EVENTS if judge(CAPTURE, type(event)).is_valid(enveloped(CAPTURE, each))]
        for each in EVENTS
    ]

    assert fitting == [[type(event)] for event in EVENTS]


def drawn(kind: Type) -> tuple[Contract, type[Event]]:
    """A contract that publishes one event, with a field of this type; one that is refused is no example."""

    def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
        namespace["__annotations__"] = {"id": str, "value": kind}

    event: type[Event] = types.new_class("Drawn", (Event,), {"key": "id"}, fill)
    protocol: Any = types.new_class("Drawing", (Protocol,))  # Any: a contract made here
    compiled, _ = compile_contract(contract(version="1.0", publishes=(event,))(protocol))
    hypothesis.assume(compiled is not None)
    return cast(Contract, compiled), event


@many
@hypothesis.given(data=st.data())
def test_an_event_with_a_field_of_any_type_is_what_its_message_says(data: st.DataObject) -> None:
    """Whatever a contract may hold."""
    kind: Kind = data.draw(kinds)
    made, event = drawn(kind.type)
    happened: Any = event  # Any: a class made here

    message = enveloped(made, happened(id="7", value=data.draw(kind.right)))

    said = judge(made, event, formats=False)
    assert said.is_valid(message)
    assert not said.is_valid(message | {"data": {"id": "7"}})


plain = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=4)
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abx"), inner, max_size=3)
)


@many
@hypothesis.given(data=st.data())
def test_a_schema_means_the_same_in_both_drafts(data: st.DataObject) -> None:
    """To what fits, and to what does not: so OpenAPI and AsyncAPI tell of one event alike."""
    kind: Kind = data.draw(kinds)
    drawn(kind.type)
    schemas = Schemas([kind.type])
    whole = {"allOf": [schemas.of(kind.type)]}
    converted = {name: in_draft_07(schema) for name, schema in schemas.components.items()}
    newer = Draft202012Validator(whole | {"components": {"schemas": schemas.components}}, validate_formats=False)
    older = Draft7Validator(in_draft_07(whole) | {"components": {"schemas": converted}}, validate_formats=False)

    right, other = json.loads(codec_of(kind.type).encode(data.draw(kind.right))), data.draw(anything)

    assert newer.is_valid(right)
    assert older.is_valid(right)
    assert older.is_valid(other) == newer.is_valid(other)


DRAFTS: list[tuple[Json, Json]] = [
    ({"$ref": "#/a"}, {"$ref": "#/a"}),
    ({"$ref": "#/a", "default": {"$ref": 1, "x": 2}}, {"allOf": [{"$ref": "#/a"}], "default": {"$ref": 1, "x": 2}}),
    ({"$ref": "#/a", "allOf": [{"type": "object"}]}, {"allOf": [{"$ref": "#/a"}, {"type": "object"}]}),
    ({"prefixItems": [{"type": "null"}], "items": False}, {"items": [{"type": "null"}], "additionalItems": False}),
    ({"items": {"prefixItems": [True]}}, {"items": {"items": [True]}}),
    (
        {"anyOf": [{"prefixItems": [{}]}], "discriminator": {"propertyName": "type"}},
        {"anyOf": [{"items": [{}]}], "x-discriminator": {"propertyName": "type"}},
    ),
    (
        {"properties": {"discriminator": {"prefixItems": [{}]}, "$ref": {"type": "string"}}},
        {"properties": {"discriminator": {"items": [{}]}, "$ref": {"type": "string"}}},
    ),
    (
        {"additionalProperties": {"$ref": "#/a", "minimum": 1}},
        {"additionalProperties": {"allOf": [{"$ref": "#/a"}], "minimum": 1}},
    ),
    (
        {"const": {"prefixItems": []}, "enum": [{"prefixItems": []}]},
        {"const": {"prefixItems": []}, "enum": [{"prefixItems": []}]},
    ),
]


@pytest.mark.parametrize(("newer", "older"), DRAFTS, ids=[json.dumps(newer) for newer, _ in DRAFTS])
def test_a_schema_is_said_in_the_words_of_draft_07(newer: Json, older: Json) -> None:
    """Fields that are called as words of the language, and values that look like schemas, are left as they are."""
    before = json.dumps(newer)

    assert in_draft_07(newer) == older
    assert json.dumps(newer) == before
