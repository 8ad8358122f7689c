"""A service is added to the source of an application, and nothing else in it changes."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.cli.new.listing import with_service
from atoll.cli.refusals import Mistaken

NEW = "shop.new.service:NewService"


def added(source: str) -> str:
    """The source with one service more."""
    return with_service(source, "shop", NEW, "shop/application.py")


CASES = {
    "an empty list": ('shop = Application("shop", services=[])\n', 'shop = Application("shop", services=["{new}"])\n'),
    "one line": ('shop = Application("s", services=["a:A"])\n', 'shop = Application("s", services=["a:A", "{new}"])\n'),
    "one line that ends in a comma": (
        "shop = Application('s', services=[A,])\n",
        "shop = Application('s', services=[A, \"{new}\"])\n",
    ),
    "a line an element": (
        "shop = Application(\n    services=[\n        A,\n        B,\n    ],\n)\n",
        'shop = Application(\n    services=[\n        A,\n        B,\n        "{new}",\n    ],\n)\n',
    ),
    "no comma at the end": (
        "shop = Application(\n    services=[\n        A,\n        B\n    ]\n)\n",
        'shop = Application(\n    services=[\n        A,\n        B,\n        "{new}",\n    ]\n)\n',
    ),
    "a comment at the end": (
        'shop = Application(\n    services=[\n        "é:É",  # ünï\n    ],  # all\n)\n',
        'shop = Application(\n    services=[\n        "é:É",  # ünï\n        "{new}",\n    ],  # all\n)\n',
    ),
    "a comment below the last": (
        "shop = Application(\n    services=[\n        A,\n        # more to come\n    ],\n)\n",
        'shop = Application(\n    services=[\n        A,\n        # more to come\n        "{new}",\n    ],\n)\n',
    ),
    "the bracket behind the last": (
        "shop = Application(services=[A,\n                             B])\n",
        'shop = Application(services=[A,\n                             B,\n                             "{new}"])\n',
    ),
    "a comment before the comma": (
        "shop = Application(services=[A  # why\n, B])\n",
        'shop = Application(services=[A  # why\n, B,\n"{new}"])\n',
    ),
    "an annotation": (
        "shop: Application = Application(services=[A])\n",
        'shop: Application = Application(services=[A, "{new}"])\n',
    ),
    "another application beside it": (
        "other = Application(services=[A])\nshop = Application(services=[B])\n",
        'other = Application(services=[A])\nshop = Application(services=[B, "{new}"])\n',
    ),
    "a line without room": (
        f'shop = Application("shop", owner="{"x" * 50}", services=[A, "b:B"])\n',
        f'shop = Application("shop", owner="{"x" * 50}", services=[\n    A,\n    "b:B",\n    "{{new}}",\n])\n',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_service_is_added_in_the_style_of_the_list(case: str) -> None:
    """Comments, quotes and line breaks stay as their author chose them."""
    before, after = CASES[case]

    assert added(before) == after.replace("{new}", NEW)


@pytest.mark.parametrize(
    "source",
    [
        "shop = Application(services=SERVICES)\n",
        "shop = Application(services=(A, B))\n",
        "shop = Application()\n",
        "other = Application(services=[A])\n",
        "def shop(): ...\n",
        "shop = Application(services=[A",
    ],
)
def test_a_list_that_is_written_otherwise_is_left_alone(source: str) -> None:
    """Never a file that is no longer what it was."""
    with pytest.raises(Mistaken, match=r"shop/application\.py"):
        added(source)


@given(
    st.lists(st.sampled_from(["A", '"a.b:C"', "'ü:Ü'", 'Reference("a:A", contract="b:B")']), max_size=4),
    st.sampled_from(["\n        ", " ", ""]),
    st.booleans(),
)
def test_whatever_the_layout_the_list_grows_by_one(elements: list[str], gap: str, comma: bool) -> None:
    """The result is Python again, with the new service last."""
    inner = "".join(f"{gap}{element}," for element in elements)
    source = f"# é\nshop = Application('shop', services=[{inner if comma else inner.rstrip(',')}{gap}], owner='x')\n"

    changed = added(source)

    before, after = listed(source), listed(changed)
    assert after == [*before, ast.dump(ast.Constant(NEW))]
    assert changed.endswith(", owner='x')\n")


def listed(source: str) -> list[str]:
    """The elements of the only list in the source."""
    lists = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.List)]
    return [ast.dump(element) for element in lists[0].elts]
