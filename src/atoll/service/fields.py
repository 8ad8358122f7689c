"""What the fields of a service ask for: dependencies, ports, settings, and attributes of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from atoll.contract import Value

T = TypeVar("T")


class Settings(Value):
    """What can be set from outside for one service; read at start from the environment and `atoll.toml`.

    >>> class ScoringSettings(Settings):
    ...     batch_max: int = 50
    >>> ScoringSettings().batch_max
    50
    """


@dataclass(frozen=True, slots=True)
class Depends:
    """What `depends` notes about a dependency."""

    fallback: Callable[[], Any] | None = None  # Any: whatever fulfils the contract
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Private:
    """What `private` notes about an attribute."""

    default_factory: Callable[[], Any]  # Any: a factory of anything


def depends(
    *, fallback: Callable[[], Any] | None = None, timeout_s: float | None = None
) -> Any:  # Any: takes the type of the field, so that the field has one place for it
    """A dependency on another service, by its contract, with more to say than its type.

    `fallback` is a class without arguments that fulfils the same contract: it answers when the service is not there,
    is unavailable, or is too slow; every other answer of the service stands. A dependency with a fallback may be
    missing from the application. `timeout_s` is how long one call may take (a nearer deadline of the caller still
    counts).
    """
    return Depends(fallback, timeout_s)


@overload
def private(
    *, default_factory: type[dict[Any, Any]] | type[list[Any]] | type[set[Any]], init: Literal[False] = False
) -> Any: ...  # Any: an empty container takes the type of the field
@overload
def private(*, default_factory: Callable[[], T], init: Literal[False] = False) -> T: ...
def private(*, default_factory: Callable[[], Any], init: Literal[False] = False) -> Any:  # Any: see the overloads
    """An attribute of the service itself, made for each instance; it is no argument of the constructor.

    It lasts as long as the instance: what must outlive it belongs into the service's database. `init` is what the type
    checkers read; there is nothing to give.
    """
    assert init is False
    return Private(default_factory)  # the constructor puts the factory's result into its place
