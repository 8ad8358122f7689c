"""What every transport promises: one suite, run on each way in which a call can travel."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import pytest

from atoll import Context, contract, get
from atoll.adapters.http_client import HttpClient
from atoll.calls import Caller, LocalTransport, Transport, client
from atoll.contract import contract_of
from atoll.kernel import Criticality, Trace, current
from atoll.problems import DeadlineExceeded, InternalError, InvalidInput, Unavailable
from atoll.testing import SeededEntropy
from atoll.testing.network import MemoryNetwork
from atoll.topology.peers import Directory, Peers
from tests.adapters.authority import Authority
from tests.adapters.loops import on_uvloop
from tests.adapters.wire import Desk, Misled, Note, TooLate, Wire, dispatching, listening, socket_in
from tests.patience import PATIENCE_S

T = TypeVar("T")


@contract(version="1.0")
class Elsewhere(Protocol):
    """A service that runs nowhere."""

    @get("/things")
    async def things(self) -> int:
        """Some things."""
        ...


class Carried:
    """A service, and the transport by which it is called."""

    def __init__(self, desk: Desk, transport: Transport) -> None:
        self.desk = desk
        self.transport = transport
        self.wire = self.client(Wire)

    def client(self, protocol: Callable[..., T], timeout_s: float | None = None) -> T:
        """A client of a service that travels the same way."""
        return client(protocol, Caller("tester", self.transport, SeededEntropy(1), timeout_s=timeout_s))


@asynccontextmanager
async def _local(folder: Path, desk: Desk) -> AsyncGenerator[Transport]:
    dispatcher, transport = dispatching(desk), LocalTransport()
    transport.add(dispatcher)
    yield transport
    await dispatcher.close()


@asynccontextmanager
async def _memory(folder: Path, desk: Desk) -> AsyncGenerator[Transport]:
    async with _local(folder, desk) as local:
        assert isinstance(local, LocalTransport)
        network = MemoryNetwork(local, [contract_of(Wire)], SeededEntropy(0))
        yield network
        await network.close()


@asynccontextmanager
async def _unix(folder: Path, desk: Desk) -> AsyncGenerator[Transport]:
    async with listening(socket_in(folder), desk=desk) as wire:
        transport = HttpClient(Directory(Peers({"wire": (wire.address,)})), SeededEntropy(0))
        yield transport
        await transport.close()


@asynccontextmanager
async def _tcp(folder: Path, desk: Desk) -> AsyncGenerator[Transport]:
    async with listening("http://127.0.0.1:0", desk=desk) as wire:
        transport = HttpClient(Directory(Peers({"wire": (wire.address,)})), SeededEntropy(0))
        yield transport
        await transport.close()


@asynccontextmanager
async def _tls(folder: Path, desk: Desk) -> AsyncGenerator[Transport]:
    ours = Authority(folder)
    async with listening("https://127.0.0.1:0", desk=desk, tls=ours.server()) as wire:
        peers = Directory(Peers({"wire": (wire.address,)}))
        transport = HttpClient(peers, SeededEntropy(0), tls=ours.client())
        yield transport
        await transport.close()


WAYS = {"local": _local, "memory": _memory, "unix": _unix, "tcp": _tcp, "tls": _tls}

Test = Callable[[Carried], Coroutine[Any, Any, None]]  # Any: a coroutine's own send types


def on_every_transport(test: Test) -> Callable[[str, Path], None]:
    """Run it on each way."""

    @on_uvloop
    async def run(way: str, tmp_path: Path) -> None:
        desk = Desk()
        async with WAYS[way](tmp_path, desk) as transport:
            await test(Carried(desk, transport))

    def named(way: str, tmp_path: Path) -> None:
        run(way, tmp_path)

    named.__name__, named.__doc__ = test.__name__, test.__doc__
    return pytest.mark.parametrize("way", WAYS)(named)


@on_every_transport
async def test_a_result_arrives(carried: Carried) -> None:
    """A value, a word, nothing; arguments in the path, in the query and in the body."""
    note = Note(words=["", "é\u2028\n", "\U0001f600" * 1_000])

    assert await carried.wire.note(note) == note
    assert await carried.wire.word("a/ü ?#%", times=2) == "a/ü ?#%" * 2
    await carried.wire.order()


@on_every_transport
async def test_a_result_is_another_object(carried: Carried) -> None:
    """Nothing is shared."""
    note = Note(words=["a"])

    result = await carried.wire.note(note)
    result.words.append("b")

    assert note.words == ["a"]


@on_every_transport
async def test_a_declared_problem_arrives_as_itself(carried: Carried) -> None:
    """Also where its status means something to HTTP."""
    for problem in (TooLate(), Misled()):
        carried.desk.problem = problem
        with pytest.raises(type(problem)) as caught:
            await carried.wire.note(Note(words=[]))
        assert caught.value.trace_id


@on_every_transport
async def test_another_failure_is_told_without_internals(carried: Carried) -> None:
    """The log keeps the rest."""
    with pytest.raises(InternalError):
        await carried.wire.word("a", times=10**18)  # no memory holds it


@on_every_transport
async def test_a_wrong_argument_is_refused(carried: Carried) -> None:
    """Before any handler."""
    with pytest.raises(InvalidInput):
        await carried.wire.word("a", times=cast(int, "many"))

    assert not carried.desk.seen


@on_every_transport
async def test_a_stream_arrives(carried: Carried) -> None:
    """Empty, short, and longer than any buffer; its problem where it was raised."""
    for count in (0, 1, 3_000):
        assert [item async for item in carried.wire.items(count=count, size=100)] == [
            f"{number}" + "." * 100 for number in range(count)
        ]
    carried.desk.problem = TooLate()
    with pytest.raises(InternalError):  # which this operation has not declared
        await _read(carried.wire.items())


@on_every_transport
async def test_a_stream_that_is_left_ends_its_producer(carried: Carried) -> None:
    """At once, and nothing piles up before."""
    async with aclosing(cast(AsyncGenerator[str], carried.wire.items(count=1_000_000, size=1_000))) as items:
        async for _ in items:
            break

    async with asyncio.timeout(PATIENCE_S):
        await carried.desk.left.wait()
    assert carried.desk.made < 5_000


@on_every_transport
async def test_a_cancelled_caller_cancels_the_handler(carried: Carried) -> None:
    """However far away."""
    carried.desk.go.clear()
    asking = asyncio.ensure_future(carried.wire.word("a"))
    await carried.desk.entered.wait()

    asking.cancel()
    await asyncio.wait([asking])

    async with asyncio.timeout(PATIENCE_S):
        await carried.desk.left.wait()
    assert asking.cancelled()
    assert carried.desk.ended == ["word a"]


@on_every_transport
async def test_a_deadline_ends_the_call_and_the_handler(carried: Carried) -> None:
    """The same problem, whoever notices first."""
    carried.desk.go.clear()

    with pytest.raises(DeadlineExceeded):
        await carried.client(Wire, timeout_s=0.05).word("a")

    async with asyncio.timeout(PATIENCE_S):
        await carried.desk.left.wait()
    assert carried.desk.ended == ["word a"]


@on_every_transport
async def test_nothing_starts_after_a_deadline(carried: Carried) -> None:
    """A handler would work for nobody."""
    passed = current.set(Context(deadline_at=asyncio.get_running_loop().time() - 1))

    with pytest.raises(DeadlineExceeded):
        await carried.wire.order()

    current.reset(passed)
    assert not carried.desk.seen


@on_every_transport
async def test_a_service_that_runs_nowhere_is_unavailable(carried: Carried) -> None:
    """An answer, not an exception of the network."""
    with pytest.raises(Unavailable, match="elsewhere"):
        await carried.client(Elsewhere).things()


@pytest.mark.parametrize("user", ["ada", "Ada Lovelace", "a%20b", "é", "a\r\nb: c", "\U0001f600", "", " a "], ids=ascii)
@pytest.mark.parametrize("way", WAYS)
@on_uvloop
async def test_a_context_arrives(tmp_path: Path, way: str, user: str) -> None:
    """Whoever it names, in whatever script."""
    trace = Trace(2**127 + 1, 2**63 + 1, 0, True)
    given = Context(trace, None, "ignored", user, f"tenant {user}", Criticality.BACKGROUND, f"key {user}")
    desk = Desk()

    async with WAYS[way](tmp_path, desk) as transport:
        before = current.set(given)
        await Carried(desk, transport).wire.order()
        current.reset(before)

    (seen,) = desk.contexts
    assert (seen.user, seen.tenant, seen.criticality) == (user, f"tenant {user}", Criticality.BACKGROUND)
    assert seen.caller == "tester"
    assert (seen.trace.trace_id, seen.trace.parent_id, seen.trace.sampled) == (trace.trace_id, trace.span_id, True)
    assert seen.idempotency_key not in (None, f"key {user}"), "it is derived, never forwarded"
    assert 0 < (seen.deadline_at or 0) - asyncio.get_running_loop().time() <= 5


@on_every_transport
async def test_many_calls_at_once_get_their_own_answers(carried: Carried) -> None:
    """Small and large, answers and streams, all mixed."""

    async def streamed(count: int) -> str:
        return f"{len([item async for item in carried.wire.items(count=count, size=10)])}"

    works = [
        work
        for number in range(30)
        for work in (carried.wire.word(f"{number}"), streamed(number), carried.wire.word("a", times=number * 2_000))
    ]

    answers = await asyncio.gather(*works)

    assert answers[0::3] == answers[1::3] == [f"{number}" for number in range(30)]
    assert answers[2::3] == ["a" * (number * 2_000) for number in range(30)]


async def _read(items: AsyncIterator[str]) -> list[str]:
    return [item async for item in items]
