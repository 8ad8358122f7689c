"""Types out of JSON Schema: what a document promises, as something that a codec can check.

What a type cannot say faithfully becomes `Untyped`, which lets every JSON value through unchanged, or `dict[str,
Untyped]`: two records that no field tells apart, a record that takes more than its fields, an alias that names itself.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from atoll.contract.described import Library, as_list, as_object
from atoll.contract.names import identifier, unique
from atoll.contract.personal import PERSONAL, shown
from atoll.contract.record import Kind, class_of
from atoll.contract.scalars import filled, scalar, sizes, words_kind
from atoll.contract.schema import REF, Json
from atoll.contract.shape import UNTYPED
from atoll.contract.uniting import optional, union
from atoll.contract.value import Choice

_SIZED: Mapping[type, str] = {tuple: "Items", frozenset: "Items", dict: "Properties"}


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record that a document describes. A field without a default that it does not require is left out when None."""

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={content!r}" for name, content in shown(self))
        return f"{type(self).__name__}({fields})"


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a record as a document has them, by their names on the wire, and which of them are required."""

    schemas: Mapping[str, Json]
    required: frozenset[str]


class Kinds:
    """The types of one document's schemas. Those of records are complete after `finish`."""

    def __init__(self, library: Library, module: str, operations: Iterable[Json], *, is_own: bool) -> None:
        """Make types that belong to `module`; `is_own` says that Atoll wrote the document, so that more is known.

        `operations` are what the document says of them, with all that was read for them in the library.
        """
        self._library = library
        self.module = module
        self._is_own = is_own
        self._named: dict[str, Kind] = {}
        self._waiting: list[tuple[type[msgspec.Struct], Mapping[str, Json], _Defaults]] = []
        self._told_apart = _discriminated([*library.schemas.values(), *operations])

    def of(self, schema: Json, name: str) -> Kind:
        """The type of a schema; `name` is for a record that has none of its own."""
        component = self._library.component(schema)
        kind = self._kind(schema, name) if component is None else self._component(component)
        kind = self._bounded(kind, schema) if component is None else kind
        return filled(Annotated, kind, PERSONAL) if schema.get("x-personal") is True else kind

    def finish(self) -> None:
        """Complete the records, which may name each other and themselves."""
        while self._waiting:
            record, schemas, defaults = self._waiting.pop()
            fields = zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True)
            name = record.__name__
            kinds = {field: self.of(schemas[wire], f"{name}_{field}") for field, wire in fields}
            for field, default in defaults.given.items():
                if default is None:
                    kinds[field] = optional(kinds[field])
            defaults.kinds = kinds
            for field in defaults.optional:
                kinds[field] = optional(kinds[field])
            record.__annotations__ = kinds

    def fields_in(self, schema: Json) -> Fields | None:
        """The fields of a schema that is a plain record, with those of its `allOf`; None where it is none."""
        return self._fields(schema, frozenset())

    def _component(self, name: str) -> Kind:
        if name not in self._named:
            self._named[name] = UNTYPED  # what an alias means that names itself
            self._named[name] = self.of(self._library.schemas.get(name, {}), name)
        return self._named[name]

    def _kind(self, schema: Json, name: str) -> Kind:
        if "const" in schema or "enum" in schema:
            return self._words(schema, name)
        options = as_list(schema.get("anyOf")) or as_list(schema.get("oneOf"))
        if options and "properties" not in schema and "allOf" not in schema:
            return union([self.of(option, f"{name}_{number}") for number, option in enumerate(options, start=1)])
        if schema.get("type") in (None, "object") and (fields := self.fields_in(schema)) is not None:
            return self._record(schema, fields, name)
        parts = as_list(schema.get("allOf"))
        if len(parts) == 1 and not {"properties", "anyOf", "oneOf"} & schema.keys():
            return self.of(parts[0], name)
        if schema.get("type") == "array":
            return self._array(schema, name)
        if schema.get("type") == "object":
            return self._table(schema, name)
        return scalar(schema, is_own=self._is_own)

    def _words(self, schema: Json, name: str) -> Kind:
        words = [schema["const"]] if "const" in schema else as_list(schema["enum"])
        if self._is_own and schema.get("type") == "string" and "unknown" in words and "title" in schema:
            members = unique((re.sub(r"\W+", "_", word).upper() or "EMPTY", word) for word in words)
            made: Any = Choice  # Any: called with members, it makes a class
            return made(_class_name(schema, name), list(members.items()), module=self.module)
        return words_kind(words)

    def _array(self, schema: Json, name: str) -> Kind:
        positions = as_list(schema.get("prefixItems"))
        if positions:
            if not schema.get("minItems") == schema.get("maxItems") == len(positions):
                return filled(tuple, UNTYPED, ...)
            return filled(tuple, *(self.of(each, f"{name}_{number}") for number, each in enumerate(positions, start=1)))
        item = self.of(as_object(schema.get("items")), f"{name}_item")
        if self._is_own and schema.get("uniqueItems") is True:
            return filled(frozenset, item)
        return filled(tuple, item, ...)

    def _table(self, schema: Json, name: str) -> Kind:
        more = schema.get("additionalProperties")
        is_plain = not {"properties", "patternProperties", "allOf", "anyOf", "oneOf"} & schema.keys()
        if is_plain and more not in (None, True, False):
            return filled(dict, str, self.of(as_object(more), f"{name}_value"))
        return filled(dict, str, UNTYPED)

    def _bounded(self, kind: Kind, schema: Json) -> Kind:
        """A list or table with its sizes."""
        word = _SIZED.get(class_of(kind))
        if word is None or "prefixItems" in schema:
            return kind
        meta = sizes(schema, word)
        return kind if meta is None else filled(Annotated, kind, meta)

    def _fields(self, schema: Json, seen: frozenset[str]) -> Fields | None:
        name = self._library.component(schema)
        if name is not None:
            if name in seen:
                return None
            return self._fields(self._library.schemas.get(name, {}), seen | {name})
        if schema.get("type") not in (None, "object") or schema.get("additionalProperties") not in (None, False):
            return None
        if {"patternProperties", "enum", "const"} & schema.keys() or any(map(_adds_fields, _options(schema))):
            return None
        schemas = dict(as_object(schema.get("properties")))
        required = {each for each in as_list(schema.get("required")) if isinstance(each, str)}
        parts = as_list(schema.get("allOf"))
        is_record = "properties" in schema
        for part in parts:
            found = self._fields(part, seen)
            if found is None and (_adds_fields(part) or part.get("type") not in (None, "object")):
                return None
            schemas = (dict(found.schemas) if found else {}) | schemas
            required |= found.required if found else set(as_list(part.get("required")))
            is_record = is_record or found is not None
        if not is_record:
            return None
        return Fields(schemas | {each: {} for each in required if each not in schemas}, frozenset(required))

    def _record(self, schema: Json, fields: Fields, name: str) -> Kind:
        tag = self._tag(fields, name)
        names = unique((identifier(wire), wire) for wire in fields.schemas if tag is None or wire != tag[0])
        defaults = _Defaults()
        made: list[Any] = []  # Any: what defstruct takes
        for field, wire in names.items():
            described = fields.schemas[wire]
            is_one_way = described.get("readOnly") is True or described.get("writeOnly") is True
            if "default" in described:
                defaults.given[field] = described["default"]
                factory = functools.partial(defaults.make, field)
                made.append((field, UNTYPED, msgspec.field(default_factory=factory)))
            elif wire in fields.required and not is_one_way:
                made.append((field, UNTYPED))
            else:
                defaults.optional.append(field)
                made.append((field, UNTYPED, None))
        record = msgspec.defstruct(
            _class_name(schema, name),
            made,
            bases=(Recorded,),
            namespace={"__doc__": str(schema.get("description") or "")},
            module=self.module,
            kw_only=True,
            frozen=True,
            omit_defaults=True,
            rename={field: wire for field, wire in names.items() if field != wire},
            tag_field=None if tag is None else tag[0],
            tag=None if tag is None else tag[1],
        )
        self._waiting.append((record, fields.schemas, defaults))
        return record

    def _tag(self, fields: Fields, name: str) -> tuple[str, str] | None:
        """The field and the word that tell a record from others."""
        if (told := self._told_apart.get(name)) is not None and told[0] in fields.schemas:
            return told
        for wire, described in fields.schemas.items():
            word = described.get("const")
            if isinstance(word, str) and "$ref" not in described:
                return wire, word
        return None


