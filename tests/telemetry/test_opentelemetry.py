"""Code that uses OpenTelemetry's API joins the traces of the application that it runs in."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

import pytest
from opentelemetry import context as values
from opentelemetry import trace

from atoll import Application, Running, Service, blocking, context, contract, get
from atoll.adapters.opentelemetry_context import JoinedContext
from atoll.adapters.opentelemetry_joining import join_opentelemetry
from atoll.adapters.opentelemetry_tracing import JoinedTracerProvider
from atoll.kernel import Context, Trace, current
from atoll.telemetry import Kind, MemoryRecorder, Span
from atoll.testing import running
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S
from tests.telemetry import librarian

tracer = trace.get_tracer("tests")


@contract(version="1.0")
class Shelf(Protocol):
    """Keeps books."""

    @get("/titles/{title}")
    async def title(self, title: str) -> str:
        """A book."""
        ...


@contract(version="1.0")
class Library(Protocol):
    """Lends books."""

    @get("/nested")
    async def nested(self) -> str:
        """In spans of its own."""
        ...

    @get("/looked")
    async def looked(self, title: str) -> str:
        """By a library, in a thread."""
        ...

    @get("/lent")
    async def lent(self) -> bool:
        """By a library, which fails."""
        ...

    @get("/cancelled")
    async def cancelled(self) -> str:
        """What it waits for is cancelled."""
        ...


class _ShelfService(Service, Shelf, owner="tests"):
    """Keeps books."""

    async def title(self, title: str) -> str:
        return title


class _LibraryService(Service, Library, owner="tests"):
    """Lends books."""

    shelf: Shelf

    async def nested(self) -> str:
        with tracer.start_as_current_span("outer"):
            with tracer.start_as_current_span("inner"):
                inside = await self.shelf.title("inside")
            between = await self.shelf.title("between")
        after = await self.shelf.title("after")
        return f"{inside} {between} {after}"

    @blocking
    def looked(self, title: str) -> str:
        return librarian.found(title)

    async def lent(self) -> bool:
        return librarian.lent("Moby Dick")

    async def cancelled(self) -> str:
        @tracer.start_as_current_span("slow")
        async def slow() -> None:
            await asyncio.Event().wait()

        task = asyncio.ensure_future(slow())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return "gone"


LIBRARY = Application("library", services=[_LibraryService, _ShelfService])


@asynccontextmanager
async def joined() -> AsyncGenerator[tuple[Running, MemoryRecorder]]:
    """The library, and what it records; joined as a process joins it."""
    recorder = MemoryRecorder()
    leave = join_opentelemetry(recorder.record, time.perf_counter)
    try:
        async with running(LIBRARY, recorder=recorder) as app:
            yield app, recorder
    finally:
        leave()


def named(recorder: MemoryRecorder, name: str) -> list[Span]:
    return [span for span in recorder.records if span.name == name]


async def test_spans_are_below_the_call_and_calls_below_the_spans() -> None:
    """One tree, whoever makes its nodes."""
    async with joined() as (app, recorder):
        await app.client(Library).nested()

    (handler,), (outer,), (inner,) = (named(recorder, name) for name in ("library.nested", "outer", "inner"))
    by_key = {span.key: span for span in named(recorder, "shelf.title")}
    assert len({span.trace_id for span in recorder.records}) == 1
    assert (outer.parent_id, inner.parent_id) == (handler.span_id, outer.span_id)
    assert by_key["inside"].parent_id == inner.span_id
    assert by_key["between"].parent_id == outer.span_id
    assert by_key["after"].parent_id == handler.span_id
    assert (outer.kind, outer.service, outer.outcome) == (Kind.INNER, "library", "ok")


async def test_a_library_joins_in_the_thread_of_a_blocking_handler() -> None:
    """The context is there, too; of what it says, what names the work is kept and the statement is not."""
    async with joined() as (app, recorder):
        await app.client(Library).looked("Moby Dick")

    (handler,), (select,) = named(recorder, "library.looked"), named(recorder, "SELECT books")
    assert (select.trace_id, select.parent_id) == (handler.trace_id, handler.span_id)
    assert select.met == ("db.system.name=shelf", "db.collection.name=books")
    assert select.duration_s >= 0


async def test_an_exception_is_the_outcome() -> None:
    """By the name of its class, where it has no code."""
    async with joined() as (app, recorder):
        with pytest.raises(Exception, match="library"):
            await app.client(Library).looked("Lost")

    assert [span.outcome for span in named(recorder, "SELECT books")] == ["LookupError"]


async def test_a_status_is_the_outcome() -> None:
    """Without an exception it has no name."""
    async with joined() as (app, recorder):
        await app.client(Library).lent()

    assert [span.outcome for span in named(recorder, "lend")] == ["failed"]


async def test_a_span_of_an_async_function_ends_with_it_and_may_be_cancelled() -> None:
    """The decorator waits for the function."""
    async with joined() as (app, recorder):
        await app.client(Library).cancelled()

    (slow,) = named(recorder, "slow")
    assert slow.outcome == "cancelled"


async def test_nothing_is_recorded_once_the_application_has_ended() -> None:
    """The provider stays, since the API has one for each process; spans go nowhere."""
    async with joined() as (_, recorder):
        pass
    with tracer.start_as_current_span("late") as span:
        assert span.is_recording()

    assert not recorder.records


def test_a_span_of_nobody_begins_a_trace() -> None:
    """Outside of all work: a script, a thread that outlives its cause."""
    spans: list[Span] = []
    leave = join_opentelemetry(spans.append, time.perf_counter)

    with tracer.start_as_current_span("root"), tracer.start_as_current_span("leaf"):
        pass
    leave()

    leaf, root = spans
    assert root.parent_id == 0
    assert (leaf.trace_id, leaf.parent_id) == (root.trace_id, root.span_id)
    assert context().trace == Trace()


def test_times_that_are_given_are_kept() -> None:
    """Instrumented libraries may say when it was: nanoseconds since 1970."""
    spans: list[Span] = []
    leave = join_opentelemetry(spans.append, time.perf_counter)
    now = time.time_ns()

    span = tracer.start_span("given", start_time=now - 3_000_000_000)
    span.end(end_time=now - 1_000_000_000)
    span.end()
    leave()

    (given,) = spans
    assert given.duration_s == pytest.approx(2.0, abs=0.5)


def test_what_was_said_to_be_well_stays_so() -> None:
    """As the specification has it; and an exception that was handled is none."""
    spans: list[Span] = []
    leave = join_opentelemetry(spans.append, time.perf_counter)

    with tracer.start_as_current_span("tried") as span:
        span.record_exception(ValueError("handled"))
    with tracer.start_as_current_span("done") as span:
        span.set_status(trace.StatusCode.OK)
        span.set_status(trace.StatusCode.ERROR)
    leave()

    assert [(each.name, each.outcome) for each in spans] == [("tried", "ok"), ("done", "ok")]


def test_spans_may_end_on_other_threads() -> None:
    """Instrumented clients end them in callbacks."""
    spans: list[Span] = []
    leave = join_opentelemetry(spans.append, time.perf_counter)

    thread = threading.Thread(target=tracer.start_span("sent").end)
    thread.start()
    thread.join()
    leave()

    assert [span.name for span in spans] == ["sent"]


def test_the_provider_is_ours_and_there_is_one() -> None:
    """Whoever asks for it finds it, and a second application in the process takes it over."""
    first: list[Span] = []
    second: list[Span] = []

    leave = join_opentelemetry(first.append, time.perf_counter)
    leave_second = join_opentelemetry(second.append, time.perf_counter)
    leave()  # it has nothing to end any more
    with tracer.start_as_current_span("whose"):
        pass
    leave_second()

    assert isinstance(trace.get_tracer_provider(), JoinedTracerProvider)
    assert (len(first), len(second)) == (0, 1)


def test_a_process_that_awaits_it_is_joined_both_ways() -> None:
    """In a handler, the current span is the handler's; what others make current is the parent of Atoll's calls."""
    command = [sys.executable, "-m", "tests.telemetry.joined"]

    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=PATIENCE_S)

    assert (done.stdout, done.stderr) == ("joined\n", "")


class TestJoinedContext:
    """The class that OpenTelemetry loads by its entry point, by itself."""

    def test_the_current_span_is_the_work_in_progress(self) -> None:
        """So that logs and outgoing requests carry its trace."""
        joined = JoinedContext()
        token = current.set(Context(trace=Trace(7, 8, 0, sampled=True)))

        position = trace.get_current_span(joined.get_current()).get_span_context()
        current.reset(token)

        assert (position.trace_id, position.span_id, position.trace_flags.sampled) == (7, 8, True)
        assert not trace.get_current_span(joined.get_current()).get_span_context().is_valid

    def test_whoever_makes_a_span_current_makes_it_the_trace(self) -> None:
        """And gives back what was before."""
        joined = JoinedContext()
        span = trace.NonRecordingSpan(trace.SpanContext(7, 9, is_remote=False))

        token = joined.attach(trace.set_span_in_context(span, values.Context()))
        inside, seen = context().trace, trace.get_current_span(joined.get_current())
        joined.detach(token)

        assert (inside.trace_id, inside.span_id) == (7, 9)
        assert seen is span
        assert context().trace == Trace()

    def test_other_values_change_no_trace(self) -> None:
        """Baggage, say."""
        joined = JoinedContext()

        token = joined.attach(values.set_value("key", "value", values.Context()))
        inside = context()
        joined.detach(token)

        assert inside is context()
