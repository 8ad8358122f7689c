"""A typed client alone: through a gateway and to a service itself, with a loop and without one."""

import asyncio
import inspect
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from atoll import (
    Application,
    DeadlineExceeded,
    Problem,
    Service,
    Unauthenticated,
    Unavailable,
    Value,
    contract,
    get,
    post,
)
from atoll.problems import NoSuchOperation
from atoll.testing import test_world
from atoll.topology.connecting import NoAddress, connect, connect_sync
from atoll.topology.peers import Directory, Peers
from atoll.topology.serving import serving
from tests.gateway.serving import served
from tests.patience import PATIENCE_S


class Count(Value):
    article: str
    count: int


class SoldOut(Problem, status=409):
    """There is none left."""

    article: str


@contract(version="1.0")
class Stock(Protocol):
    """Keeps what is sold."""

    @get("/articles/{article}", public=True, raises=(SoldOut,))
    async def count(self, article: str) -> Count: ...

    @post("/articles", public=True)
    async def add(self, added: Count) -> Count: ...

    @get("/numbers", public=True, raises=(SoldOut,))
    def numbers(self, upto: int) -> AsyncIterator[int]: ...

    @get("/hang", public=True)
    async def hang(self) -> None: ...

    @get("/secret")
    async def secret(self) -> str: ...


BEGUN, LET_GO = threading.Event(), threading.Event()


class StockService(Service, Stock, owner="warehouse"):
    async def count(self, article: str) -> Count:
        if article == "none":
            raise SoldOut(article=article)
        return Count(article=article, count=7)

    async def add(self, added: Count) -> Count:
        return added

    async def numbers(self, upto: int) -> AsyncIterator[int]:
        try:
            for number in range(upto):
                if number == 13:
                    raise SoldOut(article="13")
                yield number
                await asyncio.sleep(0)
        finally:
            LET_GO.set()

    async def hang(self) -> None:
        BEGUN.set()
        try:
            await asyncio.Event().wait()
        finally:
            LET_GO.set()

    async def secret(self) -> str:
        return "secret"


shop = Application("shop", services=[StockService], owner="shop")


@pytest.fixture(autouse=True)
def _nothing_has_happened() -> None:
    BEGUN.clear()
    LET_GO.clear()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a running gateway, and a key."""
    with served(shop, tmp_path_factory.mktemp("state")) as found:
        yield found.url, found.key


# --- with a loop -----------------------------------------------------------------------------------------------------


async def test_a_client_calls_through_a_gateway(gateway: tuple[str, str]) -> None:
    """Results, problems and streams are the contract's own; what is not public is not there."""
    url, key = gateway

    async with connect(url, key=key) as connected:
        stock = connected.client(Stock)
        assert await stock.count("a/b") == Count(article="a/b", count=7)
        assert await stock.add(Count(article="x", count=1)) == Count(article="x", count=1)
        assert [number async for number in stock.numbers(3)] == [0, 1, 2]
        with pytest.raises(SoldOut) as caught:
            await stock.count("none")
        with pytest.raises(NoSuchOperation):
            await stock.secret()

    assert caught.value == SoldOut(article="none")


async def test_a_gateway_asks_for_a_key(gateway: tuple[str, str]) -> None:
    """Without one, and with a wrong one."""
    url, _ = gateway

    for key in (None, "wrong"):
        async with connect(url, key=key) as connected:
            with pytest.raises(Unauthenticated):
                await connected.client(Stock).count("x")


async def test_a_client_calls_a_service_at_its_own_address(tmp_path: Path) -> None:
    """Without a key: whoever reaches the address is inside."""
    for address in (f"unix:{tmp_path}/stock.sock", "http://127.0.0.1:0"):
        async with (
            serving(
                shop, world=test_world(), directory=Directory(Peers()), listen=[address], services=["stock"]
            ) as running,
            connect(running.addresses[0]) as connected,
        ):
            stock = connected.client(Stock)
            assert await stock.count("x") == Count(article="x", count=7)
            assert await stock.secret() == "secret"
            assert [number async for number in stock.numbers(2)] == [0, 1]


async def test_nobody_there_is_unavailable() -> None:
    """As with any service."""
    async with connect("http://127.0.0.1:9") as connected:
        with pytest.raises(Unavailable):
            await connected.client(Stock).count("x")


async def test_a_call_has_its_time(gateway: tuple[str, str]) -> None:
    """Told to the other side, which lets go."""
    url, key = gateway

    async with connect(url, key=key, timeout_s=0.1) as connected:
        with pytest.raises(DeadlineExceeded):
            await connected.client(Stock).hang()

    assert await asyncio.get_running_loop().run_in_executor(None, LET_GO.wait, 5)


