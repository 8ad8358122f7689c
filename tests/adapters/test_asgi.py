"""ASGI applications as services: FastAPI and Starlette answer like any handler, and no application can break a call."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Protocol, Self

import msgspec
import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException, Query, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from atoll import Contract, DeadlineExceeded, Problem, Value, context, contract, contract_of, get, post, put
from atoll.adapters.asgi import AsgiDispatcher, Lifespan, LifespanFailed
from atoll.adapters.asgi_exchange import Limits
from atoll.calls import Caller, LocalTransport, client
from atoll.contract import contract_from_document
from atoll.kernel import Context, Trace, current
from atoll.problems import BrokenContract, InternalError, InvalidInput, Unavailable, UnknownProblem
from atoll.telemetry import MemoryRecorder
from atoll.testing import SeededEntropy
from tests.simulated import simulated

TRACE = Trace(1, 2, 0, True)


class Note(Value):
    words: list[str]


class Gone(Problem, status=410):
    """It was there once."""

    name: str


@contract(version="1.0")
class Probe(Protocol):
    """What a test asks."""

    @get("/notes/{name}")
    async def note(self, name: str, tags: tuple[str, ...] = ()) -> Note: ...

    @put("/notes/{name}", raises=(Gone,))
    async def keep(self, name: str, note: Note) -> Note: ...

    @post("/forget")
    async def forget(self) -> None: ...

    @get("/numbers")
    def numbers(self) -> AsyncIterator[int]: ...


class Served:
    """An ASGI application behind a dispatcher, and a client of it."""

    def __init__(self, app: ASGIApp, protocol: Any = Probe, **options: Any) -> None:  # Any: a contract; options
        self.recorder = MemoryRecorder()
        contract: Contract = contract_of(protocol)
        self.dispatcher = AsgiDispatcher(contract, app, SeededEntropy(1), self.recorder, **options)
        transport = LocalTransport()
        transport.add(self.dispatcher)
        self.client: Any = client(protocol, Caller("tests", transport, SeededEntropy(2)))  # Any: the contract's own

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.dispatcher.close()

    @property
    def outcomes(self) -> list[str]:
        return [record.outcome for record in self.recorder.records]


def said(*messages: Message, after: Callable[[], Awaitable[None]] | None = None) -> ASGIApp:
    """An application that says these messages, whatever it is asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        if after is not None:
            await after()

    return app


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


NOTE = b'{"words":["a"]}'


# --- what an application is asked ------------------------------------------------------------------------------------


async def test_a_request_is_what_a_server_would_hand_over() -> None:
    """Path, words, query, headers, body, and who asks until when."""
    seen: list[tuple[Scope, Message]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, await receive()))
        await send(start())
        await send(body(NOTE))

    async with Served(app) as served:
        token = current.set(Context(TRACE, None, "", "ada", "acme", idempotency_key="k"))
        await served.client.keep("a/ü?", Note(words=["b"]))
        current.reset(token)
        await served.client.note("x", tags=("1 2", "&"))

    ((put_scope, put_body), (get_scope, _)) = seen
    headers = dict(put_scope["headers"])
    assert (put_scope["type"], put_scope["method"], put_scope["scheme"]) == ("http", "PUT", "http")
    assert put_scope["raw_path"] == b"/notes/a%2F%C3%BC%3F"
    assert put_scope["path"] == "/notes/a/ü?"
    assert put_body == {"type": "http.request", "body": b'{"words":["b"]}', "more_body": False}
    assert headers[b"host"] == b"probe"
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"content-length"] == b"15"
    assert headers[b"traceparent"].startswith(b"00-00000000000000000000000000000001-")
    assert (headers[b"atoll-user"], headers[b"atoll-tenant"], headers[b"atoll-caller"]) == (b"ada", b"acme", b"tests")
    assert 0 < float(headers[b"atoll-timeout"]) <= 10
    assert headers[b"idempotency-key"]
    assert get_scope["query_string"] == b"tags=1%202&tags=%26"
    assert b"content-length" not in dict(get_scope["headers"])


async def test_an_application_sees_the_call_and_nothing_of_its_caller() -> None:
    """Its context is fresh, but for what travels."""
    seen: list[Context] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(context())
        await send(start())
        await send(body(NOTE))

    async with Served(app) as served:
        await served.client.note("x")

    assert seen[0].caller == "tests"
    assert seen[0].trace.parent_id != 0


# --- real applications -----------------------------------------------------------------------------------------------


