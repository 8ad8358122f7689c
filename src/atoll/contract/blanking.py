"""JSON without what is personal in it: masked for people who look at it, blanked for good when its subject is erased.

What the type does not know is treated as personal, since nobody here can say that it is not.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

import msgspec

from atoll.contract.codec import codec_of
from atoll.contract.faults import Invalid
from atoll.contract.personal import MASK, is_personal
from atoll.contract.record import Kind
from atoll.contract.shape import (
    Field,
    Items,
    OneOf,
    Positions,
    Record,
    Scalar,
    Shape,
    Table,
    Untyped,
    Words,
    shape_of,
)

Content = Any  # parsed JSON

_GONE = object()
"""In the place of a field: it is left out."""


def masked(kind: Kind | None, data: bytes) -> Content:
    """Parsed JSON of this type with `***` for all that is personal; all of it where its type is not known.

    >>> from atoll import Personal, Value
    >>> class Lead(Value):
    ...     id: str
    ...     email: Personal[str]
    >>> masked(Lead, b'{"id": "7", "email": "ada@example.com", "new": 1}')
    {'id': '7', 'email': '***', 'new': '***'}
    """
    try:
        content = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return str(MASK)
    return str(MASK) if kind is None else _Walk(_mask, str(MASK)).of(kind, content)


def blanked(kind: Kind, data: bytes) -> bytes | None:
    """JSON of this type without what is personal, that still fits the type; None where nothing is left that fits.

    A personal field becomes null, where the type lets it be, or else "" or empty; where neither fits, it is left out if
    it need not be there. A number or a moment has no blank, since zero would be a claim. A field that the type does not
    know is left out, as from before it was added.

    >>> from atoll import Personal, Value
    >>> class Lead(Value):
    ...     id: str
    ...     email: Personal[str]
    ...     phone: Personal[str] | None = None
    >>> blanked(Lead, b'{"id": "7", "email": "ada@example.com", "phone": "555", "new": 1}')
    b'{"id":"7","email":"","phone":null}'
    """
    try:
        found = msgspec.json.encode(_Walk(_blank, _GONE).of(kind, msgspec.json.decode(data)))
    except (_NoBlank, ValueError, RecursionError):
        return None
    return found if _fits(kind, found) else None


class _NoBlank(Exception):
    """A type has no value that says nothing."""


class _Walk:
    """A walk through parsed JSON beside its type.

    `put` says what stands in the place of what is personal; it is given its field, or None where it is what does not
    fit the type. `unknown` stands in the place of a field that the type does not know.
    """

    def __init__(self, put: Callable[[Field | None, Content], Content], unknown: Content) -> None:
        self._put = put
        self._unknown = unknown

    def of(self, kind: Kind, content: Content) -> Content:
        """The content, with the other one in the places of what is personal."""
        shape = shape_of(kind)
        match shape:
            case Record() if _is_object(content):
                return self._record(shape, content)
            case Table() if _is_object(content):
                return {name: self.of(shape.value, inner) for name, inner in content.items()}
            case Items() if _is_array(content):
                return [self.of(shape.item, inner) for inner in content]
            case Positions() if _is_array(content):
                return [self.of(each, inner) for each, inner in zip(shape.items, content, strict=False)]
            case OneOf():
                option = next((each for each in shape.options if _may_be(each, content)), None)
                return self._put(None, content) if option is None else self.of(option, content)
            case Scalar() | Words() if _is_plain(content):
                return content
            case Untyped():
                return content
            case _:
                return self._put(None, content)

    def _record(self, record: Record, content: dict[str, Content]) -> Content:
        made: dict[str, Content] = {}
        for name, inner in content.items():
            field = record.fields.get(name)
            if field is None:
                made[name] = inner if record.tag is not None and name == record.tag[0] else self._unknown
            else:
                made[name] = self._put(field, inner) if is_personal(field.kind) else self.of(field.kind, inner)
        return {name: inner for name, inner in made.items() if inner is not _GONE}


def _may_be(kind: Kind, content: Content) -> bool:
    """Whether a type of several is the one that this is an example of."""
    shape = shape_of(kind)
    match shape:
        case Record():
            return _is_object(content) and (shape.tag is None or content.get(shape.tag[0]) == shape.tag[1])
        case Table():
            return _is_object(content)
        case Items() | Positions():
            return _is_array(content)
        case Scalar() | Words():
            return _is_plain(content)
        case _:
            return isinstance(shape, Untyped)


def _is_object(content: Content) -> TypeGuard[dict[str, Content]]:
    return isinstance(content, dict)


def _is_array(content: Content) -> TypeGuard[list[Content]]:
    return isinstance(content, list)


def _is_plain(content: Content) -> bool:
    return not isinstance(content, dict | list)


def _mask(_: Field | None, content: Content) -> Content:
    return None if content is None else str(MASK)


def _blank(field: Field | None, _: Content) -> Content:
    """What says nothing in this place.

    Raises:
        _NoBlank: the type of the field lets nothing do that, or there is no field.
    """
    if field is None:
        raise _NoBlank
    try:
        return _blank_of(field.kind)
    except _NoBlank:
        if field.required:
            raise
        return _GONE


def _blank_of(kind: Kind) -> Content:
    for candidate in _candidates(shape_of(kind)):
        if _fits(kind, msgspec.json.encode(candidate)):
            return candidate
    raise _NoBlank


def _candidates(shape: Shape) -> Iterator[Content]:
    """What might say nothing, the best first; whether it fits is another question."""
    match shape:
        case OneOf():
            yield None
            for option in shape.options:
                yield from _candidates(shape_of(option))
        case Scalar() | Untyped():
            yield from (None, "")
        case Words():
            yield "unknown"
        case Items():
            yield []
        case Table():
            yield {}
        case Positions() | Record():
            yield from _parts(shape)
        case _:
            return


def _parts(shape: Positions | Record) -> Iterator[Content]:
    """What is made of parts, each of which says nothing; nothing where one cannot."""
    try:
        if isinstance(shape, Positions):
            yield [_blank_of(item) for item in shape.items]
        else:
            needed = {field.name: _blank_of(field.kind) for field in shape.fields.values() if field.required}
            yield needed if shape.tag is None else {shape.tag[0]: shape.tag[1]} | needed
    except _NoBlank:
        return


def _fits(kind: Kind, data: bytes) -> bool:
    try:
        codec_of(kind).decode(data)
    except Invalid:
        return False
    return True