@pytest.mark.parametrize("url", ["", "shop.example.com", "ftp://shop", "http://", "http://a/?b=c", "unix:here"])
async def test_what_is_no_url_is_told_at_once(url: str) -> None:
    """Before anything is called."""
    with pytest.raises(NoAddress) as caught:
        async with connect(url):
            pass

    assert "write http" in str(caught.value)


async def test_other_apis_are_called_below_their_own_root() -> None:
    """And told of nobody: headers are those that were given."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 28\r\n\r\n{"article": "x", "count": 1}')
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"http://127.0.0.1:{port}/api/", headers={"x-key": "k"}) as connected:
            found = await connected.client(Stock, root="/v9").count("x")

    assert found == Count(article="x", count=1)
    assert seen[0].startswith(b"GET /api/v9/articles/x HTTP/1.1\r\n")
    assert b"\r\nx-key: k\r\n" in seen[0]


# --- without a loop --------------------------------------------------------------------------------------------------


def test_a_program_without_a_loop_waits_for_results(gateway: tuple[str, str]) -> None:
    """And iterates over streams."""
    url, key = gateway

    with connect_sync(url, key=key) as shop:
        stock = shop.client(Stock)
        assert shop.wait(stock.count("lamp")).count == 7
        assert list(shop.items(stock.numbers(3))) == [0, 1, 2]
        with pytest.raises(SoldOut):
            shop.wait(stock.count("none"))
        with pytest.raises(SoldOut):
            list(shop.items(stock.numbers(100)))


async def test_a_notebook_waits_too(gateway: tuple[str, str]) -> None:
    """Where a loop runs already: it stands still meanwhile, as for any other line."""
    url, key = gateway

    with connect_sync(url, key=key) as shop:
        assert shop.wait(shop.client(Stock).count("lamp")).count == 7


def test_leaving_a_stream_early_ends_it(gateway: tuple[str, str]) -> None:
    """On the other side, too."""
    url, key = gateway

    with connect_sync(url, key=key) as shop:
        items = shop.items(shop.client(Stock).numbers(12))
        assert next(items) == 0
        items.close()  # what becomes of it when a `for` is left

        assert LET_GO.wait(PATIENCE_S)


def test_closing_ends_everything(gateway: tuple[str, str]) -> None:
    """A call of another thread, and a stream that nobody reads any more."""
    url, key = gateway
    ended: list[BaseException] = []

    with connect_sync(url, key=key) as shop:
        stock = shop.client(Stock)
        items = shop.items(stock.numbers(12))
        assert next(items) == 0

        def hang() -> None:
            try:
                shop.wait(stock.hang())
            except BaseException as error:  # noqa: BLE001 - looked at below
                ended.append(error)

        thread = threading.Thread(target=hang)
        thread.start()
        assert BEGUN.wait(PATIENCE_S)
    thread.join(PATIENCE_S)

    assert not thread.is_alive()
    assert LET_GO.wait(PATIENCE_S)
    assert [type(error).__name__ for error in ended] in (
        ["CancelledError"],
        ["Unavailable"],
    )  # which of both comes first
    with pytest.raises(RuntimeError, match="closed"):
        shop.wait(stock.count("x"))
    with pytest.raises(RuntimeError, match="closed"):
        next(items)


def test_an_interrupt_ends_the_call(gateway: tuple[str, str]) -> None:
    """Ctrl-C is raised where the program waits, and the service lets go."""
    url, key = gateway
    BEGUN.clear()
    waits = threading.get_ident()

    def interrupt() -> None:
        BEGUN.wait(PATIENCE_S)
        signal.pthread_kill(waits, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever another test has left
    try:
        with pytest.raises(KeyboardInterrupt), connect_sync(url, key=key) as shop:
            shop.wait(shop.client(Stock).hang())
    finally:
        signal.signal(signal.SIGINT, before)
    thread.join(PATIENCE_S)

    assert LET_GO.wait(PATIENCE_S)


def test_the_twins_take_the_same() -> None:
    """What can be said to the one can be said to the other."""
    signatures = [inspect.signature(each).parameters for each in (connect, connect_sync)]

    assert signatures[0] == signatures[1]


def test_what_cannot_be_reached_is_told_without_a_loop() -> None:
    """An error while it is opened ends the thread."""
    with pytest.raises(NoAddress), connect_sync("nowhere"):
        pass


def test_types_of_results_are_kept(gateway: tuple[str, str]) -> None:
    """`wait` gives what the operation promises, `items` what the stream holds."""
    url, key = gateway

    with connect_sync(url, key=key) as shop:
        found: Count = shop.wait(shop.client(Stock).count("x"))
        items: Iterator[int] = shop.items(shop.client(Stock).numbers(1))

        assert (found.count, list(items)) == (7, [0])
