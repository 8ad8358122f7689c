"""Whether a document is AsyncAPI 3.0: the official schema's word, and what it cannot say, checked by hand."""

import functools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema_rs import Draft7Validator, ValidationError

from atoll.contract.schema import Json

OFFICIAL = Path(sys.prefix) / "judges/node_modules/@asyncapi/specs/schemas/3.0.0.json"

SCHEMAS, MESSAGES, CHANNELS = "#/components/schemas/", "#/components/messages/", "#/channels/"

WORDS = frozenset(
    "$ref title description default examples const enum type format not if then else allOf anyOf oneOf multipleOf "
    "maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern items additionalItems maxItems "
    "minItems uniqueItems contains maxProperties minProperties required properties patternProperties "
    "additionalProperties propertyNames dependencies contentEncoding contentMediaType deprecated".split()
)
"""Of draft 07 (AsyncAPI's own `discriminator`, a text, is left out: nothing exported may use it)."""


@functools.cache
def _official() -> Draft7Validator:
    if not OFFICIAL.is_file():
        pytest.fail(f"there is no {OFFICIAL}: run `make judges`")
    return Draft7Validator(json.loads(OFFICIAL.read_bytes()))


def official_errors(document: Json) -> list[ValidationError]:
    """What the official schema of AsyncAPI 3.0.0 has against a document."""
    return list(_official().iter_errors(document))


def judged(document: Json) -> Json:
    """A document that has passed both judges, and that is what its JSON says."""
    assert json.loads(json.dumps(document)) == document
    assert official_errors(document) == []
    assert list(amiss(document)) == []
    return document


def amiss(document: Json) -> Iterator[str]:
    """What is wrong with a document as Atoll exports it; stricter than AsyncAPI is."""
    expected = ["asyncapi", "info", "defaultContentType", "channels", "operations", "components"]
    if [name for name in document if name != "servers"] != expected:
        yield f"its members are {list(document)}"
        return
    if document["asyncapi"] != "3.0.0":
        yield f"its version is {document['asyncapi']}"
    if set(document["info"]) != {"title", "version", "description"}:
        yield f"its info is {document['info']}"
    messages, schemas = document["components"]["messages"], document["components"]["schemas"]
    yield from _amiss_in_channels(document["channels"], messages)
    yield from _amiss_in_operations(document["operations"], document["channels"])
    reached: set[str] = set()
    for name, message in messages.items():
        if name != message["name"]:
            yield f"the message {name} calls itself {message['name']}"
        yield from _amiss_in_schema(f"the payload of {name}", message["payload"], schemas, reached)
    for name, schema in schemas.items():
        yield from _amiss_in_schema(f"the schema {name}", schema, schemas, reached)
    if lost := set(schemas) - reached:
        yield f"nothing refers to the schemas {sorted(lost)}"


def _amiss_in_channels(channels: Json, messages: Json) -> Iterator[str]:
    addresses = [channel["address"] for channel in channels.values()]
    if len(set(addresses)) < len(addresses):
        yield f"two channels are at one address: {addresses}"
    used: list[str] = []
    for name, channel in channels.items():
        if not channel["messages"]:
            yield f"the channel {name} has no messages"
        for key, message in channel["messages"].items():
            used.append(key)
            if message != {"$ref": f"{MESSAGES}{key}"}:
                yield f"the message {key} of the channel {name} is {message}"
    if sorted(used) != sorted(messages):
        yield f"the channels have {sorted(used)}, the components {sorted(messages)}"


def _amiss_in_operations(operations: Json, channels: Json) -> Iterator[str]:
    for name, operation in operations.items():
        channel = str(operation["channel"]["$ref"]).removeprefix(CHANNELS)
        if channel not in channels:
            yield f"the operation {name} is on no channel"
            continue
        known = [{"$ref": f"{CHANNELS}{channel}/messages/{key}"} for key in channels[channel]["messages"]]
        told = operation["messages"]
        if not told or any(each not in known for each in told) or any(told.count(each) > 1 for each in told):
            yield f"the operation {name} has the messages {told}"
        if operation["action"] == "send" and told != known:
            yield f"the operation {name} does not send all messages of its channel"
    sent = [operation["channel"]["$ref"] for operation in operations.values() if operation["action"] == "send"]
    if len(set(sent)) < len(sent):
        yield "two services send on one channel"


def _amiss_in_schema(where: str, schema: Any, schemas: Json, reached: set[str]) -> Iterator[str]:  # Any: JSON
    if isinstance(schema, bool):
        return
    for word, value in cast(Json, schema).items():
        if word not in WORDS and not word.startswith("x-"):
            yield f"{where} says `{word}`, which draft 07 does not know"
        if word == "$ref":
            name = str(value).removeprefix(SCHEMAS)
            reached.add(name)
            if name not in schemas:
                yield f"{where} refers to {value}, which is not there"
            if len(schema) > 1:
                yield f"{where} says more beside `$ref`, which draft 07 passes over"
        for each in _inner(word, value):
            yield from _amiss_in_schema(where, each, schemas, reached)


def _inner(word: str, value: Any) -> list[Any]:  # Any: JSON
    """The schemas behind a word of a schema."""
    if word in ("properties", "patternProperties"):
        return list(cast(Json, value).values())
    if word in ("allOf", "anyOf", "oneOf") or (word == "items" and isinstance(value, list)):
        return cast(list[Any], value)  # Any: JSON
    is_one = word in ("items", "additionalItems", "additionalProperties", "contains", "propertyNames", "not")
    return [value] if is_one else []
