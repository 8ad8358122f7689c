"""Revenue's pages are true: they are walked like the tutorial, and what they list is what its contracts say."""

import contextlib
import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from revenue.cli import main
from revenue.enrichment.contract import EnrichmentRules
from revenue.enrichment.curl import provider_from_curl
from tests.docs.walk import Walk
from tests.house.checkout import ROOT

pytestmark = pytest.mark.slow

SERVICE_LINES_MAX = 29
BLOCK = "```py\n# calls.py\n"


class RevenueWalk(Walk):
    """One reader, whose verbs of `revenue` run in this process: a new one reads all modules again."""

    def _run(self, command: str) -> str:
        words = shlex.split(command)
        if words[0] != "revenue":
            return super()._run(command)
        with contextlib.chdir(self._folder):
            return CliRunner().invoke(main, words[1:]).output


@pytest.mark.parametrize("page", ["revenue", "how-to/rules", "how-to/provider", "how-to/revenue-service"])
def test_the_page_can_be_walked(tmp_path: Path, page: str) -> None:
    """Files, rules, commands and what they print."""
    with RevenueWalk(tmp_path) as walk:
        walk.page(ROOT / f"docs/{page}.md")


def test_a_service_of_ones_own_has_less_than_thirty_lines() -> None:
    """It reacts to an event, keeps something and is called, and more is not to be written."""
    page = (ROOT / "docs/how-to/revenue-service.md").read_text(encoding="utf-8")

    service, _, _ = page.partition(BLOCK)[2].partition("```")

    assert "@on(" in service
    assert len(service.splitlines()) <= SERVICE_LINES_MAX


def test_the_call_that_is_pasted_becomes_the_definition_on_the_page() -> None:
    """With the secret, price and rate, and with the fields of the answer beside it."""
    page = (ROOT / "docs/how-to/provider.md").read_text(encoding="utf-8")
    command = page.partition("--curl '\n")[2].partition("'\n")[0]
    sample = page.partition("```json\n")[2].partition("```")[0]
    definition = page.partition("```yaml\n")[2].partition("```")[0]
    yaml: Any = YAML(typ="safe")  # Any: its methods have no types

    draft = provider_from_curl("acme_data", command, sample=sample, price_micros=8_000, rate_per_s=10)

    assert draft.secrets.keys() == {"ACME_DATA_KEY"}
    assert draft.secrets["ACME_DATA_KEY"] not in definition
    assert (draft.provider,) == msgspec.convert(yaml.load(definition), EnrichmentRules).providers
