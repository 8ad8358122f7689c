"""One pool an instance: bounded, shared fairly, and nothing of it is lost, however calls end."""

import asyncio
import random
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult

import pytest

from atoll.adapters.http_client import HttpClient
from atoll.adapters.http_connection import Connection
from atoll.adapters.http_instance import ClientLimits, connect
from atoll.calls import Caller, client
from atoll.problems import DeadlineExceeded, Unavailable
from atoll.testing import SeededEntropy
from atoll.topology.peers import Directory, Peers
from tests.adapters.loops import on_each_loop, on_uvloop
from tests.adapters.scripted import calling
from tests.adapters.wire import Note, Wire, comes_true, listening, socket_in
from tests.plain import PLAIN


@on_each_loop
async def test_no_more_connections_are_opened_than_may_be(tmp_path: Path) -> None:
    """The others wait for their turn."""
    limits = ClientLimits(connections_max=3)
    async with listening(socket_in(tmp_path)) as wire, calling(wire.address, limits=limits) as call:
        wire.desk.go.clear()
        calls = [asyncio.ensure_future(call.wire.word(f"{number}")) for number in range(50)]
        await comes_true(lambda: len(wire.desk.seen) == 3)
        assert len(wire.server.connections) == 3
        wire.desk.go.set()
        words = await asyncio.gather(*calls)

        assert words == [f"{number}" for number in range(50)]
        assert len(wire.server.connections) == 3


@on_each_loop
async def test_no_more_calls_wait_than_may(tmp_path: Path) -> None:
    """One more is told at once; that says nothing about the instance."""
    limits = ClientLimits(connections_max=2, waiting_max=3)
    async with listening(socket_in(tmp_path)) as wire, calling(wire.address, limits=limits) as call:
        wire.desk.go.clear()
        calls = [asyncio.ensure_future(call.wire.word("a")) for _ in range(5)]
        await comes_true(lambda: len(wire.desk.seen) == 2)
        with pytest.raises(Unavailable, match="2 calls are under way, and 3 wait"):
            await call.wire.word("a")
        wire.desk.go.set()
        await asyncio.gather(*calls)

        (instance,) = call.transport.instances
        assert not instance.is_left_out(asyncio.get_running_loop().time())


@on_each_loop
async def test_a_call_goes_where_there_is_room(tmp_path: Path) -> None:
    """Where there is none it is told so, and no instance is blamed for it."""
    limits = ClientLimits(connections_max=1, waiting_max=0)
    async with (
        listening(socket_in(tmp_path, "one")) as one,
        listening(socket_in(tmp_path, "two")) as two,
        calling(one.address, two.address, limits=limits) as call,
    ):
        one.desk.go.clear()
        two.desk.go.clear()
        calls = [asyncio.ensure_future(call.wire.order()) for _ in range(2)]
        await comes_true(lambda: len(one.desk.seen) == len(two.desk.seen) == 1)
        with pytest.raises(Unavailable, match="under way"):
            await call.wire.order()
        one.desk.go.set()
        two.desk.go.set()
        await asyncio.gather(*calls)


@on_each_loop
async def test_cancelled_calls_give_back_what_they_held(tmp_path: Path) -> None:
    """Whatever they were at: opening, waiting, asking, reading. Drawn from a seed."""
    chance = random.Random(7)
    limits = ClientLimits(connections_max=3, waiting_max=1_000)

    async def read(wire: Wire) -> None:
        async for _ in wire.items(count=chance.randrange(50), size=1_000):
            await asyncio.sleep(0)

    async with listening(socket_in(tmp_path)) as wire, calling(wire.address, limits=limits) as call:
        calls: list[asyncio.Future[Any]] = []  # Any: results of all kinds
        for _ in range(400):
            works = (lambda: call.wire.word("a"), lambda: call.wire.note(Note(words=["a"])), lambda: read(call.wire))
            calls.append(asyncio.ensure_future(chance.choice(works)()))
            if chance.random() < 0.3:
                await asyncio.sleep(0)
            if chance.random() < 0.5:
                chance.choice(calls).cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        words = await asyncio.gather(*(call.wire.word("b") for _ in range(20)))

        (instance,) = call.transport.instances
        assert words == ["b"] * 20
        assert instance.connections <= 3
        assert not instance.waiting
        assert all(not isinstance(done.exception(), Exception) for done in calls if not done.cancelled())


