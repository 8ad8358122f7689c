"""Events as HTTP carries them: CloudEvents 1.0.2, what its HTTP protocol binding and its JSON format ask for."""

import base64
import json
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.contract import Fault, Invalid
from atoll.events import Form, Incoming, NoForm, read_incoming, written
from atoll.events.forms import header_value
from atoll.events.incoming import ATTRIBUTE_BYTES_MAX, INCOMING_MAX, is_time

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
FORMS: tuple[Form, ...] = ("structured", "binary", "batch")
EVENT: dict[str, object] = {"specversion": "1.0", "id": "1", "source": "/shop/tax", "type": "tax.rated.v1"}
KEPT = (
    b'{"sequence":"00000000000000000007","id":"1","source":"/shop/orders","type":"orders.placed.v1",'
    b'"time":"2026-11-02T09:30:00Z","specversion":"1.0","datacontenttype":"application/json","partitionkey":"7 a",'
    b'"tenant":"east","actor":"ada","region":"eu","retries":3,"urgent":true,"data":{"order_id":"7 a","cents":1.50}}'
)


def structured(event: Mapping[str, object], content_type: str = STRUCTURED) -> Incoming:
    """One event, read from its JSON."""
    (found,) = read_incoming({"content-type": content_type}, msgspec.json.encode(event))
    return found


def binary(headers: Mapping[str, str], body: bytes = b"{}") -> Incoming:
    """One event, read from headers and a body."""
    head = {f"ce-{name}": str(value) for name, value in EVENT.items()}
    (found,) = read_incoming(head | {"content-type": "application/json"} | dict(headers), body)
    return found


def faults(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """What is wrong, by its pointer."""
    with pytest.raises(Invalid) as caught:
        read_incoming(headers, body)
    return {fault.pointer: fault.detail for fault in caught.value.faults}


# --- written ----------------------------------------------------------------------------------------------------------


def test_a_structured_event_is_the_envelope_as_it_is_kept() -> None:
    """Byte for byte, with the extensions of others."""
    headers, body = written("structured", [KEPT], is_stranger=False)

    assert headers == (("content-type", "application/cloudevents+json; charset=UTF-8"),)
    assert body == KEPT


def test_a_binary_event_is_its_data_with_all_else_in_headers() -> None:
    """The data keeps its bytes; text is percent-encoded, numbers and truth have their canonical words."""
    headers, body = written("binary", [KEPT], is_stranger=False)

    assert body == b'{"order_id":"7 a","cents":1.50}'
    assert dict(headers) == {
        "content-type": "application/json",
        "ce-sequence": "00000000000000000007",
        "ce-id": "1",
        "ce-source": "/shop/orders",
        "ce-type": "orders.placed.v1",
        "ce-time": "2026-11-02T09:30:00Z",
        "ce-specversion": "1.0",
        "ce-partitionkey": "7%20a",
        "ce-tenant": "east",
        "ce-actor": "ada",
        "ce-region": "eu",
        "ce-retries": "3",
        "ce-urgent": "true",
    }


def test_a_batch_is_an_array_in_the_order_of_the_log() -> None:
    """Of as many as are given."""
    headers, body = written("batch", [KEPT, KEPT.replace(b'"id":"1"', b'"id":"2"')], is_stranger=False)

    assert headers == (("content-type", "application/cloudevents-batch+json; charset=UTF-8"),)
    assert [event["id"] for event in json.loads(body)] == ["1", "2"]


@pytest.mark.parametrize("form", FORMS)
def test_a_stranger_is_told_of_no_tenant_and_no_actor(form: Form) -> None:
    """Whatever the form; the rest is there, the data as it was."""
    headers, body = written(form, [KEPT], is_stranger=True)

    (found,) = read_incoming(dict(headers), body)
    assert not {"tenant", "actor"} & found.attributes.keys()
    assert not any(word in str(headers) + body.decode() for word in ("east", "ada"))
    assert found.attributes["region"] == "eu"
    assert found.data == b'{"order_id":"7 a","cents":1.50}'


@pytest.mark.parametrize(
    ("value", "header"),
    [
        ("Euro € 😀", "Euro%20%E2%82%AC%20%F0%9F%98%80"),  # the example of the specification
        ('a "quoted" 100%', "a%20%22quoted%22%20100%25"),
        ("!#$&'()*+,-./:;<=>?@[]^_`{|}~", "!#$&'()*+,-./:;<=>?@[]^_`{|}~"),
        ("line\r\nce-admin: true", "line%0D%0Ace-admin:%20true"),
        ("", ""),
        (-7, "-7"),
        (False, "false"),
    ],
)
def test_values_are_percent_encoded_as_the_binding_says(value: str | int, header: str) -> None:
    """Space, quotes, percent and whatever is no visible ASCII; nothing can end a line."""
    assert header_value(value) == header


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80), st.booleans())
def test_what_is_written_is_read_again(text: str, is_stranger: bool) -> None:
    """In every form, whatever the text."""
    kept = msgspec.json.encode(EVENT | {"subject": text, "data": {"text": text}})

    for form in FORMS:
        headers, body = written(form, [kept], is_stranger=is_stranger)
        (found,) = read_incoming(dict(headers), body)

        assert found.attributes["subject"] == text
        assert json.loads(found.data or b"") == {"text": text}


