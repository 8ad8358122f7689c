"""Settings: one typed value a service, read at start from what the outside says, all mistakes at once.

Lists and nested values are JSON in the environment. A name that nobody asked for is a mistake: it is a typing error
more often than not. No mistake repeats a value that was given, since it may be a secret.
"""

import difflib
import enum
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar, cast, get_args, get_origin

import msgspec

from atoll.kernel.config import Config, Given, as_table, is_service_link, variable_prefix
from atoll.kernel.errors import Mistake, Source
from atoll.kernel.spelling import spelled

S = TypeVar("S", bound=msgspec.Struct)


def read_settings(
    wanted: Mapping[str, type[S]], application: str, config: Config, others: Collection[str] = ()
) -> tuple[dict[str, S], list[Mistake]]:
    """One settings value for each section (a service's name), and everything that is wrong with what was given.

    `others` are the application's other services, whose settings are read elsewhere: what is given for them is let be.
    """
    tables, mistakes = config.tables()
    known = {*wanted, *others}
    for section in tables:
        if section not in known:
            fix = _did_you_mean(section, wanted)
            mistakes.append(Mistake(config.source_of(section), f"no service `{section}` takes settings", fix))
    values: dict[str, S] = {}
    for section, kind in wanted.items():
        table = as_table(tables.get(section, {}))
        if table is None:
            fix = f"write a line [{section}], and the settings below it"
            mistakes.append(Mistake(config.source_of(section), f"`{section}` is not a table of settings", fix))
            continue
        given = dict(config.in_table(section, table)) | dict(config.in_environment(application, section, known))
        value, wrong = _Section(section, kind, variable_prefix(application, section)).read(given)
        mistakes += wrong
        if value is not None:
            values[section] = value
    return values, mistakes


class _Section(Generic[S]):
    """The settings of one service."""

    def __init__(self, name: str, kind: type[S], prefix: str) -> None:
        self._name = name
        self._kind = kind
        self._prefix = prefix

    def read(self, given: Mapping[str, Given]) -> tuple[S | None, list[Mistake]]:
        """Each field by itself, so that all mistakes are found; then the whole, so that its own rule runs."""
        try:
            msgspec.json.schema(self._kind)  # says what cannot be read, which a decoder says too late
            fields = {field.encode_name: field for field in msgspec.structs.fields(self._kind)}
            shown = typing.get_type_hints(self._kind)
        except (TypeError, NameError) as error:
            what = f"`{self._kind.__name__}` cannot be read from outside: {str(error).splitlines()[0]}"
            return None, [Mistake(Source.of(self._kind), what, "change the field's type")]
        mistakes: list[Mistake] = []
        ready: dict[str, object] = {}
        for name, value in given.items():
            field = fields.get(name)
            if field is None:
                mistakes += self._unknown(name, value, fields)
                continue
            try:
                ready[field.name] = _converted(value, field.type)
            except ValueError as error:
                mistakes.append(Mistake(value.where, f"{value.label}: {error}", _wish(shown[field.name])))
        mistakes += [self._missing(name) for name, field in fields.items() if field.required and name not in given]
        if mistakes:
            return None, mistakes
        try:
            return self._kind(**ready), []
        except (TypeError, ValueError) as error:
            where = next((value.where for value in given.values() if value.where), None)
            return None, [
                Mistake(where, f"the settings of `{self._name}` are refused: {error}", "change them together")
            ]

    def _unknown(self, name: str, value: Given, fields: Mapping[str, object]) -> Iterator[Mistake]:
        if not (value.is_text and is_service_link(name)):
            what = f"{value.label}: the service `{self._name}` has no such setting"
            yield Mistake(value.where, what, _did_you_mean(name, fields))

    def _missing(self, name: str) -> Mistake:
        what = f"the service `{self._name}` lacks its setting `{name}`"
        return Mistake(None, what, f"set {self._prefix}{name.upper()} or `{name}` in [{self._name}]")


def _converted(given: Given, kind: Any) -> object:  # Any: a type expression
    """The typed value.

    Raises:
        ValueError: it does not fit; the message does not repeat it.
    """
    raw = given.raw
    try:
        try:
            value = msgspec.convert(raw, kind, strict=not given.is_text)
        except msgspec.ValidationError:
            if not given.is_text or raw[:1] not in ("[", "{"):
                raise
            raw = msgspec.json.decode(raw)
            value = msgspec.convert(raw, kind)
    except (ValueError, OverflowError, RecursionError) as error:
        raise ValueError(_detail(str(error))) from None
    for passed_over in _passed_over(raw, value, ""):
        raise ValueError(f"{passed_over} is not known")
    return value


def _passed_over(raw: Any, value: Any, place: str) -> Iterator[str]:  # Any: what was given, and what became of it
    """What was given and is not in the value: words that a `Choice` reads as unknown, names that a record ignores."""
    if isinstance(value, enum.Enum):
        if str(value.value) != str(raw):
            yield f"the word at `{place}`" if place else "the word"
        return
    for step, inner, found in _inside(raw, value):
        here = f"{place}{step}".lstrip(".")
        if found is _NOWHERE:
            yield f"`{here}`"
        else:
            yield from _passed_over(inner, found, here)


_NOWHERE = object()


def _inside(raw: Any, value: Any) -> Iterator[tuple[str, Any, Any]]:  # Any: as above
    """The parts of what was given, each with its step and with what became of it."""
    match value:
        case msgspec.Struct():
            names = {field.encode_name: field.name for field in msgspec.structs.fields(value)}
            for name, inner in raw.items():
                yield f".{name}", inner, getattr(value, names[name]) if name in names else _NOWHERE
        case dict():
            for name, inner in raw.items():
                yield f".{name}", inner, cast(dict[object, object], value).get(name)
        case list() | tuple():
            for index, (inner, found) in enumerate(zip(raw, cast(Sequence[object], value), strict=True)):
                yield f"[{index}]", inner, found
        case _:
            return


def _detail(message: str) -> str:
    """One of msgspec's messages, in our style and without the value that it may repeat."""
    said, at, place = message.partition(" - at ")
    if said.startswith(("Invalid enum value", "Invalid value")):
        said = "the word is not known"
    return f"{said[:1].lower()}{said[1:]}{at}{place}"


def _wish(kind: Any) -> str:  # Any: a type expression
    """What to write instead."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"give one of {', '.join(str(word.value) for word in kind if word.name != 'UNKNOWN')}"
    if get_origin(kind) is Literal:
        return f"give one of {', '.join(map(str, get_args(kind)))}"
    return f"give a value of type `{spelled(kind)}`"


def _did_you_mean(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known are: {', '.join(sorted(known))}" if known else "remove it: nothing can be set here"
