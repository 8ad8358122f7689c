"""The benchmark `local`, from its command to its file, at a size that says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.amount import of_the_whole
from tests.house.checkout import ROOT

pytestmark = [pytest.mark.slow, of_the_whole]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One run for all tests, and the file that it wrote."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks.local", "--size", "tiny", "--json", "--results", str(folder)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True), folder / "local.json"


@pytest.fixture(scope="module")
def kept(done: tuple[subprocess.CompletedProcess[str], Path]) -> Any:  # Any: parsed JSON
    """What the file says."""
    return json.loads(done[1].read_text(encoding="utf-8"))


def test_it_prints_what_it_keeps_and_nothing_else(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """`--json` is for programs."""
    process, path = done

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == path.read_text(encoding="utf-8")


def test_it_says_where_and_with_what_it_measured(kept: Any) -> None:  # Any: parsed JSON
    """Figures without a machine cannot be compared with anything."""
    assert list(kept) == [
        "benchmark",
        "question",
        "size",
        "measured_at",
        "commit",
        "machine",
        "versions",
        "ratios",
        "rows",
    ]
    assert list(kept["machine"]) == ["processor", "cpus", "memory_gb", "system", "python"]
    assert {"atoll", "fastapi", "httpx", "msgspec", "uvloop"} <= kept["versions"].keys()


def test_it_answers_every_question(kept: Any) -> None:  # Any: parsed JSON
    """Calls beside their peers, what else happens in them, the number of services, and starts."""
    groups = {row["group"] for row in kept["rows"]}

    assert groups == {
        "A co-located call, 300 bytes each way",
        "What else happens in calls",
        "A call, and how many services there are",
        "Memory",
        "A start, from nothing to the first answer",
        "One more service",
    }
    assert all(row["median"] > 0 for row in kept["rows"] if row["group"] != "One more service")


def test_every_goal_is_judged(kept: Any) -> None:  # Any: parsed JSON
    """Six goals; the other ratios only inform."""
    judged = {ratio["name"]: ratio["goal"] for ratio in kept["ratios"] if ratio["goal"] is not None}

    assert list(judged.values()) == [15.0, 15.0, 0.1, 1.1, 1.5, 150.0]
    assert all(isinstance(ratio["holds"], bool) == (ratio["goal"] is not None) for ratio in kept["ratios"])
