"""Values as words: how scalars travel in a path or a query, where everything is text.

None is told by absence, a list by repetition, `bool` is `true` or `false`, everything else reads as in JSON without
the quotes.
"""

import functools
import types
from typing import Any, Union, get_args, get_origin

import msgspec

from atoll.contract.codec import Invalid
from atoll.contract.faults import Fault, detail_of
from atoll.contract.shape import Items, Kind, Scalar, Union_, Words, shape_of


class WordCodec:
    """Turns the values of one path or query argument into words and back; every failure is `Invalid`."""

    def __init__(self, name: str, place: str, kind: Kind) -> None:
        self.name = name
        self.place = place
        shape = shape_of(kind)
        self.is_list = isinstance(shape, Items)
        self.is_optional = _allows_none(kind)
        self._kind = kind
        self._item = without_none(shape.item if isinstance(shape, Items) else kind)
        self._is_text = kind is str

    def encode(self, value: object) -> tuple[str, ...]:
        """The words that say this value: none for None, one for a scalar, one for each element of a list."""
        if self._is_text and type(value) is str:
            return (self._checked(value),)
        try:
            plain = msgspec.to_builtins(value)
            msgspec.convert(plain, self._kind)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise self._invalid(detail_of(str(error))) from None
        if plain is None:
            return ()
        elements = plain if self.is_list else (plain,)
        return tuple(self._checked(_word(element)) for element in elements)

    def decode(self, words: tuple[str, ...], *, strict: bool = False) -> object:
        """The value that the words say."""
        if self.is_list:
            return self._convert([self._one(word, strict) for word in words], self._kind)
        if not words and self.is_optional:
            return None
        if len(words) != 1:
            raise self._invalid("is required" if not words else f"is given {len(words)} times")
        return self._one(words[0], strict)

    def _one(self, word: str, strict: bool) -> object:
        if self._is_text:
            return word
        shape = shape_of(self._item)
        if strict and isinstance(shape, Words) and word not in shape.known:
            raise self._invalid(f"`{word}` is not one of {', '.join(sorted(shape.known))}")
        return self._convert(word, self._item, strict=False)

    def _convert(self, raw: object, kind: Kind, *, strict: bool = True) -> object:
        try:
            return msgspec.convert(raw, kind, strict=strict)
        except (ValueError, OverflowError) as error:
            raise self._invalid(detail_of(str(error))) from None

    def _checked(self, word: str) -> str:
        if not word.isascii():
            try:
                word.encode()
            except UnicodeEncodeError as error:
                raise self._invalid(f"cannot travel as UTF-8: {error.reason}") from None
        if self.place == "path" and word in ("", ".", ".."):
            raise self._invalid(f"`{word}` cannot stand in a path")
        return word

    def _invalid(self, detail: str) -> Invalid:
        return Invalid((Fault(pointer=f"/{self.name}", detail=detail, place=self.place),))


def fits_in_words(kind: Kind) -> bool:
    """Whether an argument of this kind can stand in a query: a scalar, a choice, or a list of those."""
    shape = shape_of(kind)
    if isinstance(shape, Items):
        return not _allows_none(shape.item) and _is_word(shape.item)
    return _is_word(kind)


def is_word_list(kind: Kind) -> bool:
    """Whether an argument of this kind is a list of words, optional or not."""
    return isinstance(shape_of(without_none(kind)), Items)


def _is_word(kind: Kind) -> bool:
    shape = shape_of(kind)
    if isinstance(shape, Union_):
        present = [option for option in shape.options if option is not type(None)]
        return len(present) == 1 and _is_word(present[0])
    return isinstance(shape, Scalar | Words) and kind is not type(None)


def _allows_none(kind: Kind) -> bool:
    shape = shape_of(kind)
    return isinstance(shape, Union_) and type(None) in shape.options


@functools.cache
def without_none(kind: Kind) -> Kind:
    """The kind that is left when `| None` is taken away."""
    if get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind):
        return Union[tuple(option for option in get_args(kind) if option is not type(None))]  # noqa: UP007  # built at run time
    return kind


def _word(element: Any) -> str:  # Any: what msgspec.to_builtins gives for a scalar
    if isinstance(element, bool):
        return "true" if element else "false"
    return element if isinstance(element, str) else repr(element)
