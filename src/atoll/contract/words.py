"""Values as words: how scalars travel in a path or a query, where everything is text.

None is told by absence, a list by repetition. Every word reads as in JSON, without the quotes: `true`, `1.5`,
`2026-01-31`, `web`.
"""

import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, Union, get_args

import msgspec

from atoll.contract.faults import FAULTS_MAX, Fault, Invalid, fault_in, pointer_to
from atoll.contract.record import Kind, origin_of
from atoll.contract.search import is_number
from atoll.contract.shape import NOTHING, Items, OneOf, Scalar, Words, bare, shape_of

Reader = Callable[[str], object]
"""Turns a word into a value.

Raises:
    ValueError: the word does not fit.
"""


class WordCodec:
    """Turns the values of one path or query argument into words and back; every failure is `Invalid`."""

    def __init__(self, name: str, place: str, kind: Kind) -> None:
        self.name = name
        self.place = place
        shape = shape_of(kind)
        self.is_list = isinstance(shape, Items)
        self.is_optional = allows_none(kind)
        self._is_set = isinstance(shape, Items) and shape.is_set
        self._kind = kind
        item = without_none(shape.item if isinstance(shape, Items) else kind)
        item_shape = shape_of(item)
        self._read = _reader(item)
        self._known = item_shape.known if isinstance(item_shape, Words) else None
        self._is_text = item is str and not self.is_list

    def encode(self, value: object) -> tuple[str, ...]:
        """The words that say this value: none for None, one for a scalar, one for each element of a list."""
        if self._is_text and type(value) is str:
            return (self._checked(value, ()),)
        try:
            msgspec.convert(value, self._kind)
            plain = msgspec.to_builtins(value)
            elements = plain if self.is_list else () if plain is None else (plain,)
            words = tuple(_word(element) for element in elements)
            for word in words:
                self._read(word)  # what could not be read on arrival is not sent: NaN
            if self._is_set:
                words = tuple(sorted(words))  # in a set, the order is another in every process
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise self._invalid(error) from None
        return tuple(self._checked(word, (index,) if self.is_list else ()) for index, word in enumerate(words))

    def decode(self, words: tuple[str, ...], *, strict: bool = False) -> object:
        """The value that the words say."""
        if not self.is_list:
            if len(words) == 1:
                return self._one(words[0], strict)
            if not words and self.is_optional:
                return None
            raise self._invalid(ValueError("is required" if not words else f"is given {len(words)} times"))
        values: list[object] = []
        faults: list[Fault] = []
        for index, word in enumerate(words):
            try:
                values.append(self._one(word, strict, index))
            except Invalid as invalid:
                faults += invalid.faults
        if faults:
            raise Invalid(tuple(faults[:FAULTS_MAX]))
        try:
            return msgspec.convert(values, self._kind)
        except (ValueError, OverflowError) as error:
            raise self._invalid(error) from None

    def _one(self, word: str, strict: bool, *steps: int) -> object:
        try:
            if strict and self._known is not None and word not in self._known:
                raise ValueError(f"`{word}` is not one of {', '.join(sorted(self._known))}")
            return self._read(word)
        except (ValueError, OverflowError) as error:
            raise self._invalid(error, *steps) from None

    def _checked(self, word: str, steps: tuple[int, ...]) -> str:
        if not word.isascii():
            try:
                word.encode()
            except UnicodeEncodeError as error:
                raise self._invalid(ValueError(f"cannot travel as UTF-8: {error.reason}"), *steps) from None
        if self.place == "path" and word in ("", ".", ".."):
            raise self._invalid(ValueError(f"`{word}` cannot stand in a path"), *steps)
        return word

    def _invalid(self, error: Exception, *steps: int) -> Invalid:
        pointer = functools.reduce(pointer_to, steps, pointer_to("", self.name))
        return Invalid((Fault(pointer=pointer, detail=fault_in(error).detail, place=self.place),))


def _reader(kind: Kind) -> Reader:
    plain = bare(kind)
    if origin_of(plain) is Literal:
        options = {_word(option): option for option in get_args(plain) if option is not None}
        return functools.partial(_read_option, options)
    if plain in (bool, int, float):
        return functools.partial(_read_json, msgspec.json.Decoder(kind).decode, plain is bool)
    if plain is Decimal:
        return functools.partial(_read_decimal, kind)
    return str if kind is str else functools.partial(msgspec.convert, type=kind)


def _read_option(options: dict[str, object], word: str) -> object:
    if word not in options:
        raise ValueError(f"is not one of {', '.join(options)}")
    return options[word]


def _read_json(decode: Callable[[str], object], is_bool: bool, word: str) -> object:
    try:
        return decode(word)
    except msgspec.ValidationError:
        raise
    except ValueError:
        raise ValueError("is neither `true` nor `false`" if is_bool else "is not a number") from None


def _read_decimal(kind: Kind, word: str) -> object:
    if not is_number(word):
        raise ValueError("is not a number")
    return msgspec.convert(word, kind)


def _word(element: Any) -> str:  # Any: what msgspec.to_builtins gives for a scalar
    if isinstance(element, bool):
        return "true" if element else "false"
    return element if isinstance(element, str) else repr(element)


def fits_in_words(kind: Kind) -> bool:
    """Whether an argument of this kind can stand in a query: a scalar, a choice, or a list of those."""
    shape = shape_of(kind)
    if isinstance(shape, Items):
        return not allows_none(shape.item) and _is_word(shape.item)
    return _is_word(kind)


def is_word_list(kind: Kind) -> bool:
    """Whether an argument of this kind is a list of words, optional or not."""
    present = without_none(kind)
    return isinstance(shape_of(present), Items) and fits_in_words(present)


def _is_word(kind: Kind) -> bool:
    shape = shape_of(without_none(kind))
    return isinstance(shape, Scalar | Words) and shape.kind is not NOTHING


def allows_none(kind: Kind) -> bool:
    """Whether None is a value of this kind."""
    shape = shape_of(kind)
    if isinstance(shape, OneOf):
        return any(allows_none(option) for option in shape.options)
    return shape == Scalar(NOTHING) or (origin_of(shape.kind) is Literal and None in get_args(shape.kind))


@functools.cache
def without_none(kind: Kind) -> Kind:
    """The kind that is left when `| None` is taken away."""
    shape = shape_of(kind)
    if not isinstance(shape, OneOf) or not allows_none(kind):
        return kind
    return Union[tuple(option for option in shape.options if shape_of(option) != Scalar(NOTHING))]  # noqa: UP007  # built at run time
