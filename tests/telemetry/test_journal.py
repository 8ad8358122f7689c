"""What one process records, on its way to where it is kept."""

import contextvars
import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel import Context, Trace, current
from atoll.telemetry import (
    Gauge,
    Journal,
    JournalHandler,
    Kind,
    LogLine,
    Sample,
    Span,
    decode,
    encode_line,
    encode_sample,
    encode_span,
)
from atoll.telemetry.journal import TEXT_MAX

IDS = st.integers(0, 2**64 - 1)
WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
TIMES = st.floats(0, 4e9, allow_nan=False)


@given(
    span=st.builds(
        Span,
        name=WORDS,
        caller=WORDS,
        trace_id=st.integers(0, 2**128 - 1),
        span_id=IDS,
        parent_id=IDS,
        started_at=TIMES,
        duration_s=TIMES,
        outcome=WORDS,
        attempt=st.integers(1, 99),
        degraded=st.lists(WORDS, max_size=3).map(tuple),
        met=st.lists(WORDS, max_size=3).map(tuple),
        kind=st.sampled_from(Kind),
        service=WORDS,
        key=WORDS,
        tenant=WORDS,
    )
)
def test_a_span_arrives_as_it_was(span: Span) -> None:
    """All 128 bits of its trace; only its beginning moves to another clock."""
    assert decode(encode_span(span, 0.0)) == span
    moved = decode(encode_span(span, 8.0))
    assert isinstance(moved, Span)
    assert moved.started_at == span.started_at + 8.0


@given(trace=st.builds(Trace, st.integers(0, 2**128 - 1), IDS, IDS), at=TIMES, duration_s=TIMES, key=WORDS)
def test_a_call_by_its_numbers_is_the_record_of_the_same_call(
    trace: Trace, at: float, duration_s: float, key: str
) -> None:
    """Byte for byte, and counted alike: the quick way says nothing else than the usual one."""
    quick, usual = list[bytes](), list[bytes]()
    one, other = (Journal(written.append, written.append, lambda: 0.0, 8.0) for written in (quick, usual))
    track = one.track(Kind.CALL, "scoring", "scoring.score", "gateway")
    assert track is not None

    one.record_plain(track, trace, at, duration_s, key)
    numbers = (trace.trace_id, trace.span_id, trace.parent_id, at, duration_s)
    other.record(Span("scoring.score", "gateway", *numbers, "ok", service="scoring", key=key))

    assert quick == usual
    assert one.figures.all == other.figures.all


@given(line=st.builds(LogLine, TIMES, st.integers(0, 50), WORDS, WORDS, WORDS, st.integers(0, 2**128 - 1), IDS, WORDS))
def test_a_line_arrives_as_it_was(line: LogLine) -> None:
    """Whatever was logged."""
    assert decode(encode_line(line)) == line


class Book:
    """A journal, and what it has written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aside: list[bytes] = []
        self.journal = Journal(self.written.append, self.aside.append, lambda: 1.0, 100.0)

    @property
    def lines(self) -> list[LogLine]:
        """The lines of logs in it."""
        return [line for record in self.aside if isinstance(line := decode(record), LogLine)]


@pytest.fixture
def book() -> Book:
    """An empty one."""
    return Book()


def test_spans_are_counted_and_written(book: Book) -> None:
    """A sample says what was counted."""
    span = Span("a.b", "", 1, 2, 0, 5.0, 0.5, "ok", service="a")

    book.journal.record(span)
    book.journal.sample(7.0, [Gauge("loop_lag_seconds", 0.25)])

    kept, sample = decode(book.written[0]), decode(book.aside[0])
    assert isinstance(kept, Span)
    assert kept.started_at == 105.0
    assert isinstance(sample, Sample)
    assert (sample.at, sample.figures[0].count, sample.gauges[0].value) == (7.0, 1, 0.25)
    assert decode(encode_sample(sample)) == sample


def test_what_cannot_be_written_stops_nobody(book: Book) -> None:
    """A name that has no bytes; it is counted."""
    book.journal.record(Span("\ud800", "", 1, 2, 0, 5.0, 0.5, "ok"))
    book.journal.line(LogLine(1.0, 20, "a", "\ud800"))

    assert (book.written, book.aside, book.journal.unwritten) == ([], [], 2)


def test_a_line_carries_its_trace_and_whose_work_it_was(book: Book) -> None:
    """Without a word in the service."""
    work = contextvars.Context()
    work.run(current.set, Context(trace=Trace(7, 8, 0, True), service="scoring"))

    work.run(_logged, book, logging.INFO, "it is %d", 3, extra={"points": 42})

    (line,) = book.lines
    assert (line.message, line.trace_id, line.span_id, line.service) == ("it is 3", 7, 8, "scoring")
    assert line.more == '{"points":42}'


def test_a_line_about_other_work_says_whose(book: Book) -> None:
    """Whoever logs after the work has ended names its trace."""
    _logged(book, logging.WARNING, "late", extra={"trace_id": f"{9:032x}", "caller": "capture"})

    (line,) = book.lines
    assert (line.trace_id, line.span_id, line.level, line.more) == (9, 0, logging.WARNING, "")


def test_an_error_comes_with_its_traceback_and_has_an_end(book: Book) -> None:
    """A recursion's is as long as one likes."""
    try:
        raise ValueError("x" * (2 * TEXT_MAX))
    except ValueError:
        _logged(book, logging.ERROR, "failed \ud800", exc_info=True)

    (line,) = book.lines
    assert line.error.startswith("Traceback")
    assert len(line.error) <= TEXT_MAX
    assert line.message == r"failed \ud800"


def test_threads_log_side_by_side(book: Book) -> None:
    """No record is torn."""
    threads = [threading.Thread(target=_log_many, args=(book, name)) for name in "abcd"]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    messages = [line.message for line in book.lines]
    assert sorted(messages) == sorted(f"{name}{number}" for name in "abcd" for number in range(200))


def _log_many(book: Book, name: str) -> None:
    for number in range(200):
        book.journal.line(LogLine(1.0, 20, "a", f"{name}{number}"))


def _logged(
    book: Book, level: int, message: str, *args: object, extra: dict[str, object] | None = None, exc_info: bool = False
) -> None:
    """Log by a logger of its own, so that no other test's logs are among it."""
    logger = logging.getLogger("tests.journal")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.handlers.clear()
    logger.addHandler(JournalHandler(book.journal))
    logger.log(level, message, *args, extra=extra, exc_info=exc_info)
