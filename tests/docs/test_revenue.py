"""Revenue's pages are true: they are walked like the tutorial, and what they list is what its contracts say."""

import contextlib
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from revenue.cli import main
from tests.docs.walk import Walk
from tests.house.checkout import ROOT

pytestmark = pytest.mark.slow

SERVICE_LINES_MAX = 29
BLOCK = "```py\n# calls.py\n"


class RevenueWalk(Walk):
    """One reader, whose verbs of `revenue` run in this process: a new one reads all modules again, for a second each."""

    def _run(self, command: str) -> str:
        words = shlex.split(command)
        if words[0] != "revenue":
            return super()._run(command)
        with contextlib.chdir(self._folder):
            return CliRunner().invoke(main, words[1:]).output


@pytest.mark.parametrize("page", ["revenue-service", "rules"])
def test_the_page_can_be_walked(tmp_path: Path, page: str) -> None:
    """Files, rules, commands and what they print."""
    with RevenueWalk(tmp_path) as walk:
        walk.page(ROOT / f"docs/how-to/{page}.md")


def test_a_service_of_ones_own_has_less_than_thirty_lines() -> None:
    """It reacts to an event, keeps something and is called, and more is not to be written."""
    page = (ROOT / "docs/how-to/revenue-service.md").read_text(encoding="utf-8")

    service, _, _ = page.partition(BLOCK)[2].partition("```")

    assert "@on(" in service
    assert len(service.splitlines()) <= SERVICE_LINES_MAX
