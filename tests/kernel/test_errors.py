"""Mistakes: all at once, each with its place."""

import functools
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from atoll.kernel import AtollError, Mistake, Mistakes, Source, ThreadsBusy, refuse

T = TypeVar("T")

HERE = __file__


def noted(*words: str) -> Callable[[T], T]:
    """A decorator that notes nothing."""

    def mark(subject: T) -> T:
        return subject

    return mark


def wrapped(function: Callable[[], None]) -> Callable[[], None]:
    """A decorator that leaves its function behind."""

    @functools.wraps(function)
    def outer() -> None: ...

    return outer


def plain() -> None: ...  # marker: plain


@noted(
    "several",
    "lines",
)
def decorated() -> None: ...  # marker: decorated


@noted("a")
@noted("b")
async def asynchronous() -> None: ...  # marker: asynchronous


@wrapped
def hidden() -> None: ...  # marker: hidden


class Class:  # marker: class
    """A class."""

    def method(self) -> None: ...  # marker: method


@noted("x")
class Decorated:  # marker: decorated class
    """A decorated class."""

    class Inner:  # marker: inner
        """A class in it."""


@pytest.mark.parametrize(
    ("subject", "marker"),
    [
        (plain, "plain"),
        (decorated, "decorated"),
        (asynchronous, "asynchronous"),
        (hidden, "hidden"),
        (Class, "class"),
        (Class.method, "method"),
        (Decorated, "decorated class"),
        (Decorated.Inner, "inner"),
    ],
)
def test_the_source_of_a_thing_is_the_line_of_its_name(subject: object, marker: str) -> None:
    """An editor that jumps there shows the name, not the decorators above it."""
    lines = Path(HERE).read_text().splitlines()
    expected = next(number for number, line in enumerate(lines, start=1) if line.endswith(f"# marker: {marker}"))

    assert Source.of(subject) == Source(HERE, expected)


@pytest.mark.parametrize("subject", [int, len, 3, None, functools.partial(plain)])
def test_a_thing_without_a_file_has_a_source_all_the_same(subject: object) -> None:
    """The search for a place never hides the mistake."""
    assert Source.of(subject).file
    assert not Source.of(subject).line


def test_a_class_made_at_run_time_has_the_source_of_its_module_or_none() -> None:
    """Nobody wrote it down."""
    assert Source.of(type("Made", (), {})).file


def test_a_source_without_a_line_is_its_file() -> None:
    """As people write it."""
    assert [str(Source("a.toml")), str(Source("a.toml", 3))] == ["a.toml", "a.toml:3"]


def test_no_mistake_is_not_refused() -> None:
    """The usual case."""
    refuse([])


def test_all_mistakes_are_told_at_once() -> None:
    """With their numbers, places and what to do."""
    mistakes = [Mistake(Source("a.py", 1), "this", "do that"), Mistake(None, "those", "do these")]

    with pytest.raises(Mistakes) as caught:
        refuse(iter(mistakes))

    assert caught.value.mistakes == tuple(mistakes)
    assert str(caught.value) == "2 mistakes:\n  1. a.py:1: this\n      -> do that\n  2. those\n      -> do these"


@pytest.mark.parametrize(
    "error", [AtollError("x"), ThreadsBusy("busy"), Mistakes([Mistake(Source("a.py", 1), "this", "do that")])]
)
def test_an_error_of_the_platform_survives_a_pickle(error: AtollError) -> None:
    """It crosses processes."""
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), again.args) == (type(error), str(error), error.args)
    assert (again.code, again.retryable) == (error.code, error.retryable)
