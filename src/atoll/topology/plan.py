"""From an application to processes: which services share one, how many of each there are, and who calls whom. Pure."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from atoll.kernel import Mistake
from atoll.service import Command, Listed, Reference, Remote
from atoll.topology.graph import Graph
from atoll.topology.standing_in import stand_in_name
from atoll.topology.supervision import HostedService

INSTANCES_MAX = 256
"""More of one service than one machine holds: who asks for so many has mistyped, and would fill it one by one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one service becomes a process, where it is not simply hosted by the application's own Python.

    With `command` it is a program that is not Atoll's, with `url` it runs elsewhere and nothing is started. A
    distribution of its own has a `requirement` and the `place` of its class, and may ask for a Python (`python`).
    `root` is below which path its operations are, where they are not at their own place.
    """

    place: str = ""
    requirement: str = ""
    python: str = ""
    command: tuple[str, ...] = ()
    url: str = ""
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One service as the plan sees it; `callees` are the services that it calls, by name."""

    hosted: HostedService
    callees: tuple[str, ...] = ()
    is_edge: bool = False
    kind: Kind = Kind()

    @property
    def name(self) -> str:
        """The service's name."""
        return self.hosted.name


@dataclass(frozen=True, slots=True)
class Grouping:
    """What was asked for: services that share a process, and how many instances there are of some."""

    groups: tuple[tuple[str, ...], ...] = ()
    instances: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """Processes of one kind: what each hosts, and how many there are. `callees` are plans, by name."""

    name: str
    services: tuple[HostedService, ...]
    instances: int
    callees: tuple[str, ...]
    has_edge: bool
    kind: Kind

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its services."""
        return tuple(service.name for service in self.services)

    @property
    def is_single(self) -> bool:
        """Whether there can be only one of it: it owns a port of its own, so that the old one ends before the new."""
        return self.has_edge

    @property
    def is_remote(self) -> bool:
        """Whether it runs elsewhere."""
        return bool(self.kind.url)


def parts_of(graph: Graph) -> list[Part]:
    """The services of an application, as they become processes."""
    application = graph.application
    parts: list[Part] = []
    for service, listed in zip(graph.services, (*application.services, *application.edges), strict=True):
        version = service.contract.version if service.contract else ""
        callees = [callee for caller, callee in graph.calls if caller == service.name]
        if isinstance(listed, Command) and service.has_database:  # its events are kept by a process of their own
            callees.append(stand_in_name(service.name))
            parts.append(Part(HostedService(name=callees[-1], version=version, owner=service.owner)))
        hosted = HostedService(name=service.name, version=version, owner=service.owner)
        parts.append(Part(hosted, tuple(callees), service.name in graph.edges, _kind(listed)))
    return parts


def _kind(listed: Listed) -> Kind:
    match listed:
        case Command():
            return Kind(command=listed.command, root=listed.root)
        case Remote():
            return Kind(url=listed.url)
        case Reference(requirement=str() as requirement):
            return Kind(place=listed.service, requirement=requirement, python=listed.python or "")
        case _:
            return Kind()


def plan(parts: Sequence[Part], grouping: Grouping) -> tuple[list[ProcessPlan], list[Mistake]]:
    """The processes of an application, and everything that is wrong with what was asked for."""
    by_name = {part.name: part for part in parts}
    mistakes = [*_group_mistakes(by_name, grouping.groups), *_instance_mistakes(by_name, grouping)]
    if mistakes:
        return [], mistakes
    group_of = {name: group for group in grouping.groups for name in group}
    groups = list(dict.fromkeys(group_of.get(part.name, (part.name,)) for part in parts))
    plan_of = {name: "+".join(group) for group in groups for name in group}
    return [_planned([by_name[name] for name in group], plan_of, grouping.instances) for group in groups], []


def in_leaving_order(plans: Sequence[ProcessPlan]) -> list[list[ProcessPlan]]:
    """Who leaves together, in which order: edges and callers before those they call.

    Groups can make a circle of processes where services make none; those in it leave together, last.
    """
    left, waves = list(plans), list[list[ProcessPlan]]()
    while left:
        called = {callee for each in left for callee in each.callees if callee != each.name}
        has_edges = any(each.has_edge for each in left)
        wave = [each for each in left if each.name not in called and (each.has_edge or not has_edges)]
        wave = wave or left
        waves.append(wave)
        left = [each for each in left if each not in wave]
    return waves


def callers_of(plans: Sequence[ProcessPlan]) -> dict[str, tuple[str, ...]]:
    """By plan, the services that call its own and leave before it: while they are there, it may be called."""
    found: dict[str, tuple[str, ...]] = {}
    before: list[ProcessPlan] = []
    for wave in in_leaving_order(plans):
        for each in wave:
            found[each.name] = tuple(name for other in before if each.name in other.callees for name in other.names)
        before += wave
    return found


def advice_on(name: str, names: Sequence[str]) -> str:
    """Which name was probably meant.

    >>> advice_on("scorin", ["capture", "scoring"])
    'did you mean `scoring`?'
    """
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean `{close[0]}`?" if close else f"there are {', '.join(names)}"


def _planned(parts: Sequence[Part], plan_of: Mapping[str, str], instances: Mapping[str, int]) -> ProcessPlan:
    name = plan_of[parts[0].name]
    callees = [plan_of[callee] for part in parts for callee in part.callees if callee in plan_of]
    return ProcessPlan(
        name,
        tuple(part.hosted for part in parts),
        next((instances[part.name] for part in parts if part.name in instances), 1),
        tuple(dict.fromkeys(callee for callee in callees if callee != name)),
        any(part.is_edge for part in parts),
        parts[0].kind,
    )


def _group_mistakes(parts: Mapping[str, Part], groups: Sequence[Sequence[str]]) -> Iterator[Mistake]:
    for group in groups:
        for name in group:
            if name not in parts:
                yield Mistake(None, f"--group names `{name}`, which is no service", advice_on(name, list(parts)))
            elif parts[name].kind != Kind() and len(group) > 1:
                fix = "take it out of the group: it is a process of its own"
                yield Mistake(None, f"`{name}` cannot share a process with others", fix)
    for name, count in Counter(name for group in groups for name in group).items():
        if count > 1:
            yield Mistake(None, f"`{name}` is in a group {count} times", "name it in one --group, once")


def _instance_mistakes(parts: Mapping[str, Part], grouping: Grouping) -> Iterator[Mistake]:
    for name, count in grouping.instances.items():
        if name not in parts:
            yield Mistake(None, f"--instances names `{name}`, which is no service", advice_on(name, list(parts)))
            continue
        yield from _count_mistakes(parts[name], count)
    for group in grouping.groups:
        counts = {name: grouping.instances[name] for name in group if name in grouping.instances}
        if len(set(counts.values())) > 1:
            said = ", ".join(f"{name}={count}" for name, count in counts.items())
            yield Mistake(None, f"a group has as many instances of one as of the other, not {said}", "say one number")
        if any(count > 1 for count in counts.values()):
            for name in group:
                if name in parts and parts[name].is_edge:
                    yield from _count_mistakes(parts[name], max(counts.values()))


def _count_mistakes(part: Part, count: int) -> Iterator[Mistake]:
    reason = uncountable(part.name, count, is_edge=part.is_edge, is_remote=bool(part.kind.url))
    if reason:
        yield Mistake(None, *reason)


def unstoppable(name: str, *, is_edge: bool, is_remote: bool) -> str | None:
    """Why a service cannot be stopped while the others go on, and what to do; None where it can be."""
    if is_remote:
        return f"`{name}` runs elsewhere: stop it where it runs"
    return f"`{name}` is the way in: stop the application instead" if is_edge else None


def uncountable(name: str, count: int, *, is_edge: bool, is_remote: bool) -> tuple[str, str] | None:
    """Why there cannot be so many instances, and what to do; None where there can be."""
    if count < 1:
        return f"`{name}` cannot have {count} instances", "say 1 or more"
    if count > INSTANCES_MAX:
        return f"`{name}` cannot have {count} instances", f"say {INSTANCES_MAX} or less"
    if is_remote:
        return f"`{name}` runs elsewhere", "scale it where it runs"
    if is_edge and count > 1:
        return f"`{name}` owns a port, so that there can be only one of it", "put a proxy in front of several of them"
    return None
