"""From an application to processes: groups, counts, the order of leaving, and every mistake at once."""

import pytest

from atoll.processes import Grouping, HostedService, ProcessPlan, plan
from atoll.topology.plan import Kind, Part, callers_of, in_leaving_order


def part(name: str, *callees: str, is_edge: bool = False, kind: Kind | None = None) -> Part:
    """A service that calls others."""
    return Part(HostedService(name=name, version="1.0", owner="me"), callees, is_edge, kind or Kind())


SHOP = [
    part("capture", "scoring"),
    part("scoring", "enrichment"),
    part("enrichment"),
    part("gateway", is_edge=True),
    part("tax", kind=Kind(command=("node", "tax.js"), root="")),
    part("geo", kind=Kind(url="https://geo.example.com")),
]


def planned(*groups: tuple[str, ...], **instances: int) -> list[ProcessPlan]:
    """The plans, where nothing is wrong."""
    plans, mistakes = plan(SHOP, Grouping(groups, instances))
    assert not mistakes
    return plans


def wrong(*groups: tuple[str, ...], **instances: int) -> list[str]:
    """What is wrong."""
    plans, mistakes = plan(SHOP, Grouping(groups, instances))
    assert not plans
    return [mistake.what for mistake in mistakes]


def test_each_service_has_a_process_of_its_own() -> None:
    """Unless something else is asked for."""
    plans = planned()

    assert [(each.name, each.instances) for each in plans] == [(each.name, 1) for each in SHOP]
    assert [each.name for each in plans if each.is_remote] == ["geo"]


def test_a_group_shares_a_process_and_its_count() -> None:
    """Where its first service stands in the application."""
    plans = planned(("scoring", "capture"), scoring=3)

    assert [(each.name, each.names, each.instances) for each in plans[:2]] == [
        ("scoring+capture", ("scoring", "capture"), 3),
        ("enrichment", ("enrichment",), 1),
    ]
    assert plans[0].callees == ("enrichment",)


def test_edges_and_callers_leave_before_those_they_call() -> None:
    """So that what they have in progress still finds an answer."""
    waves = in_leaving_order(planned()[:4])

    assert [[each.name for each in wave] for wave in waves] == [["gateway"], ["capture"], ["scoring"], ["enrichment"]]


def test_each_knows_who_calls_it_and_leaves_before() -> None:
    """While those are there, it may be called."""
    found = callers_of(planned()[:4])

    assert found == {"capture": (), "scoring": ("capture",), "enrichment": ("scoring",), "gateway": ()}


def test_processes_in_a_circle_leave_together() -> None:
    """Two groups can call each other where no two services do."""
    waves = in_leaving_order(planned(("capture", "enrichment"))[:3])

    assert [sorted(each.name for each in wave) for wave in waves] == [["gateway"], ["capture+enrichment", "scoring"]]


def test_every_mistake_is_told_at_once() -> None:
    """Whoever mends one would otherwise meet the next."""
    found = wrong(("scoring", "caputre"), ("scoring", "tax"), gateway=2, enrichment=0, nobody=2, geo=2)

    assert found == [
        "--group names `caputre`, which is no service",
        "`tax` cannot share a process with others",
        "`scoring` is in a group 2 times",
        "`gateway` owns a port, so that there can be only one of it",
        "`enrichment` cannot have 0 instances",
        "--instances names `nobody`, which is no service",
        "`geo` runs elsewhere",
    ]


def test_a_group_has_one_count() -> None:
    """A process holds one instance of each."""
    assert wrong(("scoring", "capture"), scoring=2, capture=3) == [
        "a group has as many instances of one as of the other, not scoring=2, capture=3"
    ]


def test_there_are_no_more_than_a_machine_holds() -> None:
    """A digit too many would fill it, one process after the other."""
    assert wrong(scoring=257) == ["`scoring` cannot have 257 instances"]
    assert next(each.instances for each in planned(scoring=256) if each.name == "scoring") == 256


def test_a_group_with_an_edge_cannot_be_many() -> None:
    """The edge's port goes with it."""
    assert wrong(("scoring", "gateway"), scoring=2) == ["`gateway` owns a port, so that there can be only one of it"]


@pytest.mark.parametrize("count", [1, 4])
def test_a_command_can_be_many(count: int) -> None:
    """Each is given a port of its own."""
    assert next(each.instances for each in planned(tax=count) if each.name == "tax") == count
