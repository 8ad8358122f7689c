"""What a service subscribes to, as its methods say: `@on(Event)`, `@every(...)`."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar

from atoll.contract import Event

F = TypeVar("F", bound=Callable[..., Any])  # Any: a handler of any signature

Since = Literal["oldest", "now"]

_ON = "__atoll_on__"
_EVERY = "__atoll_every__"


@dataclass(frozen=True, slots=True)
class Reaction:
    """A handler of an event: which event, from when on, and whether it may be told of old ones again."""

    name: str
    event: type[Event]
    since: Since
    is_replayable: bool
    attempts_max: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Repeated:
    """A handler that is called again and again: how often, and under which name its turn is kept."""

    name: str
    every_s: float


@dataclass(frozen=True, slots=True)
class _On:
    event: type[Event]
    since: Since
    is_replayable: bool
    attempts_max: int
    timeout_s: float


def on(
    event: type[Event],
    *,
    since: Since = "oldest",
    replayable: bool = False,
    attempts_max: int = 10,
    timeout_s: float = 30.0,
) -> Callable[[F], F]:
    """Have a method called for each event of a class that another service publishes.

    The method takes the event and, as `tx`, the transaction in which its effect, the events that it publishes and the
    record that it was told are committed together: once, however often it is tried. Events with one key come in their
    order. It fetches what it needs from others before its first statement.

    A new subscription begins with the oldest event that is still kept, or with `since="now"` with the next one.
    `replayable` says that it may be told of old events again (`atoll events rewind`). After `attempts_max` failures an
    event is put aside, with all later ones of its key, until somebody decides; while what the handler needs is only
    out of reach, it is tried on and on. An attempt may take `timeout_s`.

    >>> from atoll import Event
    >>> class LeadScored(Event, key="lead_id"):
    ...     lead_id: str
    >>> @on(LeadScored)
    ... async def route(self, event: LeadScored, tx: object) -> None: ...
    >>> [reaction.event.__name__ for reaction in reactions_in({"route": route})]
    ['LeadScored']
    """

    def mark(handler: F) -> F:
        setattr(handler, _ON, _On(event, since, replayable, attempts_max, timeout_s))
        return handler

    return mark


def every(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> Callable[[F], F]:
    """Have a method called again and again, by one instance at a time, in a transaction.

    The method takes it as `tx`. When it is due next is kept in the database, and moves in this transaction: a moment
    that nobody was there for is made good once. Its turn is kept under the method's name.
    """
    every_s = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()

    def mark(handler: F) -> F:
        setattr(handler, _EVERY, every_s)
        return handler

    return mark


def reactions_in(members: dict[str, Any]) -> Iterator[Reaction]:  # Any: whatever a class holds
    """The handlers of events among the members of a class."""
    for name, member in members.items():
        marked: _On | None = getattr(member, _ON, None)
        if marked is not None:
            yield Reaction(
                name, marked.event, marked.since, marked.is_replayable, marked.attempts_max, marked.timeout_s
            )


def repeated_in(members: dict[str, Any]) -> Iterator[Repeated]:  # Any: as above
    """The handlers among the members of a class that are called again and again."""
    for name, member in members.items():
        every_s: float | None = getattr(member, _EVERY, None)
        if every_s is not None:
            yield Repeated(name, every_s)


def handler_mistakes(
    name: str, handler: Callable[..., Any], *, takes_event: bool
) -> Iterator[tuple[str, str]]:  # Any: a method
    """What is wrong with the signature of such a handler, and what to do."""
    if not inspect.iscoroutinefunction(handler):
        yield f"`{name}` is not async", "write `async def`"
        return
    wanted = ("event", "tx") if takes_event else ("tx",)
    taken = list(inspect.signature(handler).parameters)[1:]
    if len(taken) != len(wanted):
        shown = ", ".join(("self", *wanted))
        yield f"`{name}` takes ({', '.join(taken)})", f"write `async def {name}({shown})`"
