"""How a type is written, for people."""

import datetime
from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional

import pytest

from atoll import Page, Personal
from atoll.kernel import spelled


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "int"),
        (None, "None"),
        (type(None), "None"),
        (datetime.datetime, "datetime"),
        (int | None, "int | None"),
        (Optional[int], "int | None"),  # noqa: UP045  # the other spelling is the point
        (list[int], "list[int]"),
        (dict[str, list[int | None]], "dict[str, list[int | None]]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Page[datetime.date], "Page[date]"),
        (Annotated[int, "note"], "int"),
        (Personal[str] | None, "str | None"),
        (Literal["a", 1], "Literal['a', 1]"),
        (Any, "Any"),
        (Callable, "Callable"),
        ("text", "text"),
    ],
)
def test_a_type_is_written_as_in_source(kind: Any, text: str) -> None:  # Any: a type
    """Without the modules, and without what is noted on it."""
    assert spelled(kind) == text
