"""What a benchmark found: kept as JSON that does not change by itself, shown so that a missed goal is seen."""

import msgspec
import pytest

from benchmarks.measuring import Cost, Findings, Launch, Rate, Ratio, Row, Screen, launched
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


def test_more_is_better_where_a_ratio_says_so() -> None:
    """The file says which goals are lower bounds; all others are upper ones."""
    found = Findings(ratios=[Ratio("times", 4.0, 4.0, bound="at least"), Ratio("times", 3.9, 4.0, bound="at least")])

    ratios = msgspec.json.decode(as_json({}, found))["ratios"]

    assert [ratio["holds"] for ratio in ratios] == [True, False]
    assert list(ratios[0]) == ["name", "value", "goal", "bound", "unit", "holds"]


def test_a_rate_is_kept_in_microseconds() -> None:
    """A row a stack, with the medians of all rounds."""
    per_s, short, long = Cost((900.0, 1000.0, 1100.0)), Cost((1e-3, 1e-3, 2e-3)), Cost((5e-3, 4e-3, 6e-3))
    rate = Rate("atoll", "call", 64, per_s, short, long, Cost((2e-5,) * 3), Cost((3e-5,) * 3))

    rows = msgspec.json.decode(as_json({}, Findings(rates=[rate])))["rows"]

    assert rows == [
        {
            "stack": "atoll",
            "case": "call",
            "in_flight": 64,
            "per_s": 1000.0,
            "p50_us": 1000.0,
            "p99_us": 5000.0,
            "client_cpu_us": 20.0,
            "server_cpu_us": 30.0,
            "spread": 0.1,
            "samples": 3,
        }
    ]


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


def test_what_only_one_has_stands_under_its_own_head(capsys: pytest.CaptureFixture[str]) -> None:
    """And its place is empty in the lines of the others."""
    rows = [
        Row("pages", name, metric, "ms", Cost((value,)))
        for name, metric, value in (("map", "paint", 1.25), ("map", "task", 2.5), ("trace", "jump", 3.75))
    ]

    Screen().show(Findings(rows))

    lines = capsys.readouterr().out.splitlines()
    head, of_map, of_trace = (next(line for line in lines if word in line) for word in ("jump, ms", "map", "trace"))
    assert of_map.index("1.25") < of_map.index("2.5") < head.index("jump, ms")
    assert of_trace.index("3.75") > head.index("jump, ms")


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
