"""JSON Schema (2020-12) out of types: what OpenAPI describes bodies, parameters and events with."""

import datetime
import decimal
import inspect
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Literal, cast, get_args

import msgspec

from atoll.contract.personal import is_personal
from atoll.contract.record import Kind, class_of, origin_of
from atoll.contract.shape import (
    NOTHING,
    Field,
    Items,
    Model,
    OneOf,
    Positions,
    Record,
    Scalar,
    Shape,
    Table,
    Unfit,
    Untyped,
    Words,
    peel,
    shape_of,
    shapes_in,
)
from atoll.kernel import spelled

Json = dict[str, Any]  # Any: a JSON document

REF = "#/components/schemas/"
"""Where the schemas of a document stand."""

_SCALARS: dict[Kind, Json] = {
    NOTHING: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    decimal.Decimal: {"type": "string", "format": "decimal"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
    datetime.time: {"type": "string", "format": "time"},
    datetime.timedelta: {"type": "string", "format": "duration"},
}

_NUMBERS = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
}
_SIZES = {"string": "Length", "array": "Items", "object": "Properties"}


class Schemas:
    """The schemas of many types at once, in one set of components: classes of equal names get names of their own."""

    def __init__(self, kinds: Iterable[Kind], taken: Iterable[str] = ()) -> None:
        """Name what is in these types; `taken` are names that none of them gets."""
        named = {id(shape): shape for kind in kinds for shape in shapes_in(kind) if _has_name(shape)}
        self._names = dict(zip(named, _unique_names(list(named.values()), set(taken)), strict=True))
        self.components: Json = {}
        for key, shape in named.items():
            if isinstance(shape, Model):
                self._add_model(self._names[key], shape.kind)
            else:
                self.components[self._names[key]] = self._whole(shape)

    def of(self, kind: Kind) -> Json:
        """The schema of a type, as a reference where it has a name."""
        shape = shape_of(kind)
        name = self._names.get(id(shape))
        schema = self._whole(shape) if name is None else {"$ref": f"{REF}{name}"}
        for note in peel(kind)[1]:
            if isinstance(note, msgspec.Meta):
                schema |= _constraints(note, schema.get("type", ""))
        return schema | {"x-personal": True} if is_personal(kind) else schema

    def close(self, kind: Kind) -> None:
        """Say of every record in a type that it takes no unknown fields: so it is with what comes in at the edge."""
        for shape in shapes_in(kind):
            name = self._names.get(id(shape), "")
            inner = f"{name}." if isinstance(shape, Model) else ""
            for each, schema in self.components.items():
                if (each == name or (inner and each.startswith(inner))) and "properties" in schema:
                    schema["additionalProperties"] = False

    def name_of(self, kind: Kind) -> str:
        """The name of a type's component."""
        return self._names[id(shape_of(kind))]

    def _whole(self, shape: Shape) -> Json:
        match shape:
            case Scalar(kind=kind):
                return {"enum": list(get_args(kind))} if origin_of(kind) is Literal else dict(_SCALARS[kind])
            case Words(kind=words, known=known):
                return _titled(words) | {"type": "string", "enum": sorted(known)}
            case Items(item=item, is_set=is_set):
                return {"type": "array", "items": self.of(item)} | ({"uniqueItems": True} if is_set else {})
            case Positions(kind=kind, items=items, required=required):
                return (_titled(kind) if _has_name(shape) else {}) | {
                    "type": "array",
                    "prefixItems": [self.of(item) for item in items],
                    "minItems": required,
                    "maxItems": len(items),
                }
            case Table(value=value):
                return {"type": "object", "additionalProperties": self.of(value)}
            case Record():
                return self._record(shape)
            case OneOf():
                return self._union(shape)
            case Untyped():
                return {}
            case Model() | Unfit():
                raise AssertionError(f"{shape} is described by Pydantic, or no contract has it")

    def _record(self, record: Record) -> Json:
        tag: Json = {record.tag[0]: {"type": "string", "const": record.tag[1]}} if record.tag else {}
        properties = {field.name: self._property(field) for field in record.fields.values()}
        required = [field.name for field in record.fields.values() if field.required]
        return _titled(record.kind) | {
            "type": "object",
            "properties": tag | properties,
            "required": [*tag, *required],
        }

    def _property(self, field: Field) -> Json:
        schema = self.of(field.kind)
        return schema if field.default is msgspec.NODEFAULT else schema | {"default": as_json(field.default)}

    def _union(self, union: OneOf) -> Json:
        shapes = [shape_of(option) for option in union.options]
        present = [self.of(option) for option, shape in zip(union.options, shapes, strict=True) if not _is_null(shape)]
        tags = [shape.tag if isinstance(shape, Record) else None for shape in shapes if not _is_null(shape)]
        schema: Json = {"anyOf": present}
        if len(present) > 1 and None not in tags:
            by_word = {str(tag[1]): option["$ref"] for tag, option in zip(tags, present, strict=True) if tag}
            schema["discriminator"] = {"propertyName": next(tag[0] for tag in tags if tag), "mapping": by_word}
        if len(present) == len(shapes):
            return schema
        return {"anyOf": [*(present if len(present) == 1 else [schema]), {"type": "null"}]}

    def _add_model(self, name: str, model: Any) -> None:  # Any: a Pydantic model class; Pydantic is an extra
        mark = "atoll-model:"  # Pydantic's own names may be taken here
        schema: Json = model.model_json_schema(ref_template=f"{mark}{{model}}")
        inner: Json = schema.pop("$defs", {})
        whole = inner.pop(model.__name__) if schema.get("$ref") == f"{mark}{model.__name__}" else schema
        names = {model.__name__: name} | {each: f"{name}.{each}" for each in inner}
        refs = {f"{mark}{each}": f"{REF}{new}" for each, new in names.items()}
        for each, content in {model.__name__: whole, **inner}.items():
            self.components[names[each]] = replaced(content, refs)


