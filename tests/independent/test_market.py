"""Services that are distributions of their own: each in its environment, none in one for all."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from atoll.adapters.environments import Environments
from atoll.adapters.pythons import find_python
from atoll.kernel import Mistakes
from atoll.topology.independence import conflicts
from tests.amount import amount, of_the_whole
from tests.cli.programs import ATOLL, finished
from tests.house.checkout import ROOT


@dataclass(frozen=True)
class Named:
    requirement: str | None
    python: str | None = None


TOGETHER = """
import asyncio, sys
sys.path.insert(0, "")
from pathlib import Path
from atoll import World, single
from tests.independent.market.application import bank_both
from tests.independent.market.rates_1_1 import Rates

async def main():
    async with single(bank_both, world=World.real(Path("state")), services=["rates", "rates_v2"]) as running:
        print((await running.client(Rates).rate("CHF")).hundredths)

asyncio.run(main())
"""

BOTH = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "both"
version = "1.0"
dependencies = ["market-rates-v1 @ {0}/services/rates_v1", "market-rates @ {0}/services/rates_2_0"]

[tool.hatch]
metadata.allow-direct-references = true
build.targets.wheel.bypass-selection = true
"""


def said(python: Path, question: str, folder: Path | None = None) -> str:
    """What a Python prints, without the checkout on its path."""
    done = subprocess.run([str(python), "-I", "-c", question], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@of_the_whole
def test_services_with_conflicting_pins_have_their_own_versions(environments: Environments) -> None:
    """The reason why anybody makes a service a distribution."""
    question = "import tabulate, {0}.service; print(tabulate.__version__)"

    versions = [
        said(environments.build(name, f"services/{name}"), question.format(name)) for name in ("pricing", "billing")
    ]

    assert versions == ["0.8.10", "0.9.0"]


@pytest.mark.slow
def test_every_environment_holds_the_atoll_that_runs(environments: Environments) -> None:
    """An editable checkout stays editable: its code is the same in every process."""
    python = environments.build("pricing", "services/pricing")

    assert Path(said(python, "import atoll; print(atoll.__file__)")).is_relative_to(ROOT)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "version"), [("rates_1_1", "1.1"), *amount([], [("rates_1_0", "1.0")])])
def test_two_versions_of_one_service_lie_side_by_side(environments: Environments, name: str, version: str) -> None:
    """Each with the contract of its own time, which it finds beside the application by name and version."""
    question = (
        "import importlib.metadata as m, rates.service; from atoll import contract_of;"
        "print(m.version('market-rates'), contract_of(rates.service.Rates).version)"
    )

    assert said(environments.build("rates", f"services/{name}"), question) == f"{version} {version}"


@pytest.mark.slow
def test_an_old_major_is_a_small_service_on_the_new_one(environments: Environments) -> None:
    """It has both contracts in its environment, and neither implementation."""
    question = (
        "import importlib.util, rates_v1.service as s; from atoll import contract_of;"
        "print(contract_of(s.Rates).name, contract_of(s.PairRates).name, importlib.util.find_spec('rates'))"
    )

    assert said(environments.build("rates", "services/rates_v1"), question) == "rates/v1 rates/v2 None"


@pytest.mark.slow
def test_a_service_has_a_python_of_its_own(environments: Environments) -> None:
    """Where the machine has another one."""
    try:
        other = find_python("3.12")
    except Mistakes:
        pytest.skip("there is no Python 3.12 here")

    python = environments.build("exchange", "services/exchange", "3.12")

    assert said(python, "import sys, exchange.service; print(*sys.version_info[:2])") == "3 12"
    assert other.version.startswith("3.12.")


@pytest.mark.slow
def test_services_that_fit_run_in_one_process(environments: Environments, market: Path) -> None:
    """Where they are installed in one environment, an old major and a new one among them."""
    both = market / "services/both"
    both.mkdir(exist_ok=True)
    (both / "pyproject.toml").write_text(BOTH.format(market.as_uri()), encoding="utf-8")

    python = environments.build("both", "services/both")

    assert said(python, TOGETHER, market) == "94"


def test_one_process_refuses_them_by_name(market: Path) -> None:
    """Before anything is imported; as many people do it first."""
    done = finished(ATOLL, "run", "tests.independent.market.application:shop", folder=market)

    assert done.returncode == 2
    assert "`pricing` needs tabulate==0.8.10, and `billing` needs tabulate==0.9.0" in done.stderr
    assert "--topology processes" in done.stderr


def test_one_environment_cannot_have_both(market: Path) -> None:
    """All that is in the way is told at once, by the names of services."""
    services = [("pricing", Named("services/pricing")), ("billing", Named("services/billing")), ("hello", Named(None))]

    told = [mistake.what for mistake in conflicts(services, market)]

    assert told == [
        "`pricing` (services/pricing) is not installed here",
        "`billing` (services/billing) is not installed here",
        "`pricing` needs tabulate==0.8.10, and `billing` needs tabulate==0.9.0: one environment cannot have both",
    ]


def test_two_versions_of_one_distribution_cannot_share_an_environment(market: Path) -> None:
    """Not even where they fulfil contracts of different majors."""
    services = [("rates", Named("services/rates_1_1")), ("rates_v2", Named("services/rates_2_0"))]

    told = [mistake.what for mistake in conflicts(services, market)]

    assert told[-1] == (
        "`rates` is market-rates 1.1, and `rates_v2` is market-rates 2.0: one environment cannot have both"
    )