def fastapi_application() -> FastAPI:
    app = FastAPI()
    done: list[str] = []

    @app.get("/notes/{name}")
    async def note(name: str, tags: Annotated[list[str] | None, Query()] = None) -> dict[str, list[str]]:
        if name == "none":
            raise HTTPException(404, "Not here")
        return {"words": [name, *(tags or [])]}

    @app.put("/notes/{name}", status_code=201)
    async def keep(name: str, note: dict[str, list[str]]) -> dict[str, list[str]]:
        return note

    @app.post("/forget", status_code=204)
    async def forget(background: BackgroundTasks) -> None:
        background.add_task(done.append, "later")

    @app.get("/who")
    def who(request: Request) -> str:
        return f"{request.headers['atoll-caller']} {request.url}"

    app.state.done = done
    return app


async def test_fastapi_answers_like_a_service() -> None:
    """Results, statuses of its own, work after the answer."""
    app = fastapi_application()

    async with Served(app) as served:
        assert await served.client.note("a", tags=("b",)) == Note(words=["a", "b"])
        assert await served.client.keep("a", Note(words=["c"])) == Note(words=["c"])
        assert await served.client.forget() is None
        assert await served.dispatcher.drain(1.0)

    assert app.state.done == ["later"]
    assert served.outcomes == ["ok", "ok", "ok"]


async def test_an_answer_that_is_no_problem_of_atolls_is_unknown_to_its_caller() -> None:
    """With its status, and what it says."""
    async with Served(fastapi_application()) as served:
        with pytest.raises(UnknownProblem) as caught:
            await served.client.note("none")

    assert caught.value.original_status == 404
    assert "Not here" in caught.value.message
    assert served.outcomes == ["status_404"]


async def test_its_own_document_is_its_contract() -> None:
    """Nobody has to write one."""
    app = fastapi_application()
    read, mistakes = contract_from_document(app.openapi(), id="quotes")
    assert read is not None
    assert not mistakes

    async with Served(app, read.protocol) as served:
        assert await served.client.note("a") == {"words": ("a",)}
        assert await served.client.keep("a", {"words": ["b"]}) == {"words": ("b",)}
        assert (await served.client.who()).startswith("tests http://quotes")
        with pytest.raises(UnknownProblem) as caught:
            await served.client.keep("a", {"words": 7})

    assert caught.value.original_status == 422


async def test_a_problem_of_the_contract_passes() -> None:
    """An application may answer with problems as Atoll has them."""
    answer = msgspec.json.encode({"code": "gone", "title": "Gone", "status": 410, "detail": "gone", "name": "x"})

    async with Served(said(start(410), body(answer))) as served:
        with pytest.raises(Gone) as caught:
            await served.client.keep("x", Note(words=[]))

    assert caught.value == Gone(name="x")
    assert served.outcomes == ["gone"]


async def test_an_application_that_calls_and_fails_is_an_internal_error() -> None:
    """What it lets pass of another service is not told to its own caller."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise InvalidInput(errors=())

    async with Served(app) as served:
        with pytest.raises(InvalidInput):
            await served.client.note("x")


# --- answers that are none -------------------------------------------------------------------------------------------


async def raising() -> None:
    raise RuntimeError("the secret of the application")


async def ending() -> None:
    sys.exit("the secret of the application")


HOSTILE: dict[str, ASGIApp] = {
    "raises at once": said(after=raising),
    "raises after its head": said(start(), after=raising),
    "raises within its body": said(start(), body(b'{"words"', more=True), after=raising),
    "ends the process": said(after=ending),
    "ends the process within its body": said(start(), body(b'{"words"', more=True), after=ending),
    "ends without a word": said(),
    "ends after its head": said(start()),
    "ends within its body": said(start(), body(b'{"words"', more=True)),
    "begins twice": said(start(), start(), body(NOTE)),
    "has no head": said(body(NOTE)),
    "says another length, longer": said(start(200, (b"content-length", b"99")), body(NOTE)),
    "says another length, shorter": said(start(200, (b"Content-Length", b"1")), body(NOTE)),
    "says no length": said(start(200, (b"content-length", b"x")), body(NOTE)),
    "has no status": said({"type": "http.response.start"}, body(NOTE)),
    "has a status that is text": said({"type": "http.response.start", "status": "200"}, body(NOTE)),
    "has a status that is none": said(start(99), body(NOTE)),
    "says what is no answer": said({"type": "websocket.accept"}),
    "says nothing at all": said({}),
    "never ends": said(start(), *[body(b"x" * 1_000, more=True)] * 200),
}


@pytest.mark.parametrize("app", HOSTILE.values(), ids=HOSTILE.keys())
async def test_an_answer_that_is_none_is_an_internal_error(app: ASGIApp, caplog: pytest.LogCaptureFixture) -> None:
    """Its caller learns nothing from inside, the log says what happened."""
    async with Served(app, limits=Limits(answer_bytes_max=10_000)) as served:
        with pytest.raises(InternalError) as caught:
            await served.client.note("x")

        assert served.dispatcher.active == 0

    assert "secret" not in str(caught.value)
    assert "probe.note failed" in caplog.text
    assert served.outcomes == ["internal_error"]


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"words":7}'])
async def test_a_result_that_does_not_fit_is_found_by_its_caller(data: bytes) -> None:
    """As with any other service."""
    async with Served(said(start(), body(data))) as served:
        with pytest.raises(BrokenContract):
            await served.client.note("x")


async def test_what_is_sent_after_the_end_is_refused_and_its_caller_has_its_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The application is told, in its own task; the log has it."""
    async with Served(said(start(), body(NOTE), body(NOTE))) as served:
        assert await served.client.note("x") == Note(words=["a"])
        await served.dispatcher.drain(1.0)

    assert "failed after its answer" in caplog.text


