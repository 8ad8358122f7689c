"""JSON of others, whatever it is: what stands at a path, its texts changed, its leaves."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

DEPTH_MAX = 8


def at_path(said: Any, path: str) -> Any:  # Any: JSON
    """What stands at a path in JSON; None where nothing does.

    >>> at_path({"person": {"phones": [{"number": "1"}]}}, "person.phones[0].number")
    '1'
    """
    for step in path.replace("[", ".[").split("."):
        if step.startswith("["):
            index, items = int(step[1:-1]), items_of(said)
            said = items[index] if index < len(items) else None
        elif step:
            said = table_of(said).get(step)
    return said


def each_text(said: Any, key: str, change: Callable[[str, str], str]) -> Any:  # Any: JSON
    """The same, with each text changed; `change` is given the name that it stands under, and the text."""
    if isinstance(said, str):
        return change(key, said)
    if isinstance(said, dict):
        return {name: each_text(inner, name, change) for name, inner in table_of(said).items()}
    return [each_text(inner, key, change) for inner in items_of(said)] if isinstance(said, list) else said


def leaves(
    said: Any,  # Any: JSON
    path: str = "",
    depth: int = 0,
    *,
    items_max: int = 1,
) -> Iterator[tuple[str, str]]:
    """The texts and numbers with their paths; of a list the first item stands for all, or so many do."""
    if depth > DEPTH_MAX:
        return
    if isinstance(said, str) and said:
        yield path, said
    elif isinstance(said, int | float) and not isinstance(said, bool):
        yield path, str(said)
    for name, inner in table_of(said).items():
        if re.fullmatch(r"[^.\[\]]+", name):
            yield from leaves(inner, f"{path}.{name}" if path else name, depth + 1, items_max=items_max)
    for index, inner in enumerate(items_of(said)[:items_max]):
        yield from leaves(inner, f"{path}[{index}]", depth + 1, items_max=items_max)


def table_of(said: Any) -> dict[str, Any]:  # Any: JSON
    """An object of JSON; an empty one for anything else."""
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}  # Any: JSON


def items_of(said: Any) -> Sequence[Any]:  # Any: JSON
    """A list of JSON; an empty one for anything else."""
    return cast("Sequence[Any]", said) if isinstance(said, list) else ()  # Any: JSON
