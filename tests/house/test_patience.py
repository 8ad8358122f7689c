"""A test waits as long as it says, and not for as long as a library finds usual: five seconds are soon over."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.checkout import code

WAITS = {"Client", "AsyncClient", "get", "post"}
ALWAYS_IN_TIME = {"ASGITransport"}
"""What answers in the same process has nobody to wait for."""


def impatient(source: str) -> Iterator[int]:
    """The lines of a test that ask by httpx and do not say how long they wait."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(ast.Name("httpx"), name)) if name in WAITS:
                is_said = "timeout" in {each.arg for each in node.keywords}
                if not is_said and not any(each in ast.unparse(node) for each in ALWAYS_IN_TIME):
                    yield node.lineno
            case _:
                pass


def test_every_test_says_how_long_it_waits() -> None:
    """A machine that stood still for six seconds failed a test that had nothing to do with it."""
    assert [f"{name}:{line}" for name, source in code("tests", "apps") for line in impatient(source)] == []


@pytest.mark.parametrize(
    "source", ["httpx.get(url)", "httpx.AsyncClient(base_url=url)", "with httpx.Client() as it: 1"]
)
def test_impatience_is_found(source: str) -> None:
    """In clients of both kinds, and in single requests."""
    assert list(impatient(source)) == [1]


@pytest.mark.parametrize("source", ["httpx.get(url, timeout=PATIENCE_S)", "get(url)", "outside.get(url)"])
def test_patience_is_let_through(source: str) -> None:
    """So is what is not httpx."""
    assert list(impatient(source)) == []
