"""Records of calls: lean, and bounded where they are kept."""

import pytest

from atoll.telemetry import MemoryRecorder, Span


def record(number: int) -> Span:
    """A record."""
    return Span("scoring.score", "capture", number, 2, 3, 4.0, 0.5, "ok")


def test_records_are_kept_in_order() -> None:
    """The oldest first."""
    recorder = MemoryRecorder()

    recorder.record(record(1))
    recorder.record(record(2))

    assert recorder.records == (record(1), record(2))


def test_the_oldest_record_makes_room() -> None:
    """A process runs for months."""
    recorder = MemoryRecorder(records_max=3)

    for number in range(10):
        recorder.record(record(number))

    assert [kept.trace_id for kept in recorder.records] == [7, 8, 9]


def test_what_was_taken_out_does_not_change() -> None:
    """A reader is not disturbed by the calls that go on."""
    recorder = MemoryRecorder()
    recorder.record(record(1))
    records = recorder.records

    recorder.record(record(2))

    assert records == (record(1),)


def test_a_record_cannot_be_changed() -> None:
    """It says what was."""
    with pytest.raises(AttributeError):
        record(1).outcome = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the point of it
