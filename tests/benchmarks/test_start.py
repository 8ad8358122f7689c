"""The benchmark `start`, from its command to its file, at a size that says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.amount import of_the_whole
from tests.house.checkout import ROOT

pytestmark = pytest.mark.slow


@of_the_whole
def test_it_keeps_what_every_way_to_start_takes(tmp_path: Path) -> None:
    """In one process and in many, beside their peers: each service has answered."""
    command = [sys.executable, "-m", "benchmarks.start", "--size", "tiny", "--json", "--results", str(tmp_path)]

    process = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == (tmp_path / "start.json").read_text(encoding="utf-8")
    rows = json.loads(process.stdout)["rows"]
    assert {row["metric"] for row in rows} == {"wall", "CPU to start", "RSS", "USS"}
    assert [row["name"] for row in rows if row["metric"] == "wall"] == [
        "Atoll, single: 2 services and the gateway",
        "Atoll, processes: 2 services and the gateway, a process each",
        "FastAPI, 10 operations in one process",
        "FastAPI, 2 processes with 5 operations each",
    ]
    assert all(row["median"] > 0 for row in rows)