class Doors:
    """Opens connections as a test says: fails while `broken`, and waits until `go`."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.broken = True
        self.tried = 0

    async def __call__(
        self, address: SplitResult, protocol: Callable[[], Connection], tls: ssl.SSLContext | None
    ) -> None:
        self.tried += 1
        await self.go.wait()
        if self.broken:
            raise ConnectionRefusedError(111, "Connection refused")
        await connect(address, protocol, tls)


class Line(asyncio.Transport):
    """A connection of which a test is the other side."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_cut = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.is_cut = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@pytest.mark.parametrize("is_streamed", [False, True])
@on_uvloop
async def test_whoever_is_cancelled_as_its_answer_comes_disturbs_nobody(*, is_streamed: bool) -> None:
    """By then the connection is another's; that of a stream is nobody's."""
    lines: list[tuple[Connection, Line]] = []

    async def opened(address: SplitResult, protocol: Callable[[], Connection], tls: ssl.SSLContext | None) -> None:
        made = protocol()
        lines.append((made, Line()))
        made.connection_made(lines[-1][1])

    limits = ClientLimits(connections_max=1)
    transport = HttpClient(Directory(Peers({"wire": ("unix:/line",)})), SeededEntropy(0), limits=limits, connect=opened)
    typed = client(Wire, Caller("tester", transport, SeededEntropy(1), policies=PLAIN))

    async def first() -> object:
        if not is_streamed:
            return await typed.word("a")
        return [item async for item in typed.items()]

    one, other = asyncio.ensure_future(first()), asyncio.ensure_future(typed.order())
    await comes_true(lambda: bool(lines and lines[0][1].written))
    connection, line = lines[0]
    head = b"HTTP/1.1 200 OK\r\n"
    connection.data_received(
        head + (b"transfer-encoding: chunked\r\n\r\n" if is_streamed else b'content-length: 3\r\n\r\n"a"')
    )
    one.cancel()
    await asyncio.wait([one])

    assert one.cancelled()
    assert line.is_cut == is_streamed
    if is_streamed:
        connection.connection_lost(None)
    await comes_true(lambda: sum(len(each.written) for _, each in lines) == 2)
    lines[-1][0].data_received(b"HTTP/1.1 204 No Content\r\n\r\n")
    await other
    await transport.close()


@pytest.mark.parametrize("how", ["fails", "is cancelled"])
@on_uvloop
async def test_whoever_waits_learns_that_a_connection_did_not_open(tmp_path: Path, how: str) -> None:
    """The place is free again, and nobody else would say so."""
    doors = Doors()
    async with listening(socket_in(tmp_path)) as wire:
        resolver = Directory(Peers({"wire": (wire.address,)}))
        transport = HttpClient(resolver, SeededEntropy(0), limits=ClientLimits(connections_max=1), connect=doors)
        typed = client(Wire, Caller("tester", transport, SeededEntropy(1), policies=PLAIN))
        opening = asyncio.ensure_future(typed.order())
        await comes_true(lambda: doors.tried == 1)
        waiting = [asyncio.ensure_future(typed.word("a")) for _ in range(3)]
        await asyncio.sleep(0)
        if how == "fails":
            doors.go.set()
            with pytest.raises(Unavailable):
                await opening
        else:
            opening.cancel()
            await asyncio.wait([opening])
            doors.go.set()
        doors.broken = False

        answers = await asyncio.gather(*waiting, return_exceptions=True)

        assert answers[-1] == "a"
        assert await typed.word("b") == "b"
        await transport.close()


@on_each_loop
async def test_connections_that_nobody_uses_are_closed(tmp_path: Path) -> None:
    """Again and again: the next call opens one."""
    limits = ClientLimits(idle_s=0.04)
    async with listening(socket_in(tmp_path)) as wire, calling(wire.address, limits=limits) as call:
        for _ in range(3):
            assert await call.wire.word("a") == "a"
            await comes_true(lambda: not wire.server.connections)


