"""What a benchmark found: kept as JSON that does not change by itself, shown so that a missed goal is seen."""

import msgspec
import pytest

from benchmarks.measuring import Cost, Findings, Launch, Ratio, Row, Screen, launched
from benchmarks.measuring.report import as_json


def findings() -> Findings:
    """One row, a goal that is met, one that is not, and a ratio without any."""
    return Findings(
        rows=[Row.of("calls", "a call", "CPU", Cost((8e-6, 9e-6, 10e-6)))],
        ratios=[Ratio("quick", 9.0, 15.0, "µs"), Ratio("small", 151.0, 150.0, "MB"), Ratio("beside", 0.5)],
    )


def test_a_row_is_kept_in_the_unit_that_people_read() -> None:
    """Seconds and bytes are measured; microseconds and megabytes are read."""
    row = msgspec.json.decode(as_json({}, findings()))["rows"][0]

    assert row == {
        "group": "calls",
        "name": "a call",
        "metric": "CPU",
        "unit": "µs",
        "median": 9.0,
        "least": 8.0,
        "spread": 0.111,
        "samples": 3,
    }


def test_a_goal_holds_up_to_its_value_and_where_there_is_none_nothing_is_claimed() -> None:
    """True, False and null: the three answers that a machine can read."""
    ratios = msgspec.json.decode(as_json({}, findings()))["ratios"]

    assert [ratio["holds"] for ratio in ratios] == [True, False, None]
    assert list(ratios[0]) == ["name", "value", "goal", "unit", "holds"]


def test_equal_findings_are_equal_bytes() -> None:
    """So that a commit shows what changed, and nothing else."""
    assert as_json({"size": "small"}, findings()) == as_json({"size": "small"}, findings())


def test_a_missed_goal_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe, too, where there are no colours."""
    Screen().show(findings())

    shown = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert shown["quick"] == ["quick", "9", "µs", "at", "most", "15", "µs", "yes"]
    assert shown["small"] == ["small", "151", "MB", "at", "most", "150", "MB", "NO"]
    assert shown["beside"] == ["beside", "0.5"]


def test_progress_in_a_pipe_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A log that is full of bars is read by nobody."""
    with Screen().progress("calls", 2) as advance:
        advance()
        advance()

    assert capsys.readouterr() == ("", "calls ...\n")


def test_a_quiet_screen_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output then holds the JSON and nothing else."""
    screen = Screen(quiet=True)

    with screen.progress("calls", 1) as advance:
        advance()
    screen.show(findings())

    assert capsys.readouterr() == ("", "")


def test_a_program_that_ends_before_it_answers_is_named() -> None:
    """Whoever reads it needs to know which of seven programs it was."""
    broken = Launch("a broken program", "benchmarks.subjects")

    with pytest.raises(RuntimeError, match=r"a broken program: benchmarks\.subjects ended"):
        launched([broken], rounds=1, on_launch=lambda: None)
