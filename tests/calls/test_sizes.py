"""How much travels with a call: the same in one process as over a network, where heads and bodies have limits."""

from typing import Protocol

import pytest

from atoll import Application, InvalidInput, Service, Value, contract, get, post
from atoll.problems import BrokenContract, PayloadTooLarge
from tests.placements import Topology, on_every_topology
from tests.simulated import simulated

MEBIBYTE = 1024 * 1024


class Letter(Value):
    """As JSON eleven bytes longer than its text."""

    text: str


@contract(version="1.0")
class Scale(Protocol):
    """Says how long a text is."""

    @get("/texts/{name}", timeout_s=60)
    async def named(self, name: str, more: str = "") -> int: ...

    @get("/lists", timeout_s=60)
    async def listed(self, names: tuple[str, ...]) -> int: ...

    @post("/texts", timeout_s=60)
    async def sent(self, letter: Letter) -> int: ...

    @get("/long/{mebibytes}", timeout_s=60)
    async def long(self, mebibytes: int) -> str: ...


class ScaleService(Service, Scale, owner="tests"):
    async def named(self, name: str, more: str = "") -> int:
        return len(name) + len(more)

    async def listed(self, names: tuple[str, ...]) -> int:
        return len(names)

    async def sent(self, letter: Letter) -> int:
        return len(letter.text)

    async def long(self, mebibytes: int) -> str:
        return "x" * (mebibytes * MEBIBYTE)


SCALES = Application("scales", services=[ScaleService], edges=())


@on_every_topology
@simulated
async def test_an_address_has_a_limit_whatever_it_is_made_of(placement: Topology) -> None:
    """In one process it had none, over a network the answer was one that no contract knows."""
    async with placement.running(SCALES) as app:
        scale = app.client(Scale)

        assert await scale.named("x" * 24_000, "y" * 24_000) == 48_000
        assert await scale.named("\N{SNOWMAN}" * 5_000) == 5_000  # nine bytes each
        assert await scale.listed(("x",) * 5_000) == 5_000
        with pytest.raises(InvalidInput, match="and 49152 are taken: put what is long into the body"):
            await scale.named("x" * 24_000, "y" * 26_000)
        with pytest.raises(InvalidInput, match="as an address"):
            await scale.named("\N{SNOWMAN}" * 6_000)
        with pytest.raises(InvalidInput, match="as an address"):
            await scale.listed(("x",) * 8_000)


@on_every_topology
@simulated
async def test_a_body_has_a_limit(placement: Topology) -> None:
    """Eight mebibytes."""
    async with placement.running(SCALES) as app:
        scale = app.client(Scale)

        assert await scale.sent(Letter(text="x" * (8 * MEBIBYTE - 11))) == 8 * MEBIBYTE - 11
        with pytest.raises(PayloadTooLarge) as caught:
            await scale.sent(Letter(text="x" * (8 * MEBIBYTE - 10)))

    assert caught.value.limit_bytes == 8 * MEBIBYTE


@on_every_topology
@simulated
async def test_an_answer_has_a_limit(placement: Topology) -> None:
    """Sixty-four mebibytes."""
    async with placement.running(SCALES) as app:
        with pytest.raises(BrokenContract) as caught:
            await app.client(Scale).long(64)

    assert [fault.detail for fault in caught.value.errors] == [f"is longer than {64 * MEBIBYTE} bytes"]
