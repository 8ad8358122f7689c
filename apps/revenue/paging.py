"""Long lists, a page at a time."""

from collections.abc import Collection
from itertools import islice
from typing import TypeVar

from atoll import Page

T = TypeVar("T")

LIMIT_MAX = 1_000


def page_of(items: Collection[T], cursor: str | None, limit: int) -> Page[T]:
    """The page of a list that only grows at its end, from a cursor on; a cursor that makes no sense starts again.

    >>> first = page_of("abc", None, 2)
    >>> first.items, page_of("abc", first.next, 2).items
    (('a', 'b'), ('c',))
    """
    start = int(cursor) if cursor is not None and cursor.isdecimal() else 0
    end = start + min(max(limit, 1), LIMIT_MAX)
    return Page(items=tuple(islice(items, start, end)), next=str(end) if end < len(items) else None)
