"""Paths and queries as addresses: what a server reads from them is what the caller meant, wherever the two are."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from atoll import Application, InvalidInput, Service, contract, get
from tests.placements import Topology, on_every_topology
from tests.simulated import simulated


@contract(version="1.0")
class Files(Protocol):
    """Operations whose paths have much in common."""

    @get("/files/{name}")
    async def one(self, name: str) -> str:
        """One file."""
        ...

    @get("/files/recent")
    async def recent(self) -> str:
        """The last file."""
        ...

    @get("/files/{name}/parts/{number}")
    async def part(self, name: str, number: int) -> str:
        """A part of a file."""
        ...

    @get("/files")
    async def some(self, names: tuple[str, ...] = (), like: str | None = None) -> str:
        """Some files."""
        ...

    @get("/files/{name}/lines")
    def lines(self, name: str) -> AsyncIterator[str]:
        """The lines of a file."""
        ...


class _FilesService(Service, Files, owner="tests"):
    async def one(self, name: str) -> str:
        return f"one {name}"

    async def recent(self) -> str:
        return "recent"

    async def part(self, name: str, number: int) -> str:
        return f"part {number} of {name}"

    async def some(self, names: tuple[str, ...] = (), like: str | None = None) -> str:
        return f"{names} like {like!r}"

    async def lines(self, name: str) -> AsyncIterator[str]:
        yield "first\n of two"
        yield '{"$problem":"is only a line here"}'
        yield name


FILES = Application("files", services=[_FilesService])

EVIL = [
    "a/b",
    "a b",
    "a+b",
    "100%",
    "%2F",
    "%",
    "?",
    "#",
    "&",
    ";",
    "\x00",
    "\r\n",
    "é",
    "e\u0301",
    "\U0001f600",
    "..a",
]


@pytest.mark.parametrize("name", EVIL, ids=ascii)
@on_every_topology
@simulated
async def test_every_character_of_an_argument_arrives(placement: Topology, name: str) -> None:
    """In a path, in a query, and in both at once."""
    async with placement.running(FILES) as app:
        files = app.client(Files)
        answers = [
            await files.one(name),
            await files.part(name, -1),
            await files.some((name, name), like=name),
        ]

    assert answers == [f"one {name}", f"part -1 of {name}", f"{(name, name)} like {name!r}"]


@pytest.mark.parametrize("name", ["", ".", ".."])
@on_every_topology
@simulated
async def test_a_word_that_means_something_else_in_a_path_is_refused(placement: Topology, name: str) -> None:
    """Proxies and servers take such segments away."""
    async with placement.running(FILES) as app:
        with pytest.raises(InvalidInput):
            await app.client(Files).one(name)


@on_every_topology
@simulated
async def test_a_path_argument_cannot_be_mistaken_for_another_operation(placement: Topology) -> None:
    """On the wire `GET /files/recent` is one operation, whoever asks."""
    async with placement.running(FILES) as app:
        files = app.client(Files)
        assert await files.recent() == "recent"
        with pytest.raises(InvalidInput):
            await files.one("recent")


@on_every_topology
@simulated
async def test_none_and_nothing_are_told_apart_from_an_empty_word(placement: Topology) -> None:
    """None is told by absence."""
    async with placement.running(FILES) as app:
        files = app.client(Files)
        answers = [await files.some(), await files.some((), None), await files.some(("",), "")]

    assert answers == ["() like None", "() like None", "('',) like ''"]


@on_every_topology
@simulated
async def test_a_long_list_of_words_travels(placement: Topology) -> None:
    """Between services there is no limit that one placement has and the other has not."""
    names = tuple(f"{number}" for number in range(1_000))

    async with placement.running(FILES) as app:
        answer = await app.client(Files).some(names)

    assert answer == f"{names} like None"


@on_every_topology
@simulated
async def test_a_line_of_a_stream_may_hold_anything(placement: Topology) -> None:
    """Also what looks like the end of a line, or like a problem."""
    async with placement.running(FILES) as app:
        lines = [line async for line in app.client(Files).lines("x\ny")]

    assert lines == ["first\n of two", '{"$problem":"is only a line here"}', "x\ny"]
