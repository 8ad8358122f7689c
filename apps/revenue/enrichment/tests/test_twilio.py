"""Twilio Lookup as it ships, against a server that answers by Twilio's own description, and to nothing else.

The description is not part of the project; where it is absent these tests are left out.
"""

import base64
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema_rs
import msgspec
import pytest

from revenue.enrichment.contract import EnrichmentRules, FieldRule, Topic
from revenue.enrichment.jsons import items_of, table_of
from revenue.enrichment.providers import shipped
from revenue.enrichment.rules import ProviderRule
from revenue.enrichment.tests.vendor import a_lead, desk, value_of
from revenue.tests.outsider import Asked, Says, outsider

ACCOUNT = "AC1:secret"
LINES = {
    "+14155550123": ("US", "mobile"),
    "+12125550123": ("US", "landline"),
    "+442079460123": ("GB", "landline"),
    "+18005550199": ("US", "tollFree"),
}
"""What Twilio would know: numbers that are kept for fiction."""


class Described:
    """A server made from a description of OpenAPI: an operation, its parameters, its security, its answer's schema."""

    def __init__(self, description: dict[str, Any]) -> None:  # Any: JSON
        self._operation = description["paths"]["/v2/PhoneNumbers/{PhoneNumber}"]["get"]
        self._schema = {
            "$ref": "#/components/schemas/LookupResponse",
            "components": _with_nulls(description["components"]),
        }
        assert description["components"]["securitySchemes"]["accountSid_authToken"]["scheme"] == "basic"

    def __call__(self, asked: Asked) -> Says:
        """The answer, which fits the schema."""
        parts = urlsplit(asked.target)
        query = dict(parse_qsl(parts.query))
        names = {each["name"] for each in self._operation["parameters"] if each["in"] == "query"}
        wanted = f"Basic {base64.b64encode(ACCOUNT.encode()).decode()}"
        if asked.headers.get("authorization") != wanted:
            return Says({"code": 20003, "message": "Authenticate", "status": 401}, 401)
        if asked.method != "GET" or asked.body or not parts.path.startswith("/v2/PhoneNumbers/") or set(query) - names:
            return Says({"code": 20404, "message": "not described", "status": 404}, 400)
        fields = query.get("Fields", "").split(",")
        answer = self._found(unquote(parts.path.rpartition("/")[2]), fields)
        jsonschema_rs.validate(self._schema, answer)
        return Says(answer)

    def _found(self, number: str, fields: list[str]) -> dict[str, Any]:  # Any: JSON
        examples = self._operation["responses"]["200"]["content"]["application/json"]["examples"]
        if number not in LINES:
            return dict(examples["fetchInvalid"]["value"], phone_number=number)
        country, line = LINES[number]
        answer = dict(examples["fetch"]["value"], phone_number=number, country_code=country, national_format=number)
        if "line_type_intelligence" in fields:
            answer["line_type_intelligence"] = {"type": line, "carrier_name": "Carrier", "mobile_country_code": "310"}
        return answer


def _with_nulls(said: Any) -> Any:  # Any: JSON
    """Schemas of OpenAPI 3.0, whose fields may be null where its examples have it so, as JSON Schema."""
    if isinstance(said, dict):
        inner = {name: _with_nulls(each) for name, each in table_of(said).items()}
        properties = table_of(inner.get("properties"))
        return inner | {"properties": {name: {"anyOf": [{"type": "null"}, each]} for name, each in properties.items()}}
    return [_with_nulls(each) for each in items_of(said)] if isinstance(said, list) else said


@pytest.fixture
def described(data: Path) -> Described:
    """A server by the description."""
    file = data.parent / "specs/vendors/twilio_lookups_v2.json"
    if not file.exists():
        pytest.skip("the description of Twilio Lookup is not there")
    return Described(msgspec.json.decode(file.read_bytes()))


def rules(url: str) -> EnrichmentRules:
    """The definition as it ships, but for where it is."""
    rule = msgspec.structs.replace(
        shipped("twilio_lookup"), url=shipped("twilio_lookup").url.replace("https://lookups.twilio.com", url)
    )
    assert isinstance(rule, ProviderRule)
    return EnrichmentRules(providers=(rule,), fields=(FieldRule(field=Topic.MOBILE, providers=("twilio_lookup",)),))


@pytest.mark.data
@pytest.mark.parametrize(
    ("number", "mobile", "state"),
    [
        ("+1 415 555 0123", "+14155550123", "hit"),
        ("+1 212 555 0123", None, "hit"),
        ("+44 20 7946 0123", None, "hit"),
        ("+1 415 555 0199", None, "miss"),
    ],
)
async def test_a_number_is_a_mobile_one_when_twilio_says_so(
    described: Described, number: str, mobile: str | None, state: str
) -> None:
    """In countries whose numbers do not tell; a landline is refused, and costs what it costs."""
    async with outsider(described) as it, desk(rules(it.url), secrets={"TWILIO_ACCOUNT": ACCOUNT}) as enrichment:
        event = await enrichment.resolve(a_lead(phone=number))
        (attempt,) = await enrichment.service.attempts("1")

    assert (value_of(event, Topic.MOBILE), attempt.state, attempt.cost_micros) == (mobile, state, 8_000)
    assert [each.topic for each in event.profile.refused] == ([Topic.MOBILE] if state == "hit" and not mobile else [])


@pytest.mark.data
async def test_a_wrong_key_fails_and_costs_nothing(described: Described) -> None:
    """And nothing of it is told."""
    async with outsider(described) as it, desk(rules(it.url), secrets={"TWILIO_ACCOUNT": "AC1:wrong"}) as enrichment:
        event = await enrichment.resolve(a_lead(phone="+1 415 555 0123"))
        (attempt,) = await enrichment.service.attempts("1")

    assert (attempt.state, attempt.cost_micros, attempt.detail) == ("failed", 0, "status 401")
    assert event.profile.skipped[0].why == "status 401"


async def test_twilio_is_off_without_a_key() -> None:
    """It can be named, and is done without."""
    named = EnrichmentRules(fields=(FieldRule(field=Topic.MOBILE, providers=("twilio_lookup",)),))
    async with desk(named) as enrichment:
        event = await enrichment.resolve(a_lead(phone="+1 415 555 0123"))
        statuses = {each.name: each for each in await enrichment.service.providers()}

    assert not statuses["twilio_lookup"].is_on
    assert "TWILIO_ACCOUNT" in statuses["twilio_lookup"].why
    assert event.profile.skipped[0].why == "it is off"
