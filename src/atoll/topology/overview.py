"""Subscriptions as their operator sees them: what both ends say of each, put together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from atoll.data import Database
from atoll.events.operating import Bounds, Follower, Following, bounds_of, followers_of, followings_of, waiting_for
from atoll.service import Elsewhere
from atoll.topology.graph import Graph


class Standing(StrEnum):
    """How a subscription fares."""

    READING = "reading"
    STOPPED = "stopped"
    LAPSED = "lapsed"
    NOT_BEGUN = "not begun"
    """It has never read."""
    UNDECLARED = "undeclared"
    """No handler reacts to this publisher any more, and its log is still kept for it."""


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """How one service's subscription to another one fares. Moments are seconds since 1970.

    `lag` counts the messages that have not taken effect and are not put aside, `oldest_at` is when the first of them
    was published; `per_s` counts what was published for it each second, in the last minute. What nobody here can know,
    because a database is not there, is None.
    """

    subscriber: str
    publisher: str
    standing: Standing
    types: tuple[str, ...]
    is_replayable: bool
    position: int | None
    head: int | None
    lag: int | None
    oldest_at: float | None
    per_s: float | None
    seen_at: float | None
    waiting: int
    behind: int
    dead: int
    generation: int
    instances: int


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The log of one publisher: positions from `oldest` to `head` are kept, the oldest one since `oldest_at`."""

    publisher: str
    oldest: int
    head: int
    oldest_at: float | None


LIVE_S = 120.0
"""Of a subscriber whose own database is not here, whoever has read so recently reads."""

Ends = tuple[str, str]
"""A subscriber, and a publisher."""


async def overview(
    graph: Graph, databases: Mapping[str, Database], now: float
) -> tuple[list[SubscriptionStatus], list[LogStatus]]:
    """All subscriptions of an application, declared or found, and the logs that they follow."""
    followings = {
        (each.name, each.publisher): each for database in databases.values() for each in await followings_of(database)
    }
    followers: dict[Ends, Follower] = {}
    logs: dict[str, Bounds] = {}
    for publisher, database in databases.items():
        own = [each for (_, of), each in followings.items() if of == publisher]
        for follower in await followers_of(database, now, own):
            followers[follower.name, publisher] = follower
        logs[publisher] = await bounds_of(database)
    declared = declared_types(graph)
    unheard = {
        ends: await waiting_for(databases[ends[1]], types, followings.get(ends))
        for ends, types in declared.items()
        if ends not in followers and ends[1] in databases and _reads_everything(graph, ends[0])
    }
    publishing = {publisher for _, publisher in (*declared, *followings, *followers)}
    statuses = [
        _status(ends, graph, declared.get(ends), followings.get(ends), followers.get(ends), unheard.get(ends), now)
        for ends in sorted({*declared, *followings, *followers}, key=lambda ends: (ends[1], ends[0]))
    ]
    kept = [
        LogStatus(name, bounds.oldest, bounds.head, bounds.oldest_at)
        for name, bounds in logs.items()
        if name in publishing or bounds.head
    ]
    return statuses, kept


def declared_types(graph: Graph) -> dict[Ends, tuple[str, ...]]:
    """The types of events that are subscribed to, by who does, and to whom."""
    found: dict[Ends, tuple[str, ...]] = {}
    for publisher, event_type, subscriber in graph.events:
        found[subscriber, publisher] = (*found.get((subscriber, publisher), ()), event_type)
    return found


def is_replayable(graph: Graph, subscriber: str, types: Iterable[str]) -> bool:
    """Whether all handlers of these events may be told of them again."""
    return not once_only(graph, subscriber, types)


def once_only(graph: Graph, subscriber: str, types: Iterable[str]) -> list[str]:
    """The handlers of these events that may not be told of them again."""
    wanted = set(types)
    return [
        reaction.name
        for service in graph.services
        if service.name == subscriber
        for reaction in service.reactions
        for publisher in graph.services
        if publisher.contract is not None and reaction.event in publisher.contract.publishes
        if publisher.contract.event_type(reaction.event) in wanted and not reaction.is_replayable
    ]


def _status(
    ends: Ends,
    graph: Graph,
    types: tuple[str, ...] | None,
    following: Following | None,
    follower: Follower | None,
    unheard: tuple[int, float | None] | None,
    now: float,
) -> SubscriptionStatus:
    subscriber, publisher = ends
    instances = following.instances(now) if following else 0
    is_heard = following is None and follower is not None and now - follower.seen_at < LIVE_S
    if follower is not None and follower.lapsed_at is not None:
        standing = Standing.LAPSED
    elif instances or is_heard:
        standing = Standing.READING
    elif types is None and _is_known(graph, subscriber):
        standing = Standing.UNDECLARED
    else:
        standing = Standing.STOPPED if following or follower else Standing.NOT_BEGUN
    position = max((stand.position for stand in following.stands), default=None) if following else None
    if follower is not None and (position is None or not follower.lag):
        position = follower.done
    lag, oldest_at = (follower.lag, follower.oldest_at) if follower else unheard or (None, None)
    return SubscriptionStatus(
        subscriber,
        publisher,
        standing,
        types or (follower.types if follower else ()),
        bool(types) and is_replayable(graph, subscriber, types or ()),
        position,
        follower.head if follower else None,
        lag,
        oldest_at,
        follower.per_s if follower else None,
        follower.seen_at if follower else None,
        following.waiting if following else 0,
        following.behind if following else 0,
        following.dead if following else 0,
        following.generation if following else 0,
        instances,
    )


def _reads_everything(graph: Graph, subscriber: str) -> bool:
    """Whether a service reads a log from its oldest message on; unknown, and False, where its handlers are not here."""
    service = next((each for each in graph.services if each.name == subscriber), None)
    return service is not None and any(reaction.since == "oldest" for reaction in service.reactions)


def _is_known(graph: Graph, subscriber: str) -> bool:
    """Whether its handlers are known here: not those of a service that lives in an environment of its own."""
    found = next((service for service in graph.services if service.name == subscriber), None)
    return found is None or found.has_database or is_elsewhere(graph, subscriber)


def is_elsewhere(graph: Graph, service: str) -> bool:
    """Whether a service was not written with Atoll: where its subscriptions are is then kept by who publishes."""
    return any(isinstance(item, Elsewhere) and item.name == service for item in graph.application.services)
