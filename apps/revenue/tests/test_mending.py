"""Mending tables: only what a rule names is changed, and what may be wrong is found beside what is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.mending import INDUSTRIES, Mending, mended, suspected

RULE = Mending(field="sector", wrong="technolgy", right="technology")
cells = st.dictionaries(st.sampled_from(["sector", "note"]), st.text(max_size=12))


def test_only_the_field_that_a_rule_names_is_mended() -> None:
    """In any case and with any blanks; each rule says how much it has done, and the rows given are as they were."""
    rows = [{"sector": "technolgy", "note": "technolgy"}, {"sector": " Technolgy "}, {"sector": "retail"}]
    unused = Mending(field="sector", wrong="retial", right="retail")

    result = mended(rows, [RULE, unused])

    assert result.rows == [
        {"sector": "technology", "note": "technolgy"},
        {"sector": "technology"},
        {"sector": "retail"},
    ]
    assert result.changed == {RULE: 2, unused: 0}
    assert rows[0]["sector"] == "technolgy"


@given(st.lists(cells))
def test_what_was_mended_is_right(rows: list[dict[str, str]]) -> None:
    """Once more changes nothing, and no row or cell is lost."""
    once = mended(rows, [RULE])

    again = mended(once.rows, [RULE])

    assert again.rows == once.rows
    assert again.changed == {RULE: 0}
    assert [row.keys() for row in once.rows] == [row.keys() for row in rows]


def test_what_is_like_something_known_is_suspected() -> None:
    """With the word as it would be written there, and how many rows have it; what is like nothing is left alone."""
    words = ["technolgy", "technolgy", "retail", "medical", "Retial", "", "quarries"]

    found = suspected(words, INDUSTRIES)

    assert [(each.wrong, each.right, each.count) for each in found] == [("technolgy", "technology", 2)]
    assert found[0].as_mending("sector") == RULE
    assert suspected(["Retial"], INDUSTRIES, likeness_min=0.8)[0].right == "Retail"


def test_blanks_and_signs_make_no_other_word() -> None:
    """`GTXPro` is `GTX Pro`; but what is known both ways is right both ways."""
    assert [(each.right, each.likeness) for each in suspected(["GTXPro"], ["GTX Pro", "GTX Plus Pro"])] == [
        ("GTX Pro", 1.0)
    ]
    assert suspected(["GTXPro"], ["GTX Pro", "GTXPro"]) == []
    assert suspected(["GTXPro"], []) == []


@pytest.mark.parametrize(("wrong", "right", "says"), [(" ", "x", "an empty cell"), ("x", "x", "take it out")])
def test_a_rule_that_mends_nothing_is_refused(wrong: str, right: str, says: str) -> None:
    """With what to do."""
    with pytest.raises(ValueError, match=says):
        Mending(field="sector", wrong=wrong, right=right)
