"""Example values for a schema, good enough to be sent: what a person would type to try an operation."""

from collections.abc import Mapping

from atoll.cli.document import Document, Json, RemoteOperation

# What people expect behind a name. Reserved for examples: RFC 2606 (domains), the film industry's 555-01xx (phones).
BY_NAME: Mapping[str, str] = {
    "email": "ada@example.com",
    "phone": "+1 202 555 0142",
    "mobile_phone": "+1 202 555 0143",
    "url": "https://www.example.com",
    "website": "https://www.example.com",
    "domain": "example.com",
    "company": "Example Ltd",
    "country": "GB",
    "name": "Ada",
    "first_name": "Ada",
    "last_name": "Lovelace",
}
BY_FORMAT: Mapping[str, str] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT15M",
    "uuid": "018bcfe5-6800-7000-8000-000000000000",
    "decimal": "1.50",
    "uri": "https://www.example.com",
    "uri-reference": "/",
}
DEPTH_MAX = 8
"""How deep an example nests: a schema may contain itself."""


def example_of(name: str, schema: Json, document: Document, depth: int = 0) -> object:
    """A value that fits the schema; `name` is the field or argument that it stands for."""
    schema = document.resolved(schema)
    given = [schema[word] for word in ("const", "default") if schema.get(word) is not None]
    given += [*schema.get("examples", ()), *_known_words(schema)]
    options = schema.get("anyOf") or schema.get("oneOf")
    if given:
        return given[0]
    if options:
        return example_of(name, options[0], document, depth)
    match schema.get("type"):
        case "object":
            return _record(schema, document, depth)
        case "array":
            return _items(name, schema, document, depth)
        case "string":
            return _text(name, schema)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case _:
            return None


def example_body(operation: RemoteOperation, document: Document) -> object:
    """A body for an operation, with what it requires; where it requires nothing, with a field or two all the same."""
    assert operation.body is not None
    fields, required = document.fields(operation), document.required_fields(operation)
    if not fields or required:
        return example_of("body", operation.body, document)
    known = [name for name in fields if name in BY_NAME] or list(fields)
    return {name: example_of(name, _without_default(fields[name]), document) for name in known[:2]}


def _without_default(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key != "default"}


def _known_words(schema: Json) -> list[object]:
    """The words of an enumeration; the one for what nobody knows comes last."""
    return sorted(schema.get("enum", ()), key=lambda word: word == "unknown")


def _items(name: str, schema: Json, document: Document, depth: int) -> list[object]:
    if depth >= DEPTH_MAX:
        return []
    wanted = [*schema.get("prefixItems", ())] or [schema.get("items", {})] * max(1, schema.get("minItems", 0))
    return [example_of(name, each, document, depth + 1) for each in wanted]


def _record(schema: Json, document: Document, depth: int) -> Json:
    properties: Mapping[str, Json] = schema.get("properties", {})
    required = schema.get("required", ())
    if depth >= DEPTH_MAX:
        return {}
    return {name: example_of(name, each, document, depth + 1) for name, each in properties.items() if name in required}


def _text(name: str, schema: Json) -> str:
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    if schema.get("contentEncoding") == "base64":
        return "QXRvbGw="
    text = BY_NAME.get(name, "7" if name == "id" or name.endswith("_id") else "text")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 100)]


def _number(schema: Json) -> int | float:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    value: int | float = 1
    if least is not None and value <= least:
        value = least if "minimum" in schema else least + 1
    if most is not None and value >= most:
        value = most if "maximum" in schema else most - 1
    return value
