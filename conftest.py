"""What holds for every test of the house: properties are repeatable, nothing is left behind, documents run."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from sybil import Example, Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

from atoll.testing import PostgresServer, postgres_server
from tests.amount import amount

pytest_plugins = ["pytester", "tests.leftovers", "atoll.testing.plugin"]

# The same examples on every machine and in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, max_examples=amount(40, 100)
)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

pytest_collect_file: Callable[[Path, pytest.Collector], pytest.Collector | None] = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
).pytest()

_EXAMPLES_RUN = pytest.StashKey[set[tuple[str, int]]]()


def pytest_configure(config: pytest.Config) -> None:
    """No example of a document has run yet in this process."""
    config.stash[_EXAMPLES_RUN] = set()


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """An example finds what stands before it in its document, though another process of the test run ran that."""
    if not isinstance(item, SybilItem):
        return
    run = item.config.stash[_EXAMPLES_RUN]
    example: Example = item.example
    for earlier in example.document.examples():
        place = (earlier.path, earlier.start)
        if earlier.start < example.start and place not in run:
            run.add(place)
            earlier.evaluate()
    run.add((example.path, example.start))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process, started by the first test that asks for it.

    A test makes a database of its own in it. One that kills or stops a server starts its own.
    """
    with postgres_server() as server:
        yield server
