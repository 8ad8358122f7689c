"""Examples of values: what is made from a schema fits it."""

from collections.abc import Callable

import msgspec
import pytest
from click.testing import Result

from atoll import contract_of, openapi
from atoll.cli.document import Document, Json
from atoll.cli.examples import example_body, example_of
from tests.cli.market import Goods

DOCUMENT = Document(openapi([contract_of(Goods)], title="goods", version="1"))
BODIES = {operation.id: operation for operation in DOCUMENT.operations if operation.body is not None}


@pytest.mark.parametrize("name", BODIES)
def test_an_example_body_is_accepted(call: Callable[..., Result], name: str) -> None:
    """The application itself says so."""
    body = msgspec.json.encode(example_body(BODIES[name], DOCUMENT)).decode()
    path = [f"--{each.name.replace('_', '-')}=7" for each in BODIES[name].parameters]

    result = call(name, *path, "--whole-body" if name == "goods.note" else "--body", body)

    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 3}, 3),
        ({"type": "integer", "default": 9}, 9),
        ({"type": "string", "examples": ["seen"]}, "seen"),
        ({"enum": ["unknown", "web"]}, "web"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}, 1),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": "number", "maximum": 0}, 0),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}, [1, "text"]),
        ({}, None),
    ],
)
def test_an_example_keeps_to_its_schema(schema: Json, value: object) -> None:
    """Bounds, choices, formats and what the author proposed."""
    assert example_of("field", schema, DOCUMENT) == value


@pytest.mark.parametrize(("name", "value"), [("email", "ada@example.com"), ("lead_id", "7"), ("colour", "text")])
def test_a_text_is_what_its_name_promises(name: str, value: str) -> None:
    """People understand an address, and checks of addresses accept it."""
    assert example_of(name, {"type": "string"}, DOCUMENT) == value


def test_a_schema_that_contains_itself_has_an_example() -> None:
    """It ends somewhere."""
    tree = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}, "required": ["child"]}

    example = example_of("tree", tree, Document({"components": {"schemas": {"Tree": tree}}}))

    assert isinstance(example, dict)
