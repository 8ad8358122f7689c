"""The reference says what the docstrings say: it is generated, committed, and compared here."""

import difflib
from collections.abc import Callable
from types import ModuleType

import pytest

from tests.docs import operations, reference
from tests.docs.reference import formatted, markdown

HOW_TO_UPDATE = "The reference is stale. Write it again: .venv/bin/python -m {}"


@pytest.mark.parametrize(
    ("module", "generate"), [(reference, reference.reference), (operations, operations.operations_page)]
)
def test_the_reference_is_not_stale(module: ModuleType, generate: Callable[[], str]) -> None:
    """Readers look there first; a page that lags behind the source is worse than none."""
    written, generated = module.PAGE.read_text(encoding="utf-8"), generate()

    changes = difflib.unified_diff(
        written.splitlines(), generated.splitlines(), "written", "generated", lineterm="", n=1
    )

    assert written == generated, "\n".join([HOW_TO_UPDATE.format(module.__name__), *list(changes)[:40]])


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("One line.", "One line."),
        ("First.\n\n>>> 1 + 1\n2\n\nLast.", "First.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nLast."),
        (">>> for x in (1,):\n...     print(x)\n1", "```pycon\n>>> for x in (1,):\n...     print(x)\n1\n```"),
        ("It.\n\nRaises:\n    KeyError: there is none.", "It.\n\nRaises:\n\n- `KeyError`: there is none."),
    ],
)
def test_docstrings_become_markdown(docstring: str, expected: str) -> None:
    """Examples are fenced, since Markdown would eat their marks; what is raised becomes a list."""
    assert markdown(docstring) == expected


def test_signatures_are_broken_where_they_are_long() -> None:
    """A signature that has to be scrolled is not read."""
    source = f"def call({', '.join(f'argument_{number}: int' for number in range(8))}): ..."

    assert max(map(len, formatted(source).splitlines())) <= 100
