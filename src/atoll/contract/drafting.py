"""Operations made of types rather than of a method that somebody wrote."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from atoll.contract.arguments import Argument, Place
from atoll.contract.described import as_list
from atoll.contract.operation import Operation, ResultForm
from atoll.contract.problem import Problem
from atoll.contract.record import Kind
from atoll.contract.schema import Json
from atoll.contract.uniting import optional
from atoll.contract.verbs import Deprecation, Verb, declared_of
from atoll.contract.words import WordCodec, fits_in_words, is_word_list, without_none

_EMPTY = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Draft:
    """An operation whose types may not be complete yet."""

    name: str
    method: str
    path: str
    arguments: "list[Sketch]"
    form: ResultForm
    result: Kind
    raises: tuple[type[Problem], ...]
    described: Json
    is_open: bool

    def operation(self, contract_id: str, major: int, *, public: bool) -> Operation:
        """The operation.

        Raises:
            TypeError: a codec cannot have one of its types.
        """
        arguments = sorted((sketch.argument() for sketch in self.arguments), key=lambda each: not each.required)
        for kind in (*(argument.kind for argument in arguments), self.result):
            msgspec.json.Decoder(kind)
        function = self._function(arguments)
        mark = Verb(self.method)(
            self.path,
            public=public,
            raises=self.raises,
            deprecated=_deprecation(self.described),
            callers=_callers(self.described),
            anyone=public and self.described.get("x-anyone") is True,
        )
        declared = declared_of(mark(function))
        assert declared is not None
        return Operation(
            contract_id,
            major,
            self.name,
            declared,
            tuple(arguments),
            self.form,
            self.result,
            function,
            is_open=self.is_open,
            takes_raw=self.described.get("x-raw") is True,
        )

    def _function(self, arguments: list[Argument]) -> Callable[..., Any]:  # Any: what the signature says
        is_stream = self.form is ResultForm.STREAM
        function: Any = _stream() if is_stream else _answer()  # Any: a function, whose attributes are set
        function.__name__ = function.__qualname__ = self.name
        summary, rest = (str(self.described.get(word) or "").strip() for word in ("summary", "description"))
        function.__doc__ = "\n\n".join(part for part in (summary, rest) if part)
        parameters = [
            inspect.Parameter(each.name, _BY_NAME, default=each.default, annotation=each.kind) for each in arguments
        ]
        function.__signature__ = inspect.Signature([inspect.Parameter("self", _BY_NAME), *parameters])
        made: Callable[..., Any] = function  # Any: as above
        return made


_BY_NAME = inspect.Parameter.POSITIONAL_OR_KEYWORD


def _answer() -> Callable[..., Any]:  # Any: see _function
    async def answer(*args: object, **kwargs: object) -> None: ...

    return answer


def _stream() -> Callable[..., Any]:  # Any: see _function
    def stream(*args: object, **kwargs: object) -> None: ...

    return stream


@dataclass(frozen=True, slots=True)
class Sketch:
    """An argument whose type may not be complete yet."""

    name: str
    wire: str
    place: Place
    kind: Kind
    required: bool
    default: Any  # Any: parsed JSON; _EMPTY where there is none
    is_repeated: bool = True

    def argument(self) -> Argument:
        """The argument. What no words can say travels as text."""
        if self.place is Place.BODY:
            return Argument(self.name, self.place, self.kind, self.required, self.default, None)
        kind, default = self._in_words()
        words = WordCodec(self.wire or self.name, self.place, kind)
        return Argument(self.name, self.place, kind, self.required, default, words, self.wire)

    def _in_words(self) -> tuple[Kind, object]:
        kind = without_none(self.kind)
        is_list = is_word_list(kind)
        if not fits_in_words(kind) or (is_list and (self.place is Place.PATH or not self.is_repeated)):
            kind, is_list = str, False
        if self.required:
            return kind, _EMPTY
        if self.default is not _EMPTY and self.default is not None:
            try:
                return kind, msgspec.convert(self.default, kind)
            except (TypeError, ValueError, OverflowError):
                pass  # a default that does not fit says nothing: what is left out is left out
        return (kind, msgspec.convert((), kind)) if is_list else (optional(kind), None)


def argument_in_words(
    name: str, wire: str, place: str, kind: Kind, schema: Json, *, required: bool, is_repeated: bool
) -> Sketch:
    """An argument in a path or a query."""
    wire = "" if wire == name else wire
    return Sketch(name, wire, Place(place), kind, required, schema.get("default", _EMPTY), is_repeated)


def body_argument(name: str, kind: Kind, *, required: bool) -> Sketch:
    """The body."""
    return Sketch(name, "", Place.BODY, kind if required else optional(kind), required, _EMPTY if required else None)


def _deprecation(described: Json) -> Deprecation | None:
    """Since when an operation is deprecated; None also where only that it is so is known."""
    said = described.get("x-deprecation")
    if not isinstance(said, dict):
        return None
    try:
        return msgspec.convert(said, Deprecation)
    except ValueError:
        return None


def _callers(described: Json) -> tuple[str, ...] | None:
    """The services that may call it, where the document was exported by Atoll and says so."""
    return tuple(map(str, as_list(described["x-callers"]))) if "x-callers" in described else None
