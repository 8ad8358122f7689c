"""Long lists, a page at a time; and which words a database can be asked for."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from atoll import Database, Fault, InvalidInput, Page, Row

T = TypeVar("T")

LIMIT_MAX = 1_000
CURSOR = re.compile(r"[0-9]{1,12}")


async def page_of(
    database: Database,
    statement: Any,  # Any: a select of any columns
    made: Callable[[Row], T],
    cursor: str | None,
    limit: int,
    wanted: Mapping[str, Any] | None = None,  # Any: values of columns
) -> Page[T]:
    """The page of a table that only grows at its end, from a cursor on, with at most 1,000 items.

    The statement answers rows in the order of their `number`: those behind its parameter `after`, `count` at most.
    `wanted` are its other parameters.

    Raises:
        InvalidInput: the cursor is none that a page before gave.
    """
    if cursor is not None and not CURSOR.fullmatch(cursor):
        detail = "give the `next` of the page before, or leave it out to begin"
        raise InvalidInput(errors=(Fault(pointer="/cursor", place="query", detail=detail),))
    count = min(max(limit, 1), LIMIT_MAX)
    rows = await database.read(statement, {**(wanted or {}), "after": int(cursor or 0), "count": count + 1})
    items = rows[:count]
    return Page(items=tuple(map(made, items)), next=str(items[-1].number) if len(rows) > count else None)


async def items_of(page: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Everything of a long list, in its order; `page` is asked for each page, by the `next` of the one before."""
    cursor: str | None = None
    while True:
        found = await page(cursor)
        for item in found.items:
            yield item
        if (cursor := found.next) is None:
            return


def is_text(word: str) -> bool:
    r"""Whether a database can hold such a word at all: PostgreSQL knows no NUL.

    >>> is_text("7"), is_text("7\0")
    (True, False)
    """
    return "\0" not in word
