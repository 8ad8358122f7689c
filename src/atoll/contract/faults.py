"""Faults: what is wrong with an input, each with a JSON Pointer (RFC 6901) to it."""

import functools
import re

from atoll.contract.value import Value


class Fault(Value):
    """One thing that is wrong with an input.

    `pointer` is a JSON Pointer into the body, or `/name` of a path or query argument; `place` says which of them.
    """

    pointer: str
    detail: str
    place: str = "body"


FAULTS_MAX = 100
"""How many faults are told of one input; a hostile one has as many as it has bytes."""


class Invalid(ValueError):
    """Input that does not fit its type: its faults, each with its place. Never leaves the platform as it is."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.pointer or 'the whole'}: {fault.detail}" for fault in faults))
        self.faults = faults


def pointer_to(parent: str, step: str | int) -> str:
    """The pointer one step further down.

    >>> pointer_to("/rows/0", "a/b")
    '/rows/0/a~1b'
    """
    return f"{parent}/{str(step).replace('~', '~0').replace('/', '~1')}"


_PLACE = re.compile(r" - at (?:`key` in )?`\$(?P<path>.*)`\Z", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>[0-9]+)\]")
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`\Z", re.DOTALL)


def fault_in(error: Exception) -> Fault:
    """The one fault in an error of msgspec, whose message ends with the place where there is one.

    >>> fault_in(ValueError("Expected `int`, got `str` - at `$.rows[2].points`"))
    Fault(pointer='/rows/2/points', detail='expected `int`, got `str`', place='body')
    """
    if isinstance(error, RecursionError):
        return Fault(pointer="", detail="is nested too deeply")
    message, pointer = str(error), ""
    if place := _PLACE.search(message):
        message = message[: place.start()]
        # `[...]` stands for an entry of a dictionary, whose name is not told: the pointer ends at the dictionary.
        path = place["path"].partition("[...]")[0]
        pointer = functools.reduce(pointer_to, (step["name"] or step["index"] for step in _STEP.finditer(path)), "")
    if missing := _MISSING.match(message):
        return Fault(pointer=pointer_to(pointer, missing["name"]), detail="is required")
    return Fault(pointer=pointer, detail=message[:1].lower() + message[1:])


def cannot_travel(error: Exception) -> Fault:
    """The one fault of a value that has no JSON."""
    said = "is nested too deeply, or holds itself" if isinstance(error, RecursionError) else str(error)
    return Fault(pointer="", detail=f"cannot travel as JSON: {said}")