class _Defaults:
    """The defaults of one record's fields, made when they are asked for: by then their types are known."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}  # Any: parsed JSON
        self.kinds: Mapping[str, Kind] = {}
        self.optional: list[str] = []

    def make(self, field: str) -> object:
        given = self.given[field]
        try:
            return msgspec.convert(given, self.kinds[field])
        except (TypeError, ValueError, OverflowError):
            return given  # a default that does not fit: it is somebody else's, and they may know better


def _options(schema: Json) -> list[Json]:
    """What may or may not be said of a record beside its own fields."""
    return [*as_list(schema.get("anyOf")), *as_list(schema.get("oneOf"))]


def _adds_fields(schema: Json) -> bool:
    return bool({"properties", "$ref", "allOf", "anyOf", "oneOf", "additionalProperties"} & schema.keys())


def _class_name(schema: Json, name: str) -> str:
    title = schema.get("title")
    return title if isinstance(title, str) and title.isidentifier() else identifier(name)


def _discriminated(parts: list[Json]) -> dict[str, tuple[str, str]]:
    """The field and the word of each record that a `discriminator` tells from others; none where two of them differ."""
    found: dict[str, set[tuple[str, str]]] = {}
    waiting: list[Any] = list(parts)  # Any: parts of schemas
    for part in waiting:  # which grows on the way
        waiting += [*as_list(part), *as_object(part).values()]
        discriminator = as_object(as_object(part).get("discriminator"))
        field = discriminator.get("propertyName")
        if isinstance(field, str):
            mapping = {str(target): str(word) for word, target in as_object(discriminator.get("mapping")).items()}
            for reference in (str(option.get("$ref")) for option in map(as_object, _options(as_object(part)))):
                if reference.startswith(REF):
                    name = reference.removeprefix(REF)
                    found.setdefault(name, set()).add((field, mapping.get(reference, name)))
    return {name: next(iter(tags)) for name, tags in found.items() if len(tags) == 1}
