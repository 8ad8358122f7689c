"""Plain values made into rules, with everything that is wrong with them at once, each on its line."""

from collections.abc import Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from atoll import Mistake, Mistakes

from .documents import Document, Place, Plain, is_a

T = TypeVar("T")

MISTAKES_APART = "; also "
"""Between the mistakes of rules whose parts are right, in what they say when they are made."""
SEPARATOR = "|"
"""Between the words of a list in a cell."""

Kind = Any  # Any: a type as annotations write it: a class, `tuple[str, ...]`, `int | None`


def made(document: Document, kind: Kind) -> Plain:
    """What a file says as a value of this kind.

    Raises:
        Mistakes: all that is wrong with it: unknown and missing names, wrong values, rules that contradict each other.
    """
    if document.cells:
        document = Document(document.path, _parted(document.value, kind), document.lines, cells=True)
    mistakes = list(_mistakes(document, document.value, kind, ()))
    if mistakes:
        raise Mistakes(mistakes)
    return msgspec.convert(document.value, kind, strict=not document.cells)


def made_fields(document: Document, struct: type[msgspec.Struct]) -> dict[str, Plain]:
    """What a file says of some fields of a struct: each is right by itself, and nobody has looked at all together.

    Raises:
        Mistakes: all that is wrong with the fields.
    """
    is_table = is_a(document.value, dict)
    mistakes = list((_of_fields if is_table else _mistakes)(document, document.value, struct, ()))
    if mistakes:
        raise Mistakes(mistakes)
    kinds = fields_of(struct)
    return {name: msgspec.convert(value, kinds[name]) for name, value in document.value.items()}


def fields_of(struct: type[msgspec.Struct]) -> dict[str, Kind]:
    """The fields of a struct, by the names that files give them."""
    hints = get_type_hints(struct, include_extras=True)
    names = zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True)
    return {encoded: hints[name] for encoded, name in names}


def item_of(kind: Kind, *containers: type) -> Kind | None:
    """What a list or a mapping of this kind holds; None where that is not one kind of thing."""
    for each in _alternatives(kind):
        arguments = get_args(each)
        origin = _origin(each)
        if origin in containers and (origin is not tuple or arguments[-1] is Ellipsis):
            return arguments[1] if origin is dict else arguments[0]
    return None


def told_by(error: msgspec.ValidationError) -> list[str]:
    """What is wrong with a value, each thing by itself."""
    return str(error).partition(" - at `$")[0].split(MISTAKES_APART)


def _mistakes(document: Document, value: Plain, kind: Kind, place: Place) -> Iterator[Mistake]:
    """What is wrong with a value: with its parts, or where those are right, with the whole."""
    kind = _bare(kind)
    found = list(_of_parts(document, value, kind, place))
    yield from found
    if found:
        return
    try:
        msgspec.convert(value, kind, strict=not document.cells)
    except msgspec.ValidationError as error:
        named = f"`{place[-1]}`: " if place and isinstance(place[-1], str) else ""
        for what in told_by(error):
            yield Mistake(document.source(place), named + what[:1].lower() + what[1:], _fix(kind))


def _of_parts(document: Document, value: Plain, kind: Kind, place: Place) -> Iterator[Mistake]:
    if is_a(value, dict):
        if struct := _struct(value, kind):
            yield from _of_fields(document, value, struct, place)
        elif item := item_of(kind, dict):
            for key, each in value.items():
                yield from _mistakes(document, each, item, (*place, key))
    elif is_a(value, list) and (item := item_of(kind, tuple, list, frozenset)):
        for index, each in enumerate(value):
            yield from _mistakes(document, each, item, (*place, index))


def _of_fields(
    document: Document, value: dict[str, Plain], struct: type[msgspec.Struct], place: Place
) -> Iterator[Mistake]:
    fields = fields_of(struct)
    tag_field = struct.__struct_config__.tag_field
    known = [*fields, *([tag_field] if tag_field else [])]
    for name in value:
        if name not in known:
            near = get_close_matches(name, known, 1)
            fix = f"did you mean `{near[0]}`?" if near else f"choose one of {', '.join(f'`{each}`' for each in known)}"
            yield Mistake(document.source((*place, name)), f"there is no `{name}` here", fix)
    required = {field.encode_name for field in msgspec.structs.fields(struct) if field.required}
    for name, kind in fields.items():
        if name in value:
            yield from _mistakes(document, value[name], kind, (*place, name))
        elif name in required:
            yield Mistake(document.source(place), f"`{name}` is missing", f"add `{name}: ...`")


def _alternatives(kind: Kind) -> tuple[Kind, ...]:
    kind = _bare(kind)
    return tuple(map(_bare, get_args(kind))) if _origin(kind) in (Union, UnionType) else (kind,)


def _origin(kind: Kind) -> Kind:
    return get_origin(kind)


def _struct(value: dict[str, Plain], kind: Kind) -> type[msgspec.Struct] | None:
    """The struct that a mapping is meant to be: the only one, or the one with its tag."""
    structs = [each for each in _alternatives(kind) if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    if len(structs) == 1:
        return structs[0]
    for each in structs:
        config = each.__struct_config__
        if config.tag_field and value.get(config.tag_field) == config.tag:
            return each
    return None


def _bare(kind: Kind) -> Kind:
    return get_args(kind)[0] if _origin(kind) is Annotated else kind


def _parted(rows: Plain, kind: Kind) -> Plain:
    """Rows of cells, with those that hold lists parted at their bars."""
    struct = item_of(kind, tuple, list)
    if not (isinstance(struct, type) and issubclass(struct, msgspec.Struct)):
        return rows
    lists = {name for name, each in fields_of(struct).items() if item_of(each, tuple, list, frozenset)}
    return [
        {
            name: [word.strip() for word in cell.split(SEPARATOR)] if name in lists else cell
            for name, cell in row.items()
        }
        for row in rows
    ]


def _fix(kind: Kind) -> str:
    choices = [each for each in _alternatives(kind) if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    if len(choices) > 1:
        tags = [f"`{each.__struct_config__.tag}`" for each in choices]
        return f"say which it is: `{choices[0].__struct_config__.tag_field}:` with one of {', '.join(tags)}"
    return "write it as the schema of this file says: `revenue rules schema` shows it"
