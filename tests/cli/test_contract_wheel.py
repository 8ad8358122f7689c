"""`atoll contract wheel`: what a caller installs instead of the service."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import MARKET
from tests.house.checkout import ROOT

REVENUE = "revenue.application:revenue"
WHEEL = "revenue_scoring_contract-1.0-py3-none-any.whl"

QUESTION = """\
import importlib.util
from atoll import contract_of
from revenue.scoring.contract import Scoring
print(contract_of(Scoring).name, importlib.util.find_spec("revenue.application"))
"""


def test_a_wheel_is_written_where_services_look_for_it(folder: Path, atoll: Callable[..., Result]) -> None:
    """The same one each time."""
    result = atoll("contract", "wheel", REVENUE, "--service", "scoring")
    first = (folder / "contracts" / WHEEL).read_bytes()
    atoll("contract", "wheel", REVENUE, "--service", "scoring", "--out", "dist")

    written, _, modules = result.stdout.removesuffix(".\n").partition(" with ")
    assert written == f"Wrote contracts/{WHEEL}"
    assert {"revenue.capture.contract", "revenue.scoring.contract"} <= set(modules.split(", "))
    assert (folder / "dist" / WHEEL).read_bytes() == first


def test_what_was_written_is_told_as_json(folder: Path, atoll: Callable[..., Result]) -> None:
    """For the script that publishes it."""
    result = atoll("contract", "wheel", REVENUE, "--service", "scoring", "--json")

    told = json.loads(result.stdout)
    assert (folder / told["written"]).exists()
    assert {"revenue.capture.contract", "revenue.scoring.contract"} <= set(told["modules"])
    assert not [each for each in told["modules"] if each.endswith((".service", ".store", ".tables"))]
    assert told["requires"] == ["atoll", "msgspec"]


def test_a_service_that_is_not_there_is_guessed_for_a_wheel(folder: Path, atoll: Callable[..., Result]) -> None:
    """As everywhere."""
    result = atoll("contract", "wheel", REVENUE, "--service", "scorin")

    assert result.exit_code == 2
    assert "Did you mean `scoring`?" in result.stderr


def test_a_contract_that_cannot_travel_is_refused(folder: Path, atoll: Callable[..., Result]) -> None:
    """The market is written in one file, with its services."""
    result = atoll("contract", "wheel", MARKET, "--service", "goods", "--json")

    refusal = json.loads(result.stderr)["error"]
    assert result.exit_code == 2
    assert "beside the implementation of a service" in refusal["mistakes"][0]["what"]
    assert not (folder / "contracts").exists()


@pytest.mark.slow
def test_a_caller_has_the_contract_without_the_application(folder: Path, atoll: Callable[..., Result]) -> None:
    """Installed into an environment of its own, as any wheel."""
    atoll("contract", "wheel", REVENUE, "--service", "scoring")
    uv = str(Path(sys.executable).with_name("uv"))
    versions = ("--constraint", str(ROOT / "requirements/dev.lock"))

    ran(uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
    python = folder / "venv/bin/python"
    ran(
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        str(python),
        *versions,
        f"contracts/{WHEEL}",
        "--editable",
        str(ROOT),
    )

    assert ran(str(python), "-I", "-c", QUESTION).split() == ["scoring/v1", "None"]


def ran(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
