"""Long lists, a page at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, insert, select

from atoll import InvalidInput, Page, Row
from atoll.testing import MemoryDatabase
from revenue.paging import LIMIT_MAX, items_of, page_of

ITEMS = Table("items", MetaData(), Column("number", Integer, primary_key=True), Column("item", Integer))
PAGE = select(ITEMS).where(ITEMS.c.number > bindparam("after")).order_by(ITEMS.c.number).limit(bindparam("count"))


async def filled(items: list[int]) -> MemoryDatabase:
    """A table with these items, and gaps between their numbers."""
    db = MemoryDatabase()
    async with db.transaction() as tx:
        await tx.execute(insert(ITEMS), [{"number": 3 * index + 1, "item": each} for index, each in enumerate(items)])
    return db


def item(row: Row) -> int:
    """What is in a row."""
    value: int = row.item
    return value


async def page(db: MemoryDatabase, cursor: str | None, limit: int) -> Page[int]:
    """A page of that table."""
    return await page_of(db, PAGE, item, cursor, limit)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=50), st.integers(-3, 60))
async def test_the_pages_together_are_the_list(items: list[int], limit: int) -> None:
    """Whatever the limit, and also where the list grows meanwhile."""
    db = await filled(items)
    first = await page(db, None, limit)
    async with db.transaction() as tx:
        await tx.execute(insert(ITEMS), {"number": 1_000, "item": 7})
    seen, cursor = [*first.items], first.next
    while cursor is not None:
        following = await page(db, cursor, limit)
        seen, cursor = [*seen, *following.items], following.next

    assert seen == (items if first.next is None else [*items, 7])


async def test_a_list_with_nothing_in_it_is_one_page() -> None:
    """An empty one."""
    async with (db := MemoryDatabase()).transaction() as tx:
        await tx.execute(select(ITEMS))

    assert await page(db, None, 10) == Page(items=())


async def test_no_page_is_longer_than_the_longest() -> None:
    """Even when more is asked for."""
    db = await filled([1] * 2000)

    assert len((await page(db, None, 5000)).items) == LIMIT_MAX


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "¹", "9" * 13])
async def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    """With a pointer to it."""
    with pytest.raises(InvalidInput) as problem:
        await page(MemoryDatabase(), cursor, 10)

    assert problem.value.errors[0].pointer == "/cursor"


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 7))
async def test_whoever_wants_all_of_a_list_asks_page_by_page(items: list[int], limit: int) -> None:
    """Each once, in their order; an empty one, too."""
    db = await filled(items) if items else MemoryDatabase()

    assert [each async for each in items_of(lambda cursor: page(db, cursor, limit))] == items
