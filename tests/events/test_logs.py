"""What every log promises: the same tests on the outbox itself, and through its door from another process.

A broker joins with another way to read.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from atoll import Unavailable
from atoll.adapters.http_client import HttpClient
from atoll.adapters.http_server import HttpServer
from atoll.calls import LocalTransport
from atoll.data import DatabaseUnavailable
from atoll.events import PARTITIONS, Batch, Log, Wanted, partition_of
from atoll.problems import InvalidInput
from atoll.topology.log_door import LogDoor, RemoteLog, door_of
from atoll.topology.peers import Directory, Peers
from tests.events.coast import ENTROPY, TASKS, Counted, Shore, events_in, reading, wanted
from tests.events.conftest import Opens

Reads = Callable[[Shore], Awaitable[Log]]


@pytest.fixture(params=["outbox", "door"])
async def reads(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Reads]:
    """A way to read the log of a publisher."""
    async with AsyncExitStack() as stack:

        async def through(shop: Shore) -> Log:
            if request.param == "outbox":
                return shop.log
            answering = LocalTransport()
            answering.add(LogDoor("shop", shop.log))
            server = HttpServer(answering, [door_of("shop")], ENTROPY)
            stack.push_async_callback(server.close)
            address = await server.listen(f"unix:{tmp_path}/s")
            client = HttpClient(Directory(Peers({"shop": (address,)})), ENTROPY)
            stack.push_async_callback(client.close)
            return RemoteLog("shop", client, ENTROPY)

        yield through


async def test_it_gives_what_was_committed_in_its_order(shop: Shore, reads: Reads) -> None:
    """Positions count on, and the envelopes are as they were written."""
    log = await reads(shop)
    await shop.sell(1, 2, 3)

    batch = await log.fetch(wanted(0))

    assert [event["data"]["count"] for event in events_in(batch)] == [1, 2, 3]
    assert [message.position for message in batch.messages] == [1, 2, 3]
    assert (batch.after, batch.until) == (0, 3)
    assert batch.incarnation


async def test_the_same_part_is_given_as_often_as_it_is_asked_for(shop: Shore, reads: Reads) -> None:
    """To anybody."""
    log = await reads(shop)
    await shop.sell(1, 2)

    first, second = await log.fetch(wanted(1)), await log.fetch(wanted(1))

    assert first == second
    assert len(first.messages) == 1


async def test_it_gives_only_the_partitions_that_are_wanted(shop: Shore, reads: Reads) -> None:
    """And says how far it has looked, so that nothing is asked for again."""
    log = await reads(shop)
    await shop.sell(1, article="lamp")
    await shop.sell(2, article="table")
    mine = partition_of("main", "lamp")

    batch = await log.fetch(wanted(0, partitions=[mine]))

    assert [message.partition for message in batch.messages] == [mine]
    assert batch.until == 2


async def test_it_gives_no_more_than_is_wanted(shop: Shore, reads: Reads) -> None:
    """What is behind is asked for next."""
    log = await reads(shop)
    await shop.sell(*range(10))

    batch = await log.fetch(wanted(0, limit=4))

    assert (len(batch.messages), batch.until) == (4, 4)


async def test_it_gives_no_more_at_once_than_an_answer_can_hold(shop: Shore, reads: Reads) -> None:
    """Who was away while much was said asks again for the rest; nothing is left out between two batches."""
    log = await reads(shop)
    for count in range(10):
        await shop.publish(Counted(count=count, remarks="x" * 1_000_000))

    first = await log.fetch(wanted(0))
    rest = await log.fetch(wanted(first.until))

    assert [event["data"]["count"] for event in events_in(first) + events_in(rest)] == list(range(10))
    assert sum(len(bytes(message.event)) for message in first.messages) < 9_500_000
    assert (first.messages[-1].position, rest.until) == (first.until, 10)


async def test_an_empty_log_says_where_it_begins_and_ends(shop: Shore, reads: Reads) -> None:
    """A new subscription begins there."""
    log = await reads(shop)
    empty = await log.fetch(wanted(0))
    await shop.sell(1, 2)
    full = await log.fetch(wanted(0, limit=0))

    assert (empty.oldest, empty.head, empty.messages) == (1, 0, ())
    assert (full.oldest, full.head, full.messages) == (1, 2, ())


async def test_it_wakes_who_waits_when_something_is_committed(shop: Shore, reads: Reads) -> None:
    """Long before the end of the wait."""
    log = await reads(shop)
    waiting = TASKS.spawn(log.fetch(wanted(0, wait_s=20)), "reader", awaited=True)
    await asyncio.sleep(0.05)

    await shop.sell(1)

    async with asyncio.timeout(10):
        assert len((await waiting).messages) == 1


async def test_it_wakes_nobody_for_what_is_not_wanted(shop: Shore, reads: Reads) -> None:
    """It answers at the end of the wait, and has moved on."""
    log = await reads(shop)
    other = [each for each in range(PARTITIONS) if each != partition_of("main", "lamp")]
    waiting = TASKS.spawn(log.fetch(wanted(0, wait_s=0.3, partitions=other)), "reader", awaited=True)
    await asyncio.sleep(0.05)
    await shop.sell(1)

    batch = await waiting

    assert (batch.messages, batch.until) == ((), 1)


async def test_it_lets_go_of_who_waits_when_it_closes(shop: Shore, reads: Reads) -> None:
    """As something that may be tried again, elsewhere."""
    log = await reads(shop)
    waiting = TASKS.spawn(log.fetch(wanted(0, wait_s=20)), "reader", awaited=True)
    await asyncio.sleep(0.05)

    shop.log.close()

    with pytest.raises(Unavailable):
        await waiting


async def test_a_subscription_lives_on_it(shop: Shore, reads: Reads, opens: Opens) -> None:
    """With several instances, none of which is told anything twice."""
    one, other = await opens("billing"), await opens("billing")
    async with reading(one, await reads(shop)) as first, reading(other, shop.log):
        for value in range(20):
            for article in ("lamp", "table", "chair"):
                await shop.sell(value, article=article)
        await first.until(60)
        noted = await first.noted()

    for article in ("lamp", "table", "chair"):
        assert [value for key, value in noted if key == article] == list(range(20))


async def test_a_door_refuses_what_it_cannot_read(shop: Shore, tmp_path: Path) -> None:
    """Whoever knocks."""
    answering = LocalTransport()
    answering.add(LogDoor("shop", shop.log))
    server = HttpServer(answering, [door_of("shop")], ENTROPY)
    await server.listen(f"unix:{tmp_path}/s")
    reader, writer = await asyncio.open_unix_connection(f"{tmp_path}/s")
    body = b'{"subscription": 7}'
    head = b"POST /shop.events/v1/fetch HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n"
    writer.write(head + b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body))
    answer = await reader.read()
    writer.close()
    await server.close()

    assert answer.startswith(b"HTTP/1.1 422 ")
    assert InvalidInput.code.encode() in answer


async def test_a_door_whose_database_has_gone_says_so(shop: Shore) -> None:
    """Readers ask again; nothing is logged as a defect."""
    answering = LocalTransport()
    answering.add(LogDoor("shop", shop.log))
    await shop.database.close()

    with pytest.raises(Unavailable, match="cannot be read now"):
        await RemoteLog("shop", answering, ENTROPY).fetch(wanted(0))


class Flickering:
    """A log that cannot be read while its database is away."""

    def __init__(self) -> None:
        self.is_away = False

    async def fetch(self, wanted: Wanted) -> Batch:
        """Nothing, or why not."""
        if self.is_away:
            raise DatabaseUnavailable("it does not answer")
        return Batch("one", wanted.after, wanted.after, 1, 0, (), ())


async def test_a_door_says_once_that_its_log_cannot_be_read_and_when_it_can(caplog: pytest.LogCaptureFixture) -> None:
    """All who follow it ask again and again: a second without a database would be dozens of equal lines."""
    log, answering = Flickering(), LocalTransport()
    answering.add(LogDoor("shop", log))
    reads = RemoteLog("shop", answering, ENTROPY)

    for is_away in (False, True, True, True, False, False, True):
        log.is_away = is_away
        with contextlib.suppress(Unavailable):
            await reads.fetch(wanted(0))

    said = [record.getMessage().partition(":")[2] for record in caplog.records if record.name == "atoll.events"]
    away = " its log cannot be read: "
    assert [each.startswith(away) or each for each in said] == [True, " its log can be read again", True]
