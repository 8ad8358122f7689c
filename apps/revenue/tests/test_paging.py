"""Long lists, a page at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import InvalidInput
from revenue.paging import LIMIT_MAX, page_of


@given(st.lists(st.integers(), max_size=50), st.integers(-3, 60))
def test_the_pages_together_are_the_list(items: list[int], limit: int) -> None:
    """Whatever the limit."""
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = page_of(items, cursor, limit)
        seen += page.items
        cursor = page.next
        if cursor is None:
            break

    assert seen == items


def test_no_page_is_longer_than_the_longest() -> None:
    """Even when more is asked for."""
    assert len(page_of(range(5000), None, 5000).items) == LIMIT_MAX


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "¹", "9" * 13])
def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    """With a pointer to it."""
    with pytest.raises(InvalidInput) as problem:
        page_of([1], cursor, 10)

    assert problem.value.errors[0].pointer == "/cursor"
