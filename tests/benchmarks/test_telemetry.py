"""The benchmark `telemetry`, from its command to its file, at a size that says nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

pytestmark = pytest.mark.slow


def test_it_measures_what_it_says(tmp_path: Path) -> None:
    """A call on both sides, the rate of calls, the disk, and searches; each with its goal."""
    command = [sys.executable, "-m", "benchmarks.telemetry", "--size", "tiny", "--json", "--results", str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "telemetry.json").read_text(encoding="utf-8"))
    groups = {row["group"] for row in kept["rows"] if "group" in row}
    assert {"On the caller's side", "On the called side", "On the disk"} < groups
    assert {row["stack"] for row in kept["rows"] if "stack" in row} == {"seen", "unseen"}
    assert [ratio["goal"] for ratio in kept["ratios"]] == [3.0, 3.0, 0.8, 300.0]
