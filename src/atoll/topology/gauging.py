"""How the parts of a process fare at a moment, as gauges."""

from collections.abc import Iterable, Iterator, Mapping

from atoll.calls import Caller
from atoll.resilience import Doorkeeper, Shedding
from atoll.service import Instance
from atoll.telemetry import Gauge
from atoll.topology.owning import Owned


def gauges_of(
    instances: Mapping[str, Instance], owned: Mapping[str, Owned], callers: Iterable[Caller], doorkeeper: Doorkeeper
) -> Iterator[Gauge]:
    """Calls in progress, events that are behind, what the doorkeeper lets in, and breakers that are open.

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
    if isinstance(doorkeeper, Shedding):
        yield Gauge("admitted_in_progress", float(doorkeeper.in_progress))
        yield Gauge("admitted_limit", doorkeeper.limit)
        for criticality, count in doorkeeper.shed.items():
            yield Gauge("shed", float(count), criticality)
