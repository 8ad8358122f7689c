"""JSON Schema of 2020-12 in the words of draft 07, which AsyncAPI 3.0 speaks.

What draft 07 would read otherwise, or pass over, is said its way: what stands beside a `$ref`, and arrays whose
positions differ. OpenAPI's discriminator is an object, AsyncAPI's a field's name that has to stand in the same schema;
it goes by the name `x-discriminator`, and each option's constant tells readers the same.
"""

import copy
from typing import Any, cast

from atoll.contract.schema import Json

_ONE = frozenset("items additionalItems additionalProperties not if then else contains propertyNames".split())
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties"})


def in_draft_07(schema: Json) -> Json:
    """A copy of a schema that means by draft 07 what the schema means by 2020-12. Values in it stay as they are.

    >>> in_draft_07({"type": "array", "prefixItems": [{"type": "integer"}], "minItems": 1})
    {'type': 'array', 'items': [{'type': 'integer'}], 'minItems': 1}
    >>> in_draft_07({"$ref": "#/components/schemas/Mail", "x-personal": True})
    {'allOf': [{'$ref': '#/components/schemas/Mail'}], 'x-personal': True}
    """
    made: Json = {_name(word, value, schema): _part(word, value) for word, value in schema.items()}
    if "$ref" in made and len(made) > 1:
        return {"allOf": [{"$ref": made.pop("$ref")}, *made.pop("allOf", [])]} | made
    return made


def _name(word: str, value: object, schema: Json) -> str:
    if word == "prefixItems":
        return "items"
    if word == "items" and "prefixItems" in schema:
        return "additionalItems"
    if word == "discriminator" and isinstance(value, dict):
        return "x-discriminator"
    return word


def _part(word: str, value: Any) -> Any:  # Any: whatever stands behind a word of a schema
    if word in _ONE and isinstance(value, dict):
        return in_draft_07(cast(Json, value))
    if word in _SEVERAL:
        return [_either(each) for each in value]
    if word in _NAMED:
        return {name: _either(each) for name, each in value.items()}
    return copy.deepcopy(value)


def _either(schema: Json | bool) -> Json | bool:
    return schema if isinstance(schema, bool) else in_draft_07(schema)
