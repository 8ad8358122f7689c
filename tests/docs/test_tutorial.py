"""A stranger who knows nothing but the page gets where it leads."""

from pathlib import Path

import pytest

from tests.docs.walk import Walk
from tests.house.checkout import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md", "docs/from-fastapi.md", "docs/how-to/elsewhere.md"])
def test_the_page_can_be_walked(tmp_path: Path, page: str) -> None:
    """Commands, files and outputs of the page are those of the program."""
    with Walk(tmp_path) as walk:
        walk.page(ROOT / page)


def test_a_page_that_says_something_else_is_found(tmp_path: Path) -> None:
    """The control."""
    page = tmp_path / "page.md"
    page.write_text("```py\n# names.txt\nAda\n```\n\n```console\n$ tail -1 names.txt\nBob\n```\n", encoding="utf-8")

    with Walk(tmp_path) as walk, pytest.raises(AssertionError, match="the page says\nBob\n\n--- it printed\nAda"):
        walk.page(page)


def test_a_change_of_what_is_not_there_is_found(tmp_path: Path) -> None:
    """The other control; where it is there, it is changed."""
    page = tmp_path / "page.md"
    (tmp_path / "rules.yaml").write_text("reps: []\nteams: []\n", encoding="utf-8")
    change = "```diff\n# rules.yaml\n-reps: []\n+reps: [ada]\n teams: []\n```\n"
    page.write_text(change, encoding="utf-8")

    with Walk(tmp_path) as walk:
        walk.page(page)

        with pytest.raises(AssertionError, match="not once in rules"):
            walk.page(page)

    assert (tmp_path / "rules.yaml").read_text(encoding="utf-8") == "reps: [ada]\nteams: []\n"