def as_json(value: object) -> Any:  # Any: a JSON document
    """A value as it stands in a document; sets in an order of their own, the same in every process."""
    match value:
        case set() | frozenset():
            items = map(as_json, cast(frozenset[object], value))
            return sorted(items, key=msgspec.json.encode)  # as JSON, since not all values of a type compare
        case list() | tuple():
            return [as_json(each) for each in cast(list[object], value)]
        case msgspec.Struct():
            whole: Json = msgspec.json.decode(msgspec.json.encode(value))
            fields = [field for field in msgspec.structs.fields(value) if field.encode_name in whole]
            return whole | {field.encode_name: as_json(getattr(value, field.name)) for field in fields}
        case _:
            return msgspec.json.decode(msgspec.json.encode(value))


def replaced(content: Any, texts: dict[str, str]) -> Any:  # Any: a JSON document
    """A copy of a document in which some texts are others."""
    match content:
        case dict():
            return {name: replaced(inner, texts) for name, inner in cast(Json, content).items()}
        case list():
            return [replaced(inner, texts) for inner in cast(list[object], content)]
        case str():
            return texts.get(content, content)
        case _:
            return content


def _has_name(shape: Shape) -> bool:
    return isinstance(shape, Record | Words | Model) or (
        isinstance(shape, Positions) and hasattr(shape.kind, "_fields")
    )


def _is_null(shape: Shape) -> bool:
    return shape == Scalar(NOTHING)


def _unique_names(shapes: list[Shape], taken: set[str]) -> Iterator[str]:
    """A name for each: the class's own, with its module's where another class is called the same."""
    short = [_named(shape.kind) for shape in shapes]
    for shape, name in zip(shapes, short, strict=True):
        is_clear = short.count(name) == 1 and name not in taken
        unique = first = name if is_clear else _named(shape.kind, in_full=True)
        number = 2
        while unique in taken:
            unique, number = f"{first}_{number}", number + 1
        taken.add(unique)
        yield unique


def _named(kind: Kind, *, in_full: bool = False) -> str:
    """The name of a class with those of its arguments: `Page_Score`, in full `Page_revenue.scoring.contract.Score`."""
    container = class_of(kind)
    name, arguments = getattr(container, "__name__", str(kind)), get_args(kind)
    if in_full and not arguments and container.__module__ != "builtins":
        name = f"{container.__module__}.{container.__qualname__}"
    return "_".join([_clean(name), *(_named(argument, in_full=in_full) for argument in arguments)])


def _clean(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name.replace(".<locals>", "")).strip("_")


def _titled(kind: Kind) -> Json:
    """A class's name, and what it says of itself."""
    container = class_of(kind)
    said = inspect.cleandoc(container.__dict__.get("__doc__") or "")
    is_own = said and not said.startswith(f"{container.__name__}(")  # what dataclasses say of themselves
    return {"title": spelled(kind)} | ({"description": said} if is_own else {})


def _constraints(meta: msgspec.Meta, kind: str) -> Json:
    found: Json = {word: value for name, word in _NUMBERS.items() if (value := getattr(meta, name)) is not None}
    for name in ("min", "max"):
        if kind in _SIZES and (size := getattr(meta, f"{name}_length")) is not None:
            found[f"{name}{_SIZES[kind]}"] = size
    for name in ("title", "description", "examples"):
        if (said := getattr(meta, name)) is not None:
            found[name] = said
    return found | (meta.extra_json_schema or {})
