"""How the parts of a process fare at a moment, as gauges."""

from collections.abc import Iterable, Iterator, Mapping

from atoll.calls import Caller
from atoll.kernel import Pooled
from atoll.resilience import Doorkeeper, Shedding
from atoll.service import Instance
from atoll.telemetry import Gauge
from atoll.topology.owning import Owned


def gauges_of(
    instances: Mapping[str, Instance],
    owned: Mapping[str, Owned],
    callers: Iterable[Caller],
    doorkeeper: Doorkeeper,
    outward: object,
) -> Iterator[Gauge]:
    """Calls in progress, events that are behind, pools, what the doorkeeper lets in, and breakers that are open.

    A breaker is told of while it is open: 1, or 0.5 where it is found out whether its target works again.
    """
    for name, instance in instances.items():
        yield Gauge("calls_in_progress", float(instance.active), name)
    for name, each in owned.items():
        for subscription in each.subscriptions:
            of = f"{name}<{subscription.subscribed.publisher}"
            yield Gauge("events_behind", float(subscription.lag), of)
            if openness := subscription.openness:
                yield Gauge("breaker_open", openness, of)
    for caller in callers:
        for service, openness in caller.breakers():
            yield Gauge("breaker_open", openness, f"{caller.name}>{service}")
    yield from _pools("http", outward)
    for each in owned.values():
        yield from _pools("database", each.database.driver)
    if isinstance(doorkeeper, Shedding):
        yield Gauge("admitted_in_progress", float(doorkeeper.in_progress))
        yield Gauge("admitted_limit", doorkeeper.limit)
        for criticality, count in doorkeeper.shed.items():
            yield Gauge("shed", float(count), criticality)


def _pools(kind: str, holder: object) -> Iterator[Gauge]:
    """The connections that somebody keeps, if he does."""
    for pool in holder.pools() if isinstance(holder, Pooled) else ():
        yield Gauge(f"{kind}_connections", float(pool.open), pool.to)
        yield Gauge(f"{kind}_connections_waited_for", float(pool.waiting), pool.to)
