"""The public edge: what the contract does not know is refused, anywhere in the input."""

import dataclasses
from typing import Any, NamedTuple, TypedDict

import pytest

from atoll import Choice, Page, Value
from atoll.contract import Invalid, codec_of


class Source(Choice):
    """A choice."""

    WEB = "web"
    UNKNOWN = "unknown"


class Reason(Value):
    """A record."""

    why: str = ""
    source: Source = Source.WEB


class Mail(Value, tag="mail"):
    """One of a union."""

    reason: Reason | None = None


class Call(Value, tag="call"):
    """The other."""

    source: Source | int = 0


@dataclasses.dataclass
class Point:
    """A dataclass."""

    reason: Reason = dataclasses.field(default_factory=Reason)


class Sizes(TypedDict, total=False):
    """A dictionary of known names."""

    reason: Reason


class Pair(NamedTuple):
    """A named tuple."""

    left: Source
    right: Reason


class Tree(Value):
    """A type that names itself."""

    below: tuple["Tree", ...] = ()


UNKNOWN_FIELDS: list[tuple[Any, bytes, str]] = [  # Any: types
    (Reason, b'{"x":1}', "/x"),
    (Reason, b'{"a/b~":1}', "/a~1b~0"),
    (list[Reason], b'[{},{"x":null}]', "/1/x"),
    (tuple[int, Reason], b'[1,{"x":1}]', "/1/x"),
    (dict[str, Reason], b'{"a":{"x":1}}', "/a/x"),
    (Reason | None, b'{"x":1}', "/x"),
    (list[Reason | None], b'[null,{"x":1}]', "/1/x"),
    (Mail | Call, b'{"type":"mail","reason":{"x":1}}', "/reason/x"),
    (Mail | Call, b'{"type":"call","reason":{}}', "/reason"),
    (Mail, b'{"type":"mail","kind":"x"}', "/kind"),
    (Point, b'{"reason":{"x":1}}', "/reason/x"),
    (Point, b'{"x":1}', "/x"),
    (Sizes, b'{"reason":{"x":1}}', "/reason/x"),
    (Sizes, b'{"x":1}', "/x"),
    (Pair, b'["web",{"x":1}]', "/1/x"),
    (Tree, b'{"below":[{"below":[{"x":1}]}]}', "/below/0/below/0/x"),
    (Page[Reason], b'{"items":[{"x":1}]}', "/items/0/x"),
]

UNKNOWN_WORDS: list[tuple[Any, bytes, str]] = [  # Any: types
    (Source, b'"fax"', ""),
    (Source | None, b'"fax"', ""),
    (list[Source], b'["web","fax"]', "/1"),
    (set[Source], b'["web","fax"]', "/1"),
    (dict[str, Source], b'{"a":"fax"}', "/a"),
    (Reason, b'{"source":"fax"}', "/source"),
    (Call, b'{"source":"fax"}', "/source"),
    (Mail | Call, b'{"type":"call","source":"fax"}', "/source"),
    (Pair, b'["fax",{}]', "/0"),
    (Point, b'{"reason":{"source":"fax"}}', "/reason/source"),
]


@pytest.mark.parametrize(("kind", "data", "pointer"), UNKNOWN_FIELDS)
def test_an_unknown_field_is_refused_anywhere(kind: Any, data: bytes, pointer: str) -> None:  # Any: a type
    """A typing error of a client would be lost otherwise; services pass it over."""
    codec = codec_of(kind)
    codec.decode(data)

    with pytest.raises(Invalid) as caught:
        codec.decode(data, strict=True)

    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [(pointer, "is not a field here")]


@pytest.mark.parametrize(("kind", "data", "pointer"), UNKNOWN_WORDS)
def test_an_unknown_word_is_refused_anywhere(kind: Any, data: bytes, pointer: str) -> None:  # Any: a type
    """It would be kept as `unknown` otherwise; services read it as that."""
    codec = codec_of(kind)
    codec.decode(data)

    with pytest.raises(Invalid) as caught:
        codec.decode(data, strict=True)

    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [
        (pointer, "`fax` is not one of unknown, web")
    ]


def test_what_is_unknown_is_told_together_with_what_is_wrong() -> None:
    """All at once."""
    with pytest.raises(Invalid) as caught:
        codec_of(list[Reason]).decode(b'[{"why":1,"x":1,"source":"fax"},{"y":1}]', strict=True)

    assert {fault.pointer for fault in caught.value.faults} == {"/0/why", "/0/x", "/0/source", "/1/y"}


def test_the_tag_of_a_record_is_known() -> None:
    """Although it is no field."""
    assert codec_of(Mail).decode(b'{"type":"mail"}', strict=True) == Mail()
    assert codec_of(Mail | Call).decode(b'{"type":"mail"}', strict=True) == Mail()


def test_names_in_a_dictionary_are_anybodys() -> None:
    """They are data."""
    assert codec_of(dict[str, int]).decode(b'{"anything":1}', strict=True) == {"anything": 1}
