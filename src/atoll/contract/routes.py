"""The routes of one contract together: none may be another's, and no argument may lead to another operation."""

import re
from collections.abc import Iterator, Sequence

from atoll.contract.operation import Operation, Trap

Wrong = tuple[object, str, str]
"""What stands where the mistake is, what is wrong, and what to do."""


def route_mistakes(operations: Sequence[Operation]) -> Iterator[Wrong]:
    """Operations that are served at one route, or name one path in two ways."""
    taken: dict[tuple[str, str], Operation] = {}
    named: dict[str, Operation] = {}
    for operation in operations:
        template = re.sub(r"\{[^}]*\}", "{}", operation.path)
        if (other := taken.setdefault((operation.method, template), operation)) is not operation:
            yield (
                operation.function,
                f"{operation.id} and {other.id} are both served at {operation.method} {operation.path}",
                "give one of them another path",
            )
        elif (other := named.setdefault(template, operation)).path != operation.path:
            yield (
                operation.function,
                f"{operation.id} and {other.id} name one path in two ways: {operation.path}, {other.path}",
                "name its arguments alike: to OpenAPI these are one path",
            )


def traps(operation: Operation, operations: Sequence[Operation]) -> Iterator[Trap]:
    """The words of path arguments that would lead to another operation, since a router takes words before names.

    `/scores/{lead_id}` with the lead `export` is `/scores/export`, where that is an operation.
    """
    own = operation.path.split("/")
    for other in operations:
        segments = other.path.split("/")
        if other is operation or len(segments) != len(own):
            continue
        pairs = list(zip(own, segments, strict=True))
        first = next(((mine, its) for mine, its in pairs if _is_name(mine) != _is_name(its)), None)
        meets = all(_is_name(mine) or _is_name(its) or mine == its for mine, its in pairs)
        if meets and first is not None and _is_name(first[0]):
            words = tuple(None if _is_name(its) else its for mine, its in pairs if _is_name(mine))
            yield Trap(words, other.id)


def _is_name(segment: str) -> bool:
    return segment.startswith("{")