async def test_an_application_that_cancels_itself_has_failed() -> None:
    """Its caller goes on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async with Served(app) as served:
        with pytest.raises(InternalError):
            await served.client.note("x")


# --- deadlines and cancellation --------------------------------------------------------------------------------------


@simulated
async def test_an_application_that_never_answers_is_ended_at_the_deadline() -> None:
    """It is told by a disconnect, and cancelled."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await receive()
        except asyncio.CancelledError:
            seen.append("cancelled")
            seen.append((await receive())["type"])
            raise

    async with Served(app) as served:
        with pytest.raises(DeadlineExceeded):
            await served.client.note("x")
        ended_at = asyncio.get_running_loop().time()

    assert ended_at == pytest.approx(10.0)
    assert seen == ["cancelled", "http.disconnect"]
    assert served.outcomes == ["deadline_exceeded"]


@simulated
async def test_a_caller_that_goes_takes_the_work_with_it() -> None:
    """Cancelling the call cancels the application's task."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Served(app) as served:
        call = asyncio.ensure_future(served.client.note("x"))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        assert ended.is_set()
        assert served.dispatcher.active == 0


@simulated
async def test_a_draining_instance_takes_no_calls() -> None:
    """And waits for what its application does after its answers."""
    seen: list[str] = []

    async def later() -> None:
        await asyncio.sleep(3)
        seen.append("later")

    async with Served(said(start(), body(NOTE), after=later)) as served:
        await served.client.note("x")

        assert await served.dispatcher.drain(5.0)

        assert seen == ["later"]
        with pytest.raises(Unavailable):
            await served.client.note("x")


@simulated
async def test_what_an_application_does_for_ever_ends_with_its_instance() -> None:
    """Draining gives up, closing ends it."""

    async def for_ever() -> None:
        await asyncio.Event().wait()

    async with Served(said(start(), body(NOTE), after=for_ever)) as served:
        await served.client.note("x")

        assert not await served.dispatcher.drain(5.0)


# --- streams ---------------------------------------------------------------------------------------------------------


async def test_a_stream_comes_line_by_line() -> None:
    """However the application cuts its pieces."""
    app = said(start(), body(b"1\n2", more=True), body(b"2\n\n", more=True), body(b"", more=True), body(b"3"))

    async with Served(app) as served:
        assert [number async for number in served.client.numbers()] == [1, 22, 3]

        assert served.dispatcher.active == 0

    assert served.outcomes == ["ok"]


async def test_a_stream_that_is_refused_is_a_problem() -> None:
    """As one that was never begun."""
    async with Served(said(start(404), body(b'{"detail":"No"}'))) as served:
        with pytest.raises(UnknownProblem) as caught:
            _ = [number async for number in served.client.numbers()]

    assert caught.value.original_status == 404


@pytest.mark.parametrize(
    "app",
    [
        said(start(), body(b"1\n", more=True), after=raising),
        said(start(), body(b"1\n", more=True)),
        said(start(), body(b"1\n", more=True), *[body(b"2" * 1_000, more=True)] * 20),
    ],
    ids=["raises", "ends", "has a line without an end"],
)
async def test_a_stream_that_fails_ends_with_a_problem(app: ASGIApp) -> None:
    """After the items that came before."""
    seen: list[int] = []

    async with Served(app, limits=Limits(answer_bytes_max=10_000)) as served:
        numbers = served.client.numbers()
        seen.append(await anext(numbers))
        with pytest.raises(InternalError):
            await anext(numbers)

        assert served.dispatcher.active == 0

    assert seen == [1]


@simulated
async def test_an_application_streams_as_fast_as_it_is_read() -> None:
    """And ends when its reader has had enough."""
    sent: list[int] = []
    ended = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        try:
            for number in range(1_000_000):
                await send(body(b"%d\n" % number, more=True))
                sent.append(number)
        finally:
            ended.set()

    async with Served(app) as served:
        numbers = served.client.numbers()
        first = [await anext(numbers) for _ in range(3)]
        await asyncio.sleep(1)
        await numbers.aclose()

        assert first == [0, 1, 2]
        assert len(sent) < 10
        assert ended.is_set()
        assert served.dispatcher.active == 0


# --- lifespans -------------------------------------------------------------------------------------------------------


async def test_a_lifespan_is_run_and_leaves_its_state() -> None:
    """Started before the first request, stopped after the last."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["pool"] = "open"
            for step in ("startup", "shutdown"):
                seen.append((await receive())["type"])
                await send({"type": f"lifespan.{step}.complete"})
            return
        seen.append(scope["state"]["pool"])
        await send(start())
        await send(body(NOTE))

    lifespan = Lifespan(app)
    await lifespan.startup()
    async with Served(app, state=lifespan.state) as served:
        await served.client.note("x")
    await lifespan.shutdown()

    assert seen == ["lifespan.startup", "open", "lifespan.shutdown"]


