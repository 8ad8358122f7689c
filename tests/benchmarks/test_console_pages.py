"""The benchmark `console_pages`, from its command to its file, at a size that says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_it_measures_the_map_and_a_long_trace(tmp_path: Path) -> None:
    """And keeps what it prints."""
    command = [sys.executable, "-m", "benchmarks.console_pages", "--size", "tiny", "--json", "--results", str(tmp_path)]
    process = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert (process.returncode, process.stderr) == (0, "")
    rows = json.loads((tmp_path / "console_pages.json").read_text(encoding="utf-8"))["rows"]
    assert {row["name"] for row in rows} == {"map of 10 services, 2 Hz", "trace of 500 spans"}
