"""The benchmarks `overhead` and `overload`, from their commands to their files, at a size that says nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.amount import of_the_whole
from tests.house.checkout import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        (
            "overhead",
            {
                f"On the {side}{more}"
                for side in ("caller's side", "called side", "called side, who may", "gateway")
                for more in ("", ", what is more")
            },
        ),
        pytest.param("overload", {"Offered load"}, marks=of_the_whole),
    ],
)
def test_it_measures_what_it_says(tmp_path: Path, name: str, groups: set[str]) -> None:
    """Each with its goals, and the second one with a picture."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--size", "tiny", "--json", "--results", str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert {row["group"] for row in kept["rows"]} == groups
    assert [ratio["goal"] for ratio in kept["ratios"]][:2] == ([10.0, 10.0] if name == "overhead" else [0.85, 3.0])
    assert (tmp_path / f"{name}.svg").exists() == (name == "overload")
