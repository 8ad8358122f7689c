"""Operations as an OpenAPI document describes them: all that a caller outside has to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]  # Any: a JSON document


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query argument of an operation; `place` is `path` or `query`."""

    name: str
    place: str
    required: bool
    schema: Json


@dataclass(frozen=True, slots=True)
class RemoteOperation:
    """One operation. `id` is its service and name: `scoring.latest`. `body` is its body's schema, if it has one."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    body: Json | None
    body_required: bool
    streamed: bool
    paged: bool
    deprecation: Json | None

    @property
    def service(self) -> str:
        """The service that it belongs to, with its version where there are several: `scoring`, `scoring.v2`."""
        return self.id.rpartition(".")[0]


class Document:
    """An application's OpenAPI document, read."""

    def __init__(self, document: Json) -> None:
        info = document.get("info", {})
        self.title: str = info.get("title", "")
        self.version: str = info.get("version", "")
        self.components: Json = document.get("components", {}).get("schemas", {})
        self.operations = tuple(
            self._operation(path, method, described)
            for path, methods in document.get("paths", {}).items()
            for method, described in methods.items()
        )

    def resolved(self, schema: Json) -> Json:
        """A schema behind its references, without `null` among its options (what remains of one option is that one)."""
        while "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            schema = self.components.get(name, {}) | {key: value for key, value in schema.items() if key != "$ref"}
        options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
        if len(options) == 1:
            outer = {key: value for key, value in schema.items() if key != "anyOf" and value is not None}
            return self.resolved(options[0]) | outer
        return schema

    def fields(self, operation: RemoteOperation) -> Mapping[str, Json]:
        """The fields of an operation's body by name; none where the body is not one plain record."""
        schema = self.resolved(operation.body) if operation.body is not None else {}
        properties: Mapping[str, Json] = schema.get("properties", {}) if schema.get("type") == "object" else {}
        return properties

    def required_fields(self, operation: RemoteOperation) -> frozenset[str]:
        """The fields that the body has to have."""
        schema = self.resolved(operation.body) if operation.body is not None else {}
        return frozenset(schema.get("required", ()))

    def _operation(self, path: str, method: str, described: Json) -> RemoteOperation:
        body = described.get("requestBody")
        return RemoteOperation(
            id=described["operationId"],
            method=method.upper(),
            path=path,
            summary=described.get("summary", ""),
            description=described.get("description", ""),
            parameters=tuple(
                Parameter(each["name"], each["in"], each.get("required", False), each.get("schema", {}))
                for each in described.get("parameters", ())
            ),
            body=body["content"]["application/json"]["schema"] if body else None,
            body_required=bool(body and body.get("required")),
            streamed=described.get("x-streamed", False),
            paged=described.get("x-paged", False),
            deprecation=described.get("x-deprecation", {}) if described.get("deprecated") else None,
        )
