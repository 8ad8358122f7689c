"""What a document says: schemas and parts by reference, in the words of OpenAPI 3.1, whatever version it is of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from atoll.contract.schema import REF, Json


@dataclass(frozen=True, slots=True)
class Described:
    """What a document says of a contract, in its own words; those of its `operations` are by name.

    `left_out` tells, a sentence each, of what could not be taken over.
    """

    operations: Mapping[str, Json]
    schemas: Mapping[str, Json]
    problems: tuple[Json, ...]
    events: tuple[Json, ...]
    left_out: tuple[str, ...]


class Unreadable(Exception):
    """A part of a document that cannot be taken over, and why. Whoever reads the document notes it and goes on."""


def as_object(raw: object) -> Json:
    """A part that should be an object; an empty one where it is something else."""
    return cast(Json, raw) if isinstance(raw, dict) else {}


def as_list(raw: object) -> list[Any]:  # Any: parts of a document
    """A part that should be a list; an empty one where it is something else."""
    return cast(list[object], raw) if isinstance(raw, list) else []


_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"})
_ONE = frozenset("items additionalProperties not if then else contains propertyNames unevaluatedProperties".split())
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_WITHOUT_MEANING = frozenset({"nullable", "example", "xml", "externalDocs", "$defs", "definitions", "$schema", "$id"})


class Library:
    """The schemas of a document by name, each read when it is first asked for."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._names: dict[str, str] = {}
        self._waiting: list[tuple[str, object]] = []
        self.schemas: dict[str, Json] = {}
        self.notes: list[str] = []

    def resolved(self, raw: object) -> Json:
        """A part that is no schema, behind its references.

        Raises:
            Unreadable: a reference leads nowhere, in a circle, or out of the document.
        """
        part = as_object(raw)
        for _ in range(20):
            if not isinstance(reference := part.get("$ref"), str):
                return part
            part = as_object(self._at(reference))
        raise Unreadable("its references lead in a circle")

    def schema(self, raw: object) -> Json:
        """A schema with all that it refers to among `schemas`."""
        found = self._modern(raw)
        while self._waiting:
            name, part = self._waiting.pop()
            self.schemas[name] = self._modern(part)
        return found

    def component(self, schema: Json) -> str | None:
        """The name behind a schema that is a reference."""
        reference = schema.get("$ref")
        return str(reference).removeprefix(REF) if reference is not None else None

    def within(self, schema: Json) -> Json:
        """What a schema refers to, itself where it does not; an empty one where it refers to itself."""
        seen: set[str] = set()
        while (name := self.component(schema)) is not None:
            if name in seen:
                return {}
            seen.add(name)
            schema = self.schemas.get(name, {})
        return schema

    def _at(self, reference: str) -> object:
        if not reference.startswith("#"):
            raise Unreadable(f"`{reference}` leads out of the document")
        part: Any = self._document  # Any: a part of a document
        for step in reference[1:].split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            items, table = as_list(part), as_object(part)
            if key.isdigit() and int(key) < len(items):
                part = items[int(key)]
            elif key in table:
                part = table[key]
            else:
                raise Unreadable(f"`{reference}` leads nowhere")
        return part

    def _reference(self, reference: str) -> Json:
        if reference not in self._names:
            try:
                part = self._at(reference)
            except Unreadable as why:
                self.notes.append(f"{why}, so that nothing is known of what stands there")
                return {}
            name = reference.removeprefix(REF)
            if name == reference or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
                name = re.sub(r"[^A-Za-z0-9._-]+", ".", reference.removeprefix("#/components/schemas")).strip(".")
            taken = set(self._names.values())
            while name in taken or (name in self.schemas):
                name += "_"
            self._names[reference] = name
            self.schemas[name] = {}
            self._waiting.append((name, part))
        return {"$ref": f"{REF}{self._names[reference]}"}

    def _modern(self, raw: object) -> Json:
        """A copy of a schema in the words of OpenAPI 3.1, with `$ref` to components only."""
        given = as_object(raw)
        if raw is False:
            return {"not": {}}
        schema: Json = {}
        for word, value in given.items():
            if word == "$ref":
                schema |= self._reference(str(value))
            elif word not in _WITHOUT_MEANING:
                schema[word] = self._part(word, value)
        if "example" in given and "examples" not in given:
            schema["examples"] = [given["example"]]
        if not as_list(schema.get("enum", [None])):
            del schema["enum"]
        _mend_bounds(schema)
        return _with_null(schema, is_nullable=given.get("nullable") is True)

    def _part(self, word: str, value: Any) -> Any:  # Any: what stands in a schema
        if word in _ONE:
            return value if isinstance(value, bool) else self._modern(value)
        if word in _SEVERAL:
            return [self._modern(each) for each in as_list(value)]
        if word in _NAMED:
            return {name: self._modern(each) for name, each in as_object(value).items()}
        return self._discriminator(as_object(value)) if word == "discriminator" else value

    def _discriminator(self, given: Json) -> Json:
        mapping: Json = {}
        for word, target in as_object(given.get("mapping")).items():
            reference = str(target) if str(target).startswith("#") else f"{REF}{target}"
            mapping[word] = self._reference(reference).get("$ref", reference)
        return given | ({"mapping": mapping} if mapping else {})


def _mend_bounds(schema: Json) -> None:
    """In OpenAPI 3.0 an exclusive bound is a mark beside the bound."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)


def _with_null(schema: Json, *, is_nullable: bool) -> Json:
    """Several types, and null among them, as `anyOf`: one way to say it."""
    types = [str(each) for each in as_list(schema.get("type"))]
    if not types and not is_nullable:
        return schema
    outer = {word: value for word, value in schema.items() if word in _ANNOTATIONS or word.startswith("x-")}
    inner = {word: value for word, value in schema.items() if word not in outer}
    if "enum" in inner:
        inner["enum"] = [word for word in inner["enum"] if word is not None]
    options = [inner | {"type": each} for each in types if each != "null"] or ([] if types else [inner])
    if is_nullable or "null" in types:
        options.append({"type": "null"})
    return outer | (options[0] if len(options) == 1 else {"anyOf": options})
