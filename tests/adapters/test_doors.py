"""The door of a process over HTTP: what is refused is cheap, has not begun, and says when to come again."""

from collections.abc import Hashable
from pathlib import Path

import pytest

from atoll.adapters.http_server import HttpServer
from atoll.calls import LocalTransport
from atoll.kernel import Criticality
from atoll.problems import Overloaded
from atoll.testing import SeededEntropy
from tests.adapters.scripted import calling
from tests.adapters.wire import Desk, Speaker, dispatching, live, socket_in


class Closed:
    """Lets nobody in, and counts."""

    def __init__(self) -> None:
        self.asked: list[Criticality] = []

    def admits(self, criticality: Criticality, now: float, *, is_patient: bool = False) -> bool:
        """Nobody."""
        self.asked.append(criticality)
        return False

    def ended(self, operation: Hashable, seconds: float | None) -> None:
        """Nothing has begun."""
        raise AssertionError("nobody was let in")


async def test_who_is_refused_is_told_when_to_come_again_and_that_nothing_has_begun(tmp_path: Path) -> None:
    """The body may be anything: nobody has read it; the connection stays. Health and streams are never refused."""
    desk, closed = Desk(), Closed()
    dispatcher = dispatching(desk)
    answering = LocalTransport()
    answering.add(dispatcher)
    entropy = SeededEntropy(1)
    server = HttpServer(answering, [dispatcher.contract], entropy, pages={"/livez": live}, doorkeeper=closed)
    address = await server.listen(socket_in(tmp_path))
    async with await Speaker.connect(address) as speaker:
        head = b"POST /wire/v1/orders HTTP/1.1\r\nhost: wire\r\natoll-criticality: background\r\n"
        await speaker.say(head + b"content-type: application/json\r\ncontent-length: 3\r\n\r\n{{{")
        refused = await speaker.answer()
        await speaker.say(b"GET /livez HTTP/1.1\r\nhost: wire\r\n\r\n")
        alive = await speaker.answer()
    await server.close()
    await dispatcher.close()

    assert refused.status == 503
    assert refused.headers["retry-after"] in ("1", "2", "3")
    assert refused.headers["atoll-not-begun"] == "1"
    assert b'"code":"overloaded"' in refused.body
    assert alive.status == 200
    assert closed.asked == [Criticality.BACKGROUND]


async def test_its_caller_is_told_by_a_problem_and_asks_no_other_instance(tmp_path: Path) -> None:
    """Whoever has too much to do has brothers who have, too: it is the caller who decides, within his budget."""
    desk, closed = Desk(), Closed()
    dispatcher = dispatching(desk)
    answering = LocalTransport()
    answering.add(dispatcher)
    server = HttpServer(answering, [dispatcher.contract], SeededEntropy(1), doorkeeper=closed)
    address = await server.listen(socket_in(tmp_path))
    async with calling(address) as call:
        with pytest.raises(Overloaded):
            await call.wire.order()
        items = [item async for item in call.wire.items(3)]
    await server.close()
    await dispatcher.close()

    assert len(closed.asked) == 1
    assert len(items) == 3
