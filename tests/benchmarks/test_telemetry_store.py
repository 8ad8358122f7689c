"""The benchmark `telemetry_store`, from its command to its file, and that its ways to keep spans answer alike."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from atoll.telemetry import TraceSearch
from benchmarks.subjects.telemetry_kept import BEGAN_AT, WAYS, OneFile, searches, spans
from tests.house.checkout import ROOT

BOUND = 2_500_000


@pytest.mark.slow
def test_it_keeps_what_every_way_takes(tmp_path: Path) -> None:
    """Room, time to write, and time of each search."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.telemetry_store",
        "--size",
        "tiny",
        "--json",
        "--results",
        str(tmp_path),
    ]

    process = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == (tmp_path / "telemetry_store.json").read_text(encoding="utf-8")
    rows = json.loads(process.stdout)["rows"]
    assert [row["name"] for row in rows if row["metric"] == "spans kept"] == [*WAYS, *WAYS]
    of_searches = [row["name"] for row in rows if row["group"].startswith("3.")]
    assert of_searches == [name for name in searches(next(spans(1)), 1.0) for _ in WAYS]
    assert all(row["median"] > 0 for row in rows)


def test_every_way_finds_the_same(tmp_path: Path) -> None:
    """Else it would be no comparison; none keeps parts of a trace in two files here."""
    some = list(islice(spans(3_000), 3_000))
    ways = [way(tmp_path / str(number), 2**28) for number, way in enumerate(WAYS.values())]
    for way in ways:
        way.write(some)

    answers = {name: [list(way.traces(search)) for way in ways] for name, search in searches(some[0], 6.0).items()}

    assert all(one == two == three for one, two, three in answers.values())
    assert sum(bool(one) for one, _, _ in answers.values()) >= 9
    for way in ways:
        way.close()


@pytest.mark.slow
def test_where_there_is_no_room_the_last_are_there(tmp_path: Path) -> None:
    """Whatever the way to make room."""
    some = list(islice(spans(24_000), 24_000))
    for number, way in enumerate(WAYS.values()):
        keeping = way(tmp_path / str(number), BOUND)
        for begin in range(0, 24_000, 200):
            keeping.write(some[begin : begin + 200])

        assert len(keeping.traces(TraceSearch())) == 50
        assert not keeping.traces(TraceSearch(until=BEGAN_AT + 1))
        assert keeping.size_bytes() <= BOUND * 1.15 or not isinstance(keeping, OneFile)
        keeping.close()