# --- read: which form -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+json",
        "application/cloudevents+json; charset=utf-8",
        'Application/CloudEvents+JSON;charset="UTF-8"',
        "application/cloudevents+json ; profile=x ; charset=us-ascii",
    ],
)
def test_the_content_type_may_have_parameters(content_type: str) -> None:
    """And any case."""
    assert structured(EVENT | {"data": 1}, content_type).data == b"1"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/cloudevents+avro"},
        {"content-type": "application/cloudevents+json; charset=utf-16"},
        {"content-type": "application/cloudevents"},
        {"content-type": "application/json"},
        {"content-type": "text/plain"},
        {},
    ],
)
def test_what_is_no_form_of_an_event_is_told_apart(headers: dict[str, str]) -> None:
    """An event in another format, and what is no event at all."""
    with pytest.raises(NoForm):
        read_incoming(headers, b"{}")


# --- read: structured -------------------------------------------------------------------------------------------------


def test_attributes_of_others_are_kept_with_their_types() -> None:
    """Text, numbers and truth; null is absent; what can be no attribute's name is passed over."""
    kept: dict[str, object] = {"region": "eu", "retries": 3, "urgent": True}
    more: dict[str, object] = {"subject": None, "comExample": "x", "my_own": {"deep": 1}, "data": {"a": 1}}

    found = structured(EVENT | kept | more)

    assert found.attributes == EVENT | kept


def test_data_in_base64_is_decoded() -> None:
    """It may be any bytes; whether they are an event is for its class to say."""
    found = structured(EVENT | {"data_base64": base64.b64encode(b'{"a": "\xc3\xbc"}').decode()})

    assert found.data == b'{"a": "\xc3\xbc"}'
    assert found.data_pointer == "/data_base64"


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-02T09:30:00Z",
        "2026-11-02t09:30:00z",
        "2026-11-02T09:30:00.123456789+05:30",
        "2026-11-02T09:30:00-00:00",
        "2016-12-31T23:59:60Z",
    ],
)
def test_moments_are_those_of_rfc_3339(time: str) -> None:
    """They are kept as they were said."""
    assert structured(EVENT | {"time": time}).attributes["time"] == time


@pytest.mark.parametrize(
    "time", ["2026-11-02", "2026-11-02 09:30:00Z", "2026-11-02T09:30:00", "20261102T093000Z", "2026-13-02T09:30:00Z"]
)
def test_what_is_no_moment_is_refused(time: str) -> None:
    """Also what Python would take for one."""
    assert not is_time(time)
    assert "/time" in faults({"content-type": STRUCTURED}, msgspec.json.encode(EVENT | {"time": time}))


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"id": ""}, {"/id"}),
        ({"id": None, "type": 7}, {"/id", "/type"}),
        ({"specversion": "0.3"}, {"/specversion"}),
        ({"specversion": 1.0}, {"/specversion"}),
        ({"region": {"name": "eu"}}, {"/region"}),
        ({"retries": 2**31}, {"/retries"}),
        ({"ratio": 0.5}, {"/ratio"}),
        ({"region": "a\nb"}, {"/region"}),
        ({"region": "x" * (ATTRIBUTE_BYTES_MAX + 1)}, {"/region"}),
        ({"datacontenttype": "text/xml"}, {"/datacontenttype"}),
        ({"datacontenttype": "application/json; charset=latin-1"}, {"/datacontenttype"}),
        ({"data": 1, "data_base64": "MQ=="}, {"/data_base64"}),
        ({"data_base64": "not base64!"}, {"/data_base64"}),
        ({"data_base64": 7}, {"/data_base64"}),
        ({f"more{number}": 1 for number in range(50)}, {""}),
    ],
)
def test_a_broken_envelope_is_told_with_pointers(change: dict[str, object], pointers: set[str]) -> None:
    """All that is wrong with it, at once."""
    assert faults({"content-type": STRUCTURED}, msgspec.json.encode(EVENT | change)).keys() == pointers


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"id": "\xff"}', b"[" * 100_000])
def test_what_is_no_json_object_is_told(body: bytes) -> None:
    """With one fault, or those of what is missing."""
    assert faults({"content-type": STRUCTURED}, body)


