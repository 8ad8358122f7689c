"""Long lists, a page at a time."""

import re
from collections.abc import Collection
from itertools import islice
from typing import TypeVar

from atoll import Fault, InvalidInput, Page

T = TypeVar("T")

LIMIT_MAX = 1_000
CURSOR = re.compile(r"[0-9]{1,12}")


def page_of(items: Collection[T], cursor: str | None, limit: int) -> Page[T]:
    """The page of a list that only grows at its end, from a cursor on, with at most 1,000 items.

    >>> first = page_of("abc", None, 2)
    >>> first.items, page_of("abc", first.next, 2).items
    (('a', 'b'), ('c',))

    Raises:
        InvalidInput: the cursor is none that a page before gave.
    """
    if cursor is not None and not CURSOR.fullmatch(cursor):
        detail = "give the `next` of the page before, or leave it out to begin"
        raise InvalidInput(errors=(Fault(pointer="/cursor", place="query", detail=detail),))
    start = int(cursor or 0)
    end = start + min(max(limit, 1), LIMIT_MAX)
    return Page(items=tuple(islice(items, start, end)), next=str(end) if end < len(items) else None)
