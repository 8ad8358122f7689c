"""Searches of the store, compared with plain Python over all that was kept."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.adapters.telemetry_reading import KeptTelemetry
from atoll.telemetry import Kind, LogLine, LogSearch, Span, TraceSearch
from tests.adapters.kept import PlainTelemetry, store_of, write

TEXTS = st.sampled_from(["", "lead-1", "lead-2", "%", "a\x00b", "'; --", "ä€😀", "LEAD-1"])
SERVICES = st.sampled_from(["", "scoring", "capture", "routing"])
NAMES = st.sampled_from(["scoring.score", "capture.take", ""])
OUTCOMES = st.sampled_from(["ok", "ok", "unavailable", "not_found"])
TRACES = st.sampled_from([1, 2, 3, 1 << 64, (1 << 128) - 1])
IDS = st.sampled_from([1, 2, 3, 4, 1 << 63, (1 << 64) - 1])
MOMENTS = st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.25, 1e9])
DURATIONS = st.sampled_from([0.0, 0.001, 0.5, 7.0])
LEVELS = st.sampled_from([0, 10, 20, 30, 35, 40, 50])
WORDS = st.lists(TEXTS, max_size=2).map(tuple)

SPANS = st.builds(
    Span,
    name=NAMES,
    caller=SERVICES,
    trace_id=TRACES,
    span_id=IDS,
    parent_id=st.one_of(st.just(0), IDS),
    started_at=MOMENTS,
    duration_s=DURATIONS,
    outcome=OUTCOMES,
    attempt=st.integers(1, 3),
    degraded=WORDS,
    met=WORDS,
    kind=st.sampled_from(Kind),
    service=SERVICES,
    key=TEXTS,
    tenant=st.sampled_from(["main", "other"]),
)
LINES = st.builds(
    LogLine,
    at=MOMENTS,
    level=LEVELS,
    logger=TEXTS,
    message=TEXTS,
    service=SERVICES,
    trace_id=st.one_of(st.just(0), TRACES),
    span_id=st.one_of(st.just(0), IDS),
    error=TEXTS,
    more=TEXTS,
)
BATCHES = st.lists(st.tuples(st.lists(SPANS, max_size=12), st.lists(LINES, max_size=8)), max_size=4)
SEARCHES = st.builds(
    TraceSearch,
    service=SERVICES,
    name=st.one_of(st.just(""), NAMES),
    key=st.one_of(st.just(""), TEXTS),
    outcome=st.one_of(st.just(""), OUTCOMES),
    is_failed=st.booleans(),
    duration_min_s=st.one_of(st.just(0.0), DURATIONS),
    since=st.one_of(st.just(0.0), MOMENTS),
    until=st.one_of(st.just(float("inf")), MOMENTS),
    limit=st.sampled_from([1, 2, 50]),
    with_turns=st.booleans(),
)
LOG_SEARCHES = st.builds(
    LogSearch,
    service=SERVICES,
    level=st.one_of(st.just(0), LEVELS),
    trace_id=st.one_of(st.just(0), TRACES),
    text=st.one_of(st.just(""), TEXTS),
    since=st.one_of(st.just(0.0), MOMENTS),
    until=st.one_of(st.just(float("inf")), MOMENTS),
    after=st.one_of(st.none(), st.integers(0, 10)),
    limit=st.sampled_from([1, 3, 200]),
)
QUESTIONS = st.tuples(
    st.lists(SEARCHES, min_size=1, max_size=8), st.lists(LOG_SEARCHES, min_size=1, max_size=8), TRACES, TEXTS
)


@settings(max_examples=40)
@given(batches=BATCHES, questions=QUESTIONS)
def test_every_question_is_answered_as_by_looking_at_everything(
    batches: list[tuple[list[Span], list[LogLine]]],
    questions: tuple[list[TraceSearch], list[LogSearch], int, str],
) -> None:
    """Whatever was kept, in whatever batches, and twice at that."""
    searches, log_searches, trace_id, key = questions
    plain = PlainTelemetry()
    with tempfile.TemporaryDirectory() as folder:
        store = store_of(Path(folder))
        for spans, lines in batches:
            write(store, spans, lines)
            write(store, spans)
            plain.add(spans, lines)
        kept = KeptTelemetry(Path(folder))

        assert [list(kept.traces(search)) for search in searches] == [plain.traces(search) for search in searches]
        assert [list(kept.logs(search)) for search in log_searches] == [plain.logs(search) for search in log_searches]
        assert list(kept.trace(trace_id).spans) == plain.trace(trace_id)
        assert [one.line for one in kept.trace(trace_id).lines] == sorted(
            (line for line in plain.lines if line.trace_id == trace_id), key=lambda line: line.at
        )
        story = kept.story(key)
        assert list(story.spans) == (plain.story(key) if key else [])
        among = {(span.trace_id, span.span_id) for span in story.spans}
        assert [one.line for one in story.lines] == sorted(
            (line for line in plain.lines if (line.trace_id, line.span_id) in among), key=lambda line: line.at
        )
        store.close()