async def test_fastapis_lifespan_is_run() -> None:
    """With the same task from its start to its end, as its context managers need."""
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncGenerator[dict[str, str]]:
        async with asyncio.timeout(100):
            seen.append("start")
            yield {"pool": "open"}
        seen.append("stop")

    lifespan = Lifespan(FastAPI(lifespan=life))
    await lifespan.startup()
    state = dict(lifespan.state)
    await lifespan.shutdown()

    assert (seen, state) == (["start", "stop"], {"pool": "open"})


async def without_support(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    return


@pytest.mark.parametrize("app", [without_support, silent])
async def test_an_application_without_a_lifespan_is_left_in_peace(app: ASGIApp) -> None:
    """The protocol has no other word for it than an exception."""
    lifespan = Lifespan(app)

    await lifespan.startup()
    await lifespan.shutdown()
    await lifespan.shutdown()


@pytest.mark.parametrize("message", [{"message": "no database"}, {}])
async def test_a_start_that_fails_is_told(message: dict[str, str]) -> None:
    """In the application's own words."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", **message})

    lifespan = Lifespan(app)
    with pytest.raises(LifespanFailed) as caught:
        await lifespan.startup()
    await lifespan.shutdown()

    assert message.get("message", "does not say why") in str(caught.value)
    assert "startup" in str(caught.value)


@pytest.mark.parametrize("is_told", [True, False])
async def test_an_application_that_ends_the_process_at_its_start_has_failed(is_told: bool) -> None:
    """All that runs in the process would end without a word. Starlette tells it as well, and lets it pass."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if is_told:
            await send({"type": "lifespan.startup.failed", "message": "SystemExit: 4"})
        sys.exit(4)

    lifespan = Lifespan(app)
    with pytest.raises(LifespanFailed, match=r"startup failed: .*SystemExit"):
        await lifespan.startup()
    await lifespan.shutdown()


@pytest.mark.parametrize("how", ["told", "raised", "nonsense"])
async def test_a_stop_that_fails_is_told(how: str) -> None:
    """Whether the application says so or not."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if how == "raised":
            raise RuntimeError("the pool is stuck")
        await send({"type": "lifespan.shutdown.failed" if how == "told" else "what", "message": "the pool is stuck"})

    lifespan = Lifespan(app)
    await lifespan.startup()

    with pytest.raises(LifespanFailed) as caught:
        await lifespan.shutdown()

    assert "shutdown" in str(caught.value)


@simulated
async def test_a_start_without_end_can_be_given_up() -> None:
    """Whoever waits for it decides for how long; nothing is left of it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    lifespan = Lifespan(app)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await lifespan.startup()
