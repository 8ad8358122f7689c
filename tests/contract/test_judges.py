"""The judges of AsyncAPI documents find what is amiss: a judge that nods at everything would never be noticed."""

import copy
import json
from collections.abc import Callable
from typing import cast

import pytest

from atoll import asyncapi, contract_of
from atoll.contract.schema import Json
from tests.contract.judges import amiss, judged, official_errors
from tests.contract.publishing import Capture, major


def document() -> Json:
    """A document with two channels."""
    contracts = [contract_of(Capture), contract_of(major(1, int))]
    return cast(Json, json.loads(json.dumps(asyncapi(contracts, application="shop", title="Tests", version="1.0"))))


def _without_a_channel(it: Json) -> None:
    del it["channels"]["pricing"]


def _with_an_address_twice(it: Json) -> None:
    it["channels"]["capture"]["address"] = "/shop/pricing"


def _with_a_message_of_another(it: Json) -> None:
    it["operations"]["pricing.send"]["messages"] = it["operations"]["capture.send"]["messages"]


def _with_a_message_unsent(it: Json) -> None:
    it["operations"]["capture.send"]["messages"].pop()


def _with_a_reference_to_nothing(it: Json) -> None:
    del it["components"]["schemas"]["Person"]


def _with_a_mark_beside_a_reference(it: Json) -> None:
    it["components"]["schemas"]["Tree"]["properties"]["below"]["items"]["x-personal"] = True


def _with_a_word_of_another_draft(it: Json) -> None:
    it["components"]["schemas"]["Pair"]["prefixItems"] = []


def _with_a_schema_too_many(it: Json) -> None:
    it["components"]["schemas"]["Nobody"] = {"type": "string"}


def _with_a_name_of_another(it: Json) -> None:
    it["components"]["messages"]["capture.night_fell.v1"]["name"] = "capture.day_broke.v1"


def _with_a_member_too_many(it: Json) -> None:
    it["tags"] = []


def _with_another_version(it: Json) -> None:
    it["asyncapi"] = "2.6.0"


@pytest.mark.parametrize(
    "spoil",
    [
        _without_a_channel,
        _with_an_address_twice,
        _with_a_message_of_another,
        _with_a_message_unsent,
        _with_a_reference_to_nothing,
        _with_a_mark_beside_a_reference,
        _with_a_word_of_another_draft,
        _with_a_schema_too_many,
        _with_a_name_of_another,
        _with_a_member_too_many,
        _with_another_version,
    ],
    ids=lambda each: each.__name__.removeprefix("_"),
)
def test_the_strict_judge_finds_what_is_amiss(spoil: Callable[[Json], None]) -> None:
    """The control: most of it, the official schema lets through."""
    it = judged(document())
    spoiled = copy.deepcopy(it)

    spoil(spoiled)

    assert list(amiss(spoiled))


SPOILED: dict[str, Json] = {
    "version": {"asyncapi": "2.6.0"},
    "info": {"info": {"title": "no version"}},
    "channel": {"channels": {"capture": {"publish": {}}}},
    "operation": {"operations": {"capture.send": {"action": "publish", "channel": {"$ref": "#/channels/capture"}}}},
    "schema": {"components": {"schemas": {"Tree": {"discriminator": {"propertyName": "type"}}}}},
}


@pytest.mark.parametrize("part", SPOILED)
def test_the_official_judge_is_awake(part: str) -> None:
    """The control: it looks into every part."""
    it = judged(document())

    assert official_errors(it | SPOILED[part])
