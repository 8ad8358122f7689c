"""The arguments of an operation: where each travels, read from the signature and the path."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from atoll.contract.fitness import unfit
from atoll.contract.record import Kind
from atoll.contract.verbs import Declared
from atoll.contract.words import WordCodec, allows_none, fits_in_words, is_word_list

Fix = tuple[str, str]
"""What is wrong, and what to do."""


class Place(StrEnum):
    """Where an argument travels."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an operation."""

    name: str
    place: Place
    kind: Kind
    required: bool
    default: object
    words: WordCodec | None
    """How it travels in a path or query; None for the body."""
    wire: str = ""
    """Its name on the wire, where a document has one that Python has not."""

    @property
    def wire_name(self) -> str:
        """The name under which it travels in a query."""
        return self.wire or self.name


def path_names(path: str) -> tuple[str, ...]:
    """The names in a path's braces, in order.

    >>> path_names("/accounts/{account_id}/leads/{lead_id}")
    ('account_id', 'lead_id')
    """
    return tuple(segment[1:-1] for segment in path.split("/") if segment.startswith("{"))


def read_arguments(
    function: Callable[..., Any],  # Any: a method
    hints: Mapping[str, Kind],
    declared: Declared,
) -> tuple[list[Argument], list[Fix]]:
    """The arguments that can travel, and what is wrong with the others, or with all of them together."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    in_path = path_names(declared.path)
    arguments: list[Argument] = []
    wrong: list[Fix] = []
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            wrong.append((f"`{parameter}` cannot travel by name", "give each argument a name of its own"))
        elif parameter.name not in hints:
            wrong.append((f"the argument `{parameter.name}` has no type", "annotate it"))
        elif reasons := list(unfit(hints[parameter.name])):
            wrong += [(f"the argument `{parameter.name}` cannot travel: {why}", "change its type") for why in reasons]
        else:
            arguments.append(_argument(parameter, hints[parameter.name], in_path))
    names = [parameter.name for parameter in parameters]
    wrong += [
        (f"the path names `{{{name}}}`, which is no argument", f"add `{name}: str` to the method, or mend the path")
        for name in dict.fromkeys(in_path)
        if name not in names
    ]
    for argument in arguments:
        wrong += _argument_mistakes(argument)
    return arguments, [*wrong, *_body_mistakes(arguments, declared.method)]


def _argument(parameter: inspect.Parameter, kind: Kind, in_path: tuple[str, ...]) -> Argument:
    required = parameter.default is parameter.empty
    if parameter.name in in_path:
        words = WordCodec(parameter.name, Place.PATH, kind)
        return Argument(parameter.name, Place.PATH, kind, True, parameter.default, words)
    if fits_in_words(kind) or is_word_list(kind):
        words = WordCodec(parameter.name, Place.QUERY, kind)
        return Argument(parameter.name, Place.QUERY, kind, required, parameter.default, words)
    return Argument(parameter.name, Place.BODY, kind, required, parameter.default, None)


def _argument_mistakes(argument: Argument) -> Iterator[Fix]:
    name, kind, default = argument.name, argument.kind, argument.default
    has_default = default is not inspect.Parameter.empty
    if has_default and not _fits(default, kind):
        yield f"the default of `{name}` is {default!r}, which does not fit its type", "change one of them"
    if argument.place is Place.PATH:
        if allows_none(kind) or is_word_list(kind) or not fits_in_words(kind):
            yield f"the path argument `{name}` is not one plain value", "make it a string, number, date or UUID"
        elif has_default:
            yield f"the path argument `{name}` has a default, but no path can leave it out", "take the default away"
    if argument.place is not Place.QUERY:
        return
    if is_word_list(kind) and allows_none(kind):
        yield (
            f"the query argument `{name}` cannot tell None from an empty list",
            "take `| None` away and make `()` its default",
        )
    elif is_word_list(kind) and has_default and default:
        yield (
            f"the query argument `{name}` cannot say that it is empty: leaving it out means {default!r}",
            "make `()` its default",
        )
    elif allows_none(kind) and has_default and default is not None:
        yield (
            f"the query argument `{name}` cannot say None: leaving it out means {default!r}",
            "make None its default, or take `| None` away",
        )


def _fits(default: object, kind: Kind) -> bool:
    try:
        msgspec.convert(default, kind)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False
    return True


def _body_mistakes(arguments: list[Argument], method: str) -> Iterator[Fix]:
    bodies = [argument.name for argument in arguments if argument.place is Place.BODY]
    if len(bodies) > 1:
        yield f"the arguments {', '.join(bodies)} all want to be the body", "put them together in one Value"
    if bodies and method in ("GET", "DELETE"):
        yield (
            f"a {method} has no body, but `{bodies[0]}` wants to be one",
            "use POST, or take its fields as arguments of their own",
        )
