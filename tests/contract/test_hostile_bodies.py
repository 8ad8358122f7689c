"""Bodies from anywhere: whatever comes is a value or `Invalid`, and nothing else."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import Value
from atoll.contract import Invalid, codec_of
from tests.contract.refusals import faults_if_any


class Lead(Value):
    """A value."""

    id: str
    points: int = 0
    tags: tuple[str, ...] = ()


class Tree(Value):
    """A type that names itself."""

    leaf: int = 0
    below: tuple["Tree", ...] = ()


DEEP = 200_000
"""Beyond what any interpreter's stack allows; how deep that is differs from version to version."""

BROKEN: list[tuple[str, bytes, str]] = [
    ("empty", b"", "not JSON"),
    ("blank", b" \n", "not JSON"),
    ("cut off", b'{"id":"7"', "not JSON"),
    ("text after it", b'{"id":"7"} x', "not JSON"),
    ("two", b'{"id":"7"}{"id":"8"}', "not JSON"),
    ("a comma too many", b'{"id":"7",}', "not JSON"),
    ("single quotes", b"{'id':'7'}", "not JSON"),
    ("a comment", b'{"id":"7"} // mine', "not JSON"),
    ("NaN", b'{"id":"7","points":NaN}', "not JSON"),
    ("Infinity", b"Infinity", "not JSON"),
    ("a byte order mark", b'\xef\xbb\xbf{"id":"7"}', "not JSON"),
    ("UTF-16", '{"id":"7"}'.encode("utf-16"), "not JSON"),
    ("no UTF-8", b'{"id":"\xff"}', "not JSON"),
    ("overlong UTF-8", b'{"id":"\xc0\xaf"}', "not JSON"),
    ("a surrogate in UTF-8", b'{"id":"\xed\xa0\x80"}', "not JSON"),
    ("half a surrogate pair", b'{"id":"\\ud800"}', "not JSON"),
    ("the other half", b'{"id":"\\udc00 "}', "not JSON"),
    ("a NUL", b'{"id":"a\x00"}', "not JSON"),
    ("a NUL after it", b'{"id":"7"}\x00', "not JSON"),
    ("a line break in text", b'{"id":"a\nb"}', "not JSON"),
    ("an unknown escape", b'{"id":"\\x41"}', "not JSON"),
    ("a leading zero", b'{"id":"7","points":01}', "not JSON"),
    ("a plus", b'{"id":"7","points":+1}', "not JSON"),
    ("hexadecimal", b'{"id":"7","points":0x1}', "not JSON"),
    ("a number beyond floats", b'{"id":"7","points":1e999}', "number out of range"),
    ("5,000 digits", b'{"id":"7","points":' + b"9" * 5_000 + b"}", "out of range"),
    ("5,000 digits, unknown", b'{"id":"7","later":' + b"9" * 5_000 + b"}", "out of range"),
    ("an exponent of 5,000 digits", b'{"id":"7","points":1e' + b"9" * 5_000 + b"}", "number out of range"),
    ("lists in lists", b"[" * DEEP + b"]" * DEEP, "expected `object`, got `array`"),
    ("lists without an end", b"[" * 200_000, "expected `object`, got `array`"),
    ("objects in objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested too deeply"),
    ("lists where nobody looks", b'{"id":"7","later":' + b"[" * DEEP + b"]" * DEEP + b"}", "nested too deeply"),
    ("lists in the wrong place", b'{"id":' + b"[" * DEEP + b"]" * DEEP + b"}", "expected `str`, got `array`"),
]


@pytest.mark.parametrize(("data", "said"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_body_is_refused_with_one_fault(data: bytes, said: str) -> None:
    """About the whole of it, since it has no places."""
    with pytest.raises(Invalid) as caught:
        codec_of(Lead).decode(data, strict=True)

    (fault,) = caught.value.faults
    assert said in fault.detail


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("levels", [100, 250])
def test_a_deep_value_of_a_type_that_names_itself_travels(levels: int, *, strict: bool) -> None:
    """Some hundred levels; the search for unknown fields goes as deep as the parser."""
    tree = Tree(leaf=levels)
    for _ in range(levels):
        tree = Tree(below=(tree,))
    codec = codec_of(Tree)

    assert codec.decode(codec.encode(tree), strict=strict) == tree


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("levels", [100, 250])
def test_a_fault_deep_in_an_input_is_found(levels: int, *, strict: bool) -> None:
    """Without recursion."""
    data = b'{"below":[' * levels + b'{"leaf":"x"}' + b"]}" * levels

    with pytest.raises(Invalid) as caught:
        codec_of(Tree).decode(data, strict=strict)

    assert [fault.pointer for fault in caught.value.faults] == ["/below/0" * levels + "/leaf"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("levels", [400, 460, 500, 900, 1_000, 5_000, DEEP])
def test_a_value_that_is_too_deep_is_refused(levels: int, *, strict: bool) -> None:
    """Wherever the parser's limit lies, below it is a value, and beyond it is `Invalid`."""
    data = b'{"below":[' * levels + b"]}" * levels

    details = [fault.detail for fault in faults_if_any(Tree, data, strict=strict)]

    assert details == ["is nested too deeply"] or (details == [] and levels < DEEP)


def test_a_value_that_is_too_deep_is_refused_by_its_sender() -> None:
    """It is told, not crashed with."""
    nested: list[object] = []
    for _ in range(DEEP):
        nested = [nested]

    with pytest.raises(Invalid, match="nested too deeply"):
        codec_of(list[int]).encode(nested)


def test_a_wide_body_is_measured_quickly() -> None:
    """The search for faults is linear in the body: half a megabyte of a hundred thousand faults."""
    data = b"[" + b"{}," * 100_000 + b"{}]"

    with pytest.raises(Invalid) as caught:
        codec_of(list[Lead]).decode(data, strict=True)

    assert len(caught.value.faults) == 100


@given(st.binary(max_size=64))
def test_no_bytes_escape(data: bytes) -> None:
    """A value, or `Invalid`."""
    for strict in (False, True):
        faults_if_any(Lead, data, strict=strict)


@given(data=st.data())
def test_no_spoiled_body_escapes(data: st.DataObject) -> None:
    """A good body with some of its bytes replaced."""
    good = bytearray(msgspec.json.encode(Lead(id="é\U0001f600", points=7, tags=("a", "b"))))
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))

    for strict in (False, True):
        faults_if_any(Lead, bytes(good), strict=strict)


def test_the_control_is_a_good_body() -> None:
    """Without which the rest would prove nothing."""
    good: dict[str, Any] = {"id": "7", "points": 3, "tags": ["a"]}  # Any: JSON

    assert codec_of(Lead).decode(msgspec.json.encode(good), strict=True) == Lead(id="7", points=3, tags=("a",))
