"""The catalog: what is public, and nothing else, for whoever the application trusts with it."""

import dataclasses
from typing import Protocol

import pytest

from atoll import Application, Context, InvalidInput, Service, contract, get, private
from atoll.edge import Catalog
from atoll.problems import MethodNotAllowed, NoSuchOperation
from atoll.testing import test_world
from atoll.topology import Running, single
from tests.gateway.orders import OrdersService
from tests.placements import Placement, on_every_placement


class Door(Service, owner="tests"):
    """An edge that does nothing by itself."""

    catalog: Catalog
    seen: list[str] = private(default_factory=list)


SHOP = Application("shop", services=[OrdersService], edges=[Door])


def catalog_of(shop: Running) -> Catalog:
    """What the edge was given."""
    door = shop.instances["door"].service
    assert isinstance(door, Door)
    return door.catalog


async def test_only_public_operations_are_found() -> None:
    """By path: a private one is as if it were not there."""
    async with single(SHOP, world=test_world()) as shop:
        catalog = catalog_of(shop)

        assert catalog.find("GET", "/orders/v1/orders/7")[0].id == "orders.find"
        with pytest.raises(NoSuchOperation, match="/orders/v1/inside"):
            catalog.find("GET", "/orders/v1/inside")
        with pytest.raises(MethodNotAllowed, match="it takes DELETE, GET"):
            catalog.find("PUT", "/orders/v1/orders/7")


async def test_a_private_operation_cannot_be_invoked_either() -> None:
    """An edge that has it from elsewhere (the contract is there to be read) is refused all the same."""
    async with single(SHOP, world=test_world()) as shop:
        catalog = catalog_of(shop)
        inside = catalog.listings[0].contract.operation("inside")

        with pytest.raises(NoSuchOperation):
            await catalog.invoke(inside, (), "", b"", Context())


@on_every_placement
@pytest.mark.parametrize(
    ("name", "query", "body"),
    [
        ("listed", "tagz=a", b""),
        ("listed", "colour=mauve", b""),
        ("place", "", b'{"id": "1", "colour": "mauve"}'),
        ("place", "", b'{"id": "1", "colour": "red", "color": "red"}'),
    ],
)
async def test_a_stranger_is_told_of_what_nobody_knows(
    placement: Placement, name: str, query: str, body: bytes
) -> None:
    """A name or a word that is not in the contract is a slip of theirs, wherever the service runs."""
    world = test_world()
    async with single(SHOP, world=dataclasses.replace(world, network=placement.network(world.entropy))) as shop:
        catalog = catalog_of(shop)
        operation = catalog.listings[0].contract.operation(name)

        answer = await catalog.invoke(operation, (), query, body, Context())

    assert (answer.status, b"invalid_input" in answer.body) == (422, True)


@contract(version="1.0")
class Held(Protocol):
    """Holds lines, of which those inside are not for strangers."""

    @get("/lines/{line}", public=True)
    async def line(self, line: str) -> str: ...

    @get("/lines/inside")
    async def inside(self) -> str: ...

    @get("/lines/export", public=True)
    async def export(self) -> str: ...


class HeldService(Service, Held, owner="tests"):
    """Holds lines."""

    async def line(self, line: str) -> str:
        return line

    async def inside(self) -> str:
        return "of the house"

    async def export(self) -> str:
        return "all"


@on_every_placement
@pytest.mark.parametrize("path", ["/held/v1/lines/inside", "/held/v1/lines/%69nside", "/held/v1/lines/%65xport"])
async def test_no_word_of_a_path_leads_to_another_operation(placement: Placement, path: str) -> None:
    """Where the service is elsewhere the other one would be asked, and in one process the one that was meant."""
    world = test_world()
    held = Application("held", services=[HeldService], edges=[Door])
    async with single(held, world=dataclasses.replace(world, network=placement.network(world.entropy))) as running:
        catalog = catalog_of(running)
        operation, words = catalog.find("GET", path)

        with pytest.raises(InvalidInput, match="this is the path of another operation"):
            await catalog.invoke(operation, words, "", b"", Context())


async def test_a_query_from_outside_has_a_limit() -> None:
    """Each field is work before anybody has looked at it."""
    async with single(SHOP, world=test_world()) as shop:
        catalog = catalog_of(shop)
        listed = catalog.listings[0].contract.operation("listed")

        within = await catalog.invoke(listed, (), "&".join(["tags=a"] * 1_000), b"", Context())
        with pytest.raises(InvalidInput, match="more than 1000 fields"):
            await catalog.invoke(listed, (), "&".join(["tags=a"] * 1_001), b"", Context())

    assert within.status == 200
