"""Unions that a codec can tell apart: what msgspec could not, becomes the least type that holds all of it."""

from collections.abc import Sequence
from typing import Annotated, Literal, Union, get_args

import msgspec

from atoll.contract.record import Kind, class_of, origin_of, read_tag
from atoll.contract.scalars import filled
from atoll.contract.shape import NOTHING, UNTYPED, peel


def optional(kind: Kind) -> Kind:
    """The type with None."""
    return union([kind, NOTHING])


def union(options: Sequence[Kind]) -> Kind:
    """One of several types."""
    flat: list[Kind] = []
    for option in options:
        flat += _flat(option)
    by_sort: dict[str, list[Kind]] = {}
    for option in flat:
        sort = _sort(option)
        if sort == "any":
            return UNTYPED
        if option not in by_sort.setdefault(sort, []):
            by_sort[sort].append(option)
    united = [each for sort, kinds in by_sort.items() for each in _united(sort, kinds)]
    return filled(Union, *united) if united else UNTYPED


def _flat(kind: Kind) -> list[Kind]:
    """The options of a union, each with what was noted around the whole."""
    bare, notes = peel(kind)
    if origin_of(bare) is not Union:
        return [kind]
    options = [each for option in get_args(bare) for each in _flat(option)]
    return [filled(Annotated, option, *notes) if notes and option is not NOTHING else option for option in options]


def _sort(kind: Kind) -> str:
    """Which JSON a type has: what a codec tells types apart by."""
    kind = peel(kind)[0]
    if kind is UNTYPED:
        return "any"
    if origin_of(kind) is Literal:
        sorts = {type(word).__name__ for word in get_args(kind) if word is not None}
        return sorts.pop() if len(sorts) == 1 else "any"
    container = class_of(kind)
    if kind is NOTHING or kind in (bool, int, float):
        return str(kind.__name__)
    if issubclass(container, msgspec.Struct | dict):
        return "object"
    if issubclass(container, tuple | frozenset):
        return "array"
    return "str"


def _united(sort: str, kinds: list[Kind]) -> list[Kind]:
    if len(kinds) == 1 or (sort == "object" and _are_told_apart(kinds)):
        return kinds
    if all(origin_of(kind) is Literal for kind in kinds):
        return [filled(Literal, *dict.fromkeys(word for kind in kinds for word in get_args(kind)))]
    match sort:
        case "object":
            return [filled(dict, str, UNTYPED)]
        case "array":
            return [filled(tuple, UNTYPED, ...)]
        case "int":
            return [int]
        case "float":
            return [float]
        case "bool":
            return [bool]
        case _:
            return [str]


def _are_told_apart(kinds: list[Kind]) -> bool:
    tags = [read_tag(class_of(kind)) for kind in kinds if origin_of(kind) is not Annotated]
    return (
        len(tags) == len(kinds)
        and None not in tags
        and len({tag[0] for tag in tags if tag}) == 1
        and len({tag[1] for tag in tags if tag}) == len(kinds)
    )
