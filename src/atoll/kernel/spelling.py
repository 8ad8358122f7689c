"""How a type is written, for people: as they would write it, without the modules."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin


def spelled(kind: Any) -> str:  # Any: a type expression
    """The type as it stands in source.

    >>> spelled(dict[str, int | None]), spelled(Literal["a", 1])
    ('dict[str, int | None]', "Literal['a', 1]")
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return spelled(arguments[0])
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if origin in (Union, types.UnionType):
        return " | ".join(map(spelled, arguments))
    if kind is Ellipsis or kind is type(None):
        return "..." if kind is Ellipsis else "None"
    name = getattr(kind, "__name__", None) or str(kind)
    return f"{name}[{', '.join(map(spelled, arguments))}]" if arguments else name