@pytest.mark.parametrize("datacontenttype", ["application/json", "text/json", "application/vnd.shop.order+json"])
def test_json_has_several_names(datacontenttype: str) -> None:
    """`*/json` and `*/*+json`."""
    assert structured(EVENT | {"datacontenttype": datacontenttype, "data": 1}).data == b"1"


# --- read: batch ------------------------------------------------------------------------------------------------------


def test_a_batch_may_be_empty_and_keeps_its_order() -> None:
    """As the binding says."""
    headers = {"content-type": f"{BATCH}; charset=utf-8"}

    assert read_incoming(headers, b"[]") == []
    several = read_incoming(headers, msgspec.json.encode([EVENT | {"id": str(number)} for number in range(9)]))
    assert [each.attributes["id"] for each in several] == list("012345678")


def test_faults_of_a_batch_lead_to_the_event() -> None:
    """And all are told."""
    several = [EVENT, EVENT | {"id": ""}, EVENT | {"time": "noon"}, 7]

    assert faults({"content-type": BATCH}, msgspec.json.encode(several)).keys() == {"/1/id", "/2/time", "/3"}


def test_a_batch_is_no_single_event_and_has_a_limit() -> None:
    """More than a thousand are told to come in parts."""
    headers = {"content-type": BATCH}

    assert faults(headers, msgspec.json.encode(EVENT)).keys() == {""}
    assert "1001 events" in faults(headers, msgspec.json.encode([EVENT] * (INCOMING_MAX + 1)))[""]


# --- read: binary -----------------------------------------------------------------------------------------------------


def test_a_binary_event_is_read_from_headers() -> None:
    """Its content type is that of the data; headers of others are no attributes."""
    more = {
        "ce-region": "e%C3%BC",
        "ce-My_Own": "x",
        "content-type": "application/json; charset=utf-8",
        "accept": "*/*",
    }

    found = binary(more, b'{"a": 1}')

    assert found.attributes == EVENT | {"region": "eü", "datacontenttype": "application/json; charset=utf-8"}
    assert found.data == b'{"a": 1}'


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("Euro%20%e2%82%ac", "Euro €"),
        ("%41%42", "AB"),
        ("a%2520b", "a%20b"),
        ('"a \\"quoted\\" \\\\ word"', 'a "quoted" \\ word'),
        ('"Euro %E2%82%AC"', "Euro €"),
        ("plain text", "plain text"),
        ("100%", "100%"),
    ],
)
def test_headers_are_unquoted_then_percent_decoded_once(header: str, value: str) -> None:
    """Also what was written for older versions of the binding."""
    assert binary({"ce-subject": header}).attributes["subject"] == value


@pytest.mark.parametrize("header", ["%C0%A0", "%FF", "%ED%A0%80", "\xe4", "a%0Ab"])
def test_headers_that_are_no_utf_8_are_refused(header: str) -> None:
    """Overlong sequences, bytes of other encodings, and what no attribute can hold."""
    head = {f"ce-{name}": str(value) for name, value in EVENT.items()} | {"ce-subject": header}

    with pytest.raises(Invalid) as caught:
        read_incoming(head, b"{}")

    (fault,) = caught.value.faults
    assert (fault.pointer, fault.place) == ("/ce-subject", "header")


def test_a_binary_event_without_required_attributes_is_told_all_that_is_missing() -> None:
    """With the names of the headers."""
    found = faults({"ce-specversion": "1.0", "ce-datacontenttype": "text/plain"}, b"{}")

    assert found.keys() == {"/ce-id", "/ce-source", "/ce-type", "/ce-datacontenttype"}


def test_a_fault_names_its_place() -> None:
    """A pointer into the body, or the name of a header."""
    assert structured(EVENT).fault("id", "is odd") == Fault(pointer="/id", detail="is odd")
    assert binary({}).fault("id", "is odd") == Fault(pointer="/ce-id", detail="is odd", place="header")