@on_each_loop
async def test_calls_move_with_the_peers(tmp_path: Path) -> None:
    """What is under way ends where it began; then that connection goes."""
    async with (
        listening(socket_in(tmp_path, "old")) as old,
        listening(socket_in(tmp_path, "new")) as new,
        calling(old.address) as call,
    ):
        await call.wire.order()
        old.desk.go.clear()
        under_way = asyncio.ensure_future(call.wire.word("under way"))
        await comes_true(lambda: len(old.desk.seen) == 2)

        call.directory.put(Peers({"wire": (new.address,)}))
        await call.wire.order()
        old.desk.go.set()

        assert await under_way == "under way"
        assert (old.desk.seen, new.desk.seen) == (["order", "word under way"], ["order"])
        await comes_true(lambda: not old.server.connections)


@on_each_loop
async def test_a_client_that_is_closed_leaves_nothing_of_what_had_moved(tmp_path: Path) -> None:
    """A call under way at an instance that is no peer any more is lost with the others."""
    async with listening(socket_in(tmp_path, "old")) as old, listening(socket_in(tmp_path, "new")) as new:
        async with calling(old.address) as call:
            old.desk.go.clear()
            under_way = asyncio.ensure_future(call.wire.order())
            await old.desk.entered.wait()
            call.directory.put(Peers({"wire": (new.address,)}))
            await call.wire.order()
        with pytest.raises(Unavailable):
            await under_way
        await old.desk.left.wait()

        assert old.desk.ended == ["order"]


@on_each_loop
async def test_a_service_without_peers_cannot_be_reached(tmp_path: Path) -> None:
    """Until there is one; then the same client reaches it."""
    async with listening(socket_in(tmp_path)) as wire, calling() as call:
        with pytest.raises(Unavailable, match="no instance of it is known to run"):
            await call.wire.order()
        call.directory.put(Peers({"wire": (wire.address,)}))
        await call.wire.order()


@on_each_loop
async def test_a_caller_that_is_cancelled_ends_the_work_on_the_other_side(tmp_path: Path) -> None:
    """By closing the connection; so does a deadline."""
    async with listening(socket_in(tmp_path)) as wire, calling(wire.address) as call:
        wire.desk.go.clear()
        asking = asyncio.ensure_future(call.wire.word("a"))
        await wire.desk.entered.wait()
        asking.cancel()
        await asyncio.wait([asking])
        await wire.desk.left.wait()
        await comes_true(lambda: not wire.server.connections)

        assert wire.desk.ended == ["word a"]
        assert asking.cancelled()


@on_each_loop
async def test_a_deadline_ends_the_work_on_both_sides(tmp_path: Path) -> None:
    """It travels as what is left of it."""
    async with listening(socket_in(tmp_path)) as wire, calling(wire.address, timeout_s=0.05) as call:
        wire.desk.go.clear()
        with pytest.raises(DeadlineExceeded):
            await call.wire.word("a")
        await wire.desk.left.wait()

        assert wire.desk.ended == ["word a"]


@on_each_loop
async def test_a_server_that_drains_loses_no_call(tmp_path: Path) -> None:
    """Under load, with a second instance to go to: every command is done, once."""
    async with listening(socket_in(tmp_path, "one")) as one, listening(socket_in(tmp_path, "two")) as two:
        async with calling(one.address, two.address) as call:

            async def work() -> None:
                for _ in range(50):
                    await call.wire.order()

            working = [asyncio.ensure_future(work()) for _ in range(8)]
            await comes_true(lambda: len(one.desk.seen) > 20)
            await one.server.drain(5)
            await one.server.close()
            await asyncio.gather(*working)

        assert len(one.desk.seen) + len(two.desk.seen) == 400
        assert len(two.desk.seen) > len(one.desk.seen)


@on_each_loop
async def test_a_client_that_is_closed_sends_nothing_again(tmp_path: Path) -> None:
    """Neither what is under way, idempotent or not, nor what comes later."""
    async with listening(socket_in(tmp_path)) as wire:
        transport = HttpClient(Directory(Peers({"wire": (wire.address,)})), SeededEntropy(0))
        typed = client(Wire, Caller("tester", transport, SeededEntropy(1), policies=PLAIN))
        wire.desk.go.clear()
        under_way = asyncio.ensure_future(typed.word("a"))
        await comes_true(lambda: bool(wire.desk.seen))
        await transport.close()
        wire.desk.go.set()

        with pytest.raises(Unavailable):
            await under_way
        with pytest.raises(Unavailable, match="closed"):
            await typed.word("b")

        assert wire.desk.seen == ["word a"]
