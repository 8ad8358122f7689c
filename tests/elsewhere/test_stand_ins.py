"""Who keeps the log of a command that publishes: a process beside it, planned, named and reached like any other."""

from pathlib import Path

import pytest

from atoll import Config, Mistakes, World, describe, single
from atoll.hosting import Directory, Peers
from atoll.identity import Manifest
from atoll.topology.launching import Launch
from atoll.topology.plan import Grouping, ProcessPlan, in_leaving_order, parts_of, plan
from tests.elsewhere.bazaar.application import bazaar


def planned(*groups: tuple[str, ...]) -> dict[str, ProcessPlan]:
    """The processes of the bazaar, by name."""
    plans, mistakes = plan(parts_of(describe(bazaar)), Grouping(groups))
    assert not mistakes
    return {each.name: each for each in plans}


def test_a_command_that_publishes_has_one() -> None:
    """It stays until the command has left; who is mounted needs none."""
    plans = planned()
    waves = [[each.name for each in wave] for wave in in_leaving_order(list(plans.values()))]

    assert [name for name in plans if "." in name] == ["tax.events"]
    assert not plans["tax.events"].kind.command
    leaving = [name for wave in waves for name in wave]
    assert leaving.index("tax") < leaving.index("tax.events")


def test_it_may_share_a_process_with_others() -> None:
    """As any service of Atoll's."""
    plans = planned(("tax.events", "rates"))

    assert plans["tax.events+rates"].names == ("tax.events", "rates")


def test_its_command_is_told_where_to_post_and_in_whose_name() -> None:
    """Beside the sockets of the services, of which it is none."""
    launch = Launch("bazaar:bazaar", Manifest("bazaar", "1.0", ()), Path("/state"), Path("/folder"))
    identity = {"ATOLL_TOKENS": "/run/tokens/tax"}
    sockets = {"rates": "/run/rates.sock", "tax.events": "/run/tax.events.sock"}

    told = {
        name: launch.variables(
            planned()[name], "/run/peers.json", 3, port=7001, sockets=sockets, callers=(), identity=identity
        )
        for name in ("tax", "rates")
    }

    assert told["tax"] == {
        "ATOLL_PEERS": "/run/peers.json",
        "ATOLL_SOCKET_RATES": "/run/rates.sock",
        "ATOLL_EVENTS": "/run/tax.events.sock",
        "ATOLL_EVENTS_PATH": "/tax.events/v1",
        "ATOLL_EVENTS_SOURCE": "/bazaar/tax",
        "ATOLL_TOKENS": "/run/tokens/tax",
        "PORT": "7001",
    }
    assert not any(name.startswith("ATOLL_EVENTS") for name in told["rates"])


def test_the_log_of_a_command_is_where_its_stand_in_is() -> None:
    """That of all others is where they are themselves."""
    directory = Directory(
        Peers({"tax": ("http://127.0.0.1:1",), "tax.events": ("unix:/a",), "rates": ("unix:/b",)}, {"tax": "/api"})
    )

    assert directory.addresses("tax.events") == ("unix:/a",)
    assert directory.addresses("rates.events") == ("unix:/b",)
    assert directory.door("tax.events") is None


async def test_a_process_hosts_it_by_its_name(tmp_path: Path) -> None:
    """The command itself is no service that a process of Atoll's could host."""
    config = Config({"BAZAAR_GEO_KEY": "none"})

    async with single(bazaar, world=World.real(tmp_path), config=config, services=["tax.events"]) as running:
        ready = await running.ready()
        instances = [each.declaration.name for each in running.instances.values()]
    with pytest.raises(Mistakes, match=r"has no service `tax\.event`") as unknown:
        async with single(bazaar, world=World.real(tmp_path), config=config, services=["tax.event"]):
            pass
    with pytest.raises(Mistakes, match="`tax` is started from a command"):
        async with single(bazaar, world=World.real(tmp_path), config=config, services=["tax"]):
            pass

    assert ready == {"tax": True}
    assert instances == ["tax.events"]
    assert "tax, tax.events" in str(unknown.value)
