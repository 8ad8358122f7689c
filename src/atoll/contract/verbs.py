"""The decorators of operations: they only note what is written above a method, and leave the reading to `compiling`."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from atoll.contract.problem import Problem

F = TypeVar("F", bound=Callable[..., Any])  # Any: handlers of every signature

_MARK = "__atoll_operation__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """An operation that will go: since when, until when at least, and what to call instead (RFC 9745, RFC 8594)."""

    since: datetime.date
    sunset: datetime.date | None = None
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What a decorator says about a method."""

    method: str
    path: str
    public: bool
    raises: tuple[type[Problem], ...]
    deprecated: Deprecation | None
    timeout_s: float | None
    callers: tuple[str, ...] | None = None
    anyone: bool = False


class Verb:
    """A decorator that makes a method of a contract an operation: `get`, `post`, `put`, `patch` and `delete`.

    Names in braces in the path are path arguments, one Value (or a list or union of them) is the body, the rest is
    query. The method is abstract, so that its body is only `...` and a service without it is refused.
    """

    def __init__(self, method: str) -> None:
        self._method = method

    def __call__(
        self,
        path: str,
        *,
        public: bool = False,
        raises: tuple[type[Problem], ...] = (),
        deprecated: Deprecation | None = None,
        timeout_s: float | None = None,
        callers: tuple[str, ...] | None = None,
        anyone: bool = False,
    ) -> Callable[[F], F]:
        """Serve a method under `path`.

        `public`: reachable from outside through the gateway, never anonymously but for `anyone`: then without a key, so
        that its handler finds out by itself who asks, by a signature for example. `raises`: the problems it can answer
        with, beside the platform's own. `timeout_s`: how long a caller without a nearer deadline waits. `callers`: the
        services that may call it, of those that depend on the contract; all of these where it is left out.
        """
        declared = Declared(self._method, str(path), public, raises, deprecated, timeout_s, callers, anyone)

        def mark(function: F) -> F:
            setattr(function, _MARK, declared)
            setattr(function, "__isabstractmethod__", True)  # noqa: B010  # what abc.abstractmethod does; functions have no such attribute for the checkers
            return function

        return mark


get = Verb("GET")
post = Verb("POST")
put = Verb("PUT")
patch = Verb("PATCH")
delete = Verb("DELETE")


def declared_of(function: object) -> Declared | None:
    """What a decorator noted on a method, or None where it is no operation."""
    return getattr(function, _MARK, None)
