"""An application, summed up: what the tables, the pictures and the JSON of `atoll show` are made from."""

from dataclasses import dataclass
from datetime import date

from atoll import Contract, Deprecation, Graph
from atoll.edge import Operation


@dataclass(frozen=True, slots=True)
class Deprecated:
    """Since when an operation is deprecated, until when it stays at least, and what to call instead."""

    since: date
    sunset: date | None
    instead: str | None


@dataclass(frozen=True, slots=True)
class OperationSummary:
    """One operation of a service, as its callers see it."""

    name: str
    method: str
    path: str
    public: bool
    answers: str
    """`value`, `page`, `stream` or `nothing`."""
    problems: tuple[str, ...]
    description: str
    deprecated: Deprecated | None


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """One service. `version` is its contract's; None where it has no contract."""

    name: str
    version: str | None
    owner: str
    description: str
    is_edge: bool
    operations: tuple[OperationSummary, ...]
    events: tuple[str, ...]
    depends_on: tuple[str, ...]
    reacts_to: tuple[str, ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether something of it is reachable from outside."""
        return any(operation.public for operation in self.operations)


@dataclass(frozen=True, slots=True)
class Call:
    """That one service calls another; `fallback` names what answers when the other cannot, or is absent.

    `timeout_s` is how long the other one may take, where the dependency says so.
    """

    caller: str
    callee: str
    fallback: str | None
    is_present: bool
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """That one service reacts to an event of another one; `event` is its type."""

    subscriber: str
    publisher: str
    event: str

    @property
    def event_name(self) -> str:
        """What happened, without whose it is and in which version."""
        return self.event.split(".")[1]


@dataclass(frozen=True, slots=True)
class Summary:
    """A whole application."""

    name: str
    version: str
    owner: str
    description: str
    services: tuple[ServiceSummary, ...]
    calls: tuple[Call, ...]
    subscriptions: tuple[Subscription, ...] = ()

    @property
    def drawn_services(self) -> tuple[ServiceSummary, ...]:
        """Those that belong into a picture: all but edges, which may call everything, unless they declare something."""
        drawn = {name for pair in (*self.pairs, *self.followed) for name in pair}
        return tuple(service for service in self.services if not service.is_edge or service.name in drawn)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Caller and callee of each call to a service that is there."""
        return tuple((call.caller, call.callee) for call in self.calls if call.is_present)

    @property
    def followed(self) -> dict[tuple[str, str], tuple[Subscription, ...]]:
        """The subscriptions, by publisher and subscriber."""
        found: dict[tuple[str, str], tuple[Subscription, ...]] = {}
        for each in self.subscriptions:
            pair = (each.publisher, each.subscriber)
            found[pair] = (*found.get(pair, ()), each)
        return found


def summarise(graph: Graph) -> Summary:
    """The summary of an application."""
    application = graph.application
    names = {service.contract.name: service.name for service in graph.services if service.contract}
    calls = tuple(
        Call(
            service.name,
            names.get(dependency.contract.name, dependency.contract.id),
            getattr(dependency.fallback, "__name__", None),
            dependency.contract.name in names,
            dependency.timeout_s,
        )
        for service in graph.services
        for dependency in service.dependencies
    )
    services = tuple(
        ServiceSummary(
            name=service.name,
            version=service.contract.version if service.contract else None,
            owner=service.owner,
            description=first_line(service.description),
            is_edge=service.name in graph.edges,
            operations=_operations(service.contract) if service.contract else (),
            events=tuple(service.contract.event_type(event) for event in service.contract.publishes)
            if service.contract
            else (),
            depends_on=tuple(call.callee for call in calls if call.caller == service.name and call.is_present),
            reacts_to=tuple(dict.fromkeys(of for of, _, subscriber in graph.events if subscriber == service.name)),
        )
        for service in graph.services
    )
    subscriptions = tuple(Subscription(subscriber, publisher, event) for publisher, event, subscriber in graph.events)
    return Summary(
        application.name,
        application.version,
        application.owner,
        application.description,
        services,
        calls,
        subscriptions,
    )


def first_line(text: str) -> str:
    """The first paragraph of a docstring as one line.

    >>> first_line(chr(10).join(["Says how well", "a lead fits.", "", "More."]))
    'Says how well a lead fits.'
    """
    return " ".join(text.partition("\n\n")[0].split())


def _operations(contract: Contract) -> tuple[OperationSummary, ...]:
    return tuple(
        OperationSummary(
            name=operation.name,
            method=operation.method,
            path=f"/{contract.name}{operation.path}".rstrip("/"),
            public=operation.public,
            answers=str(operation.form),
            problems=tuple(problem.code for problem in operation.raises),
            description=first_line(operation.description),
            deprecated=_deprecated(operation),
        )
        for operation in contract.operations
    )


def _deprecated(operation: Operation) -> Deprecated | None:
    deprecation: Deprecation | None = operation.deprecated
    return Deprecated(deprecation.since, deprecation.sunset, deprecation.instead) if deprecation else None


@dataclass(frozen=True, slots=True)
class Promise:
    """What becomes of a service when it cannot reach one that it calls: an answer of `fallback`, or `unavailable`.

    It is known `within_s`, or by the caller's own deadline where that is None.
    """

    service: str
    without: str
    is_present: bool
    outcome: str
    fallback: str | None
    within_s: float | None


def promises(summary: Summary) -> tuple[Promise, ...]:
    """What the application promises for each loss, in the order of its declared calls."""
    return tuple(
        Promise(
            call.caller,
            call.callee,
            call.is_present,
            "degraded" if call.fallback else "unavailable",
            call.fallback,
            call.timeout_s,
        )
        for call in summary.calls
    )
