"""The options of an operation, made from its description: one for each argument, and for each field of its body."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from atoll.cli.document import Document, Json, RemoteOperation

SHAPES = {
    "date": "DATE",
    "date-time": "DATETIME",
    "time": "TIME",
    "duration": "DURATION",
    "uuid": "UUID",
    "decimal": "DECIMAL",
}


def parsed_json(text: str) -> Any:  # Any: parsed JSON
    """What JSON text says: a record, a list of records.

    Raises:
        BadParameter: it is not JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not JSON: {error}.") from None


def parsed_body(text: str) -> Any:  # Any: parsed JSON
    """A whole body: JSON, `@FILE` or `-` for standard input.

    Raises:
        BadParameter: the file cannot be read, or it is not JSON.
    """
    if text == "-":
        return parsed_json(sys.stdin.read())
    if not text.startswith("@"):
        return parsed_json(text)
    try:
        return parsed_json(Path(text[1:]).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{text[1:]} cannot be read: {error}.") from None


@dataclass(frozen=True, slots=True)
class Field:
    """An argument of an operation as an option: where its value goes, and under which name."""

    name: str
    place: str
    required: bool
    option: click.Option

    @property
    def key(self) -> str:
        """Its name among the values that click hands over."""
        assert self.option.name is not None
        return self.option.name


def fields_of(operation: RemoteOperation, document: Document) -> list[Field]:
    """An option for each argument, path first, then query, then the fields of the body."""
    wanted = [(each.name, each.place, each.required, each.schema) for each in operation.parameters]
    wanted.sort(key=lambda each: each[1] != "path")
    required = document.required_fields(operation)
    wanted += [(name, "body", name in required, schema) for name, schema in document.fields(operation).items()]
    taken = {"--help"}
    fields: list[Field] = []
    for number, (name, place, is_required, schema) in enumerate(wanted):
        flag = _flag(name, place, taken)
        taken.add(flag)
        option = _option(
            flag,
            f"field_{number}",
            document.resolved(schema),
            schema.get("description", ""),
            document,
            must=is_required,
        )
        fields.append(Field(name, place, is_required, option))
    return fields


def free_name(wanted: str, fields: list[Field]) -> str | None:
    """The name of an option of the program's own, unless the operation has one of this name."""
    return wanted if all(wanted not in field.option.opts for field in fields) else None


def _flag(name: str, place: str, taken: set[str]) -> str:
    flag = "--" + name.replace("_", "-").strip("-")
    return flag if flag not in taken else f"--{place}-{flag[2:]}"


def _option(flag: str, key: str, schema: Json, description: str, document: Document, *, must: bool) -> click.Option:
    text = " ".join(
        part for part in (description or schema.get("description", "").partition("\n")[0], _notes(schema, must)) if part
    )
    if schema.get("type") == "boolean":
        return click.Option([f"{flag}/--no-{flag[2:]}", key], default=None, help=text)
    items = document.resolved(schema.get("items", {})) if schema.get("type") == "array" else {}
    if items and (kind := _scalar(items)) is not None:
        return click.Option(
            [flag, key], type=kind, multiple=True, help=f"{text} May be repeated.".strip(), metavar=_metavar(items)
        )
    scalar = _scalar(schema)
    return click.Option(
        [flag, key], type=scalar or parsed_json, help=text, metavar=_metavar(schema) if scalar else "JSON"
    )


def _notes(schema: Json, must: bool) -> str:
    notes = ["required"] if must else []
    if schema.get("default") not in (None, [], {}):
        notes.append(
            f"default: {json.dumps(schema['default']) if not isinstance(schema['default'], str) else schema['default']}"
        )
    return f"[{'; '.join(notes)}]" if notes else ""


def _scalar(schema: Json) -> "click.ParamType[Any] | None":  # quoted: not generic in every click; Any: text or a number
    """The type of an option for a plain value; None for what only JSON can say."""
    if "enum" in schema:
        words = schema["enum"]
        return click.Choice([word for word in words if isinstance(word, str)]) if isinstance(words[0], str) else None
    return {"string": click.STRING, "integer": click.INT, "number": click.FLOAT}.get(schema.get("type", ""))


def _metavar(schema: Json) -> str | None:
    """What stands for the value in the help; None lets click say it."""
    if "enum" in schema:
        return None
    if schema.get("contentEncoding") == "base64":
        return "BASE64"
    return SHAPES.get(schema.get("format", ""))


def missing(
    fields: list[Field], values: Mapping[str, Any], *, whole_body: bool
) -> Iterator[Field]:  # Any: click's values
    """The required arguments that were not given."""
    for field in fields:
        given = values[field.key]
        if field.required and (given is None or given == ()) and not (whole_body and field.place == "body"):
            yield field
