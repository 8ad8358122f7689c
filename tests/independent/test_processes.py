"""An application whose services are distributions of their own, started by one command."""

import json
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from atoll.adapters.environments import Environments
from tests.amount import amount, of_the_whole
from tests.cli.programs import ATOLL, finished, started
from tests.independent.market_folder import lay_out

pytestmark = pytest.mark.slow

APPLICATIONS = "tests.independent.market.application"


OLD, NEXT = ("bank", "1_0", 950), ("bank_next", "1_1", 940)

ALONE = """
from atoll import Application, Reference

bank = Application(
    "bank",
    services=[
        Reference(
            "rates.service:RatesService",
            contract="tests.independent.market.rates_1_0:Rates",
            requirement="services/rates_1_0",
        )
    ],
)
"""


class Running:
    """A run of an application of the market."""

    def __init__(self, market: Path, state: Path) -> None:
        self._market = market
        self._state = state

    def call(self, operation: str, *arguments: str) -> Any:  # Any: a JSON document
        """What `atoll call` prints."""
        return json.loads(self.atoll("call", operation, *arguments))

    def atoll(self, verb: str, *arguments: str) -> str:
        """What a verb prints about this run."""
        done = finished(ATOLL, verb, "--state", self._state, "--json", *arguments, folder=self._market)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def run(place: str, folder: Path, state: Path) -> Generator[Running]:
    """Run an application in a folder."""
    options = ("--topology", "processes", "--state", str(state), "--json")
    ports = {"SHOP_GATEWAY_PORT": "0", "BANK_GATEWAY_PORT": "0"}
    with started("run", place, *options, folder=folder, extra=ports) as program:
        program.until('"started"')
        yield Running(folder, state)
        program.send(signal.SIGTERM)
        assert program.code() == 0


@pytest.fixture
def state(environments: Environments, market: Path, tmp_path: Path) -> Path:
    """A state folder of its own, with the environments that all tests share: each is made once."""
    (market / ".atoll/environments").mkdir(parents=True, exist_ok=True)
    (tmp_path / "environments").symlink_to(market / ".atoll/environments")
    return tmp_path


def test_services_with_conflicting_pins_run_in_processes(environments: Environments, market: Path, state: Path) -> None:
    """What one process refuses by name."""
    environments.build_all({name: (f"services/{name}", "") for name in ("pricing", "billing")})

    with run(f"{APPLICATIONS}:shop", market, state) as shop:
        bill = shop.call("billing.bill", "--product", "tea", "--count", "3")

    assert (bill["cents"], bill["drawn_with"], bill["price"]["drawn_with"]) == (750, "0.9.0", "0.8.10")


@pytest.mark.parametrize(("name", "version", "worth"), [OLD, *amount([], [NEXT])])
def test_a_service_goes_on_to_its_next_version_beside_an_old_caller(
    environments: Environments, market: Path, state: Path, name: str, version: str, worth: int
) -> None:
    """The caller has the first contract in its environment, and keeps it."""
    environments.build_all({"rates": (f"services/rates_{version}", ""), "exchange": ("services/exchange", "")})

    with run(f"{APPLICATIONS}:{name}", market, state) as bank:
        exchanged = bank.call("exchange.exchanged", "--currency", "CHF", "--euros", "10")
        rate = bank.call("rates.rate", "--currency", "CHF")

    assert exchanged["hundredths"] == worth
    assert ("source" in rate) is (version == "1_1")


@of_the_whole
def test_an_old_and_a_new_major_run_side_by_side(environments: Environments, market: Path, state: Path) -> None:
    """And the caller of the old one is answered by the new one."""
    services = {"rates": "rates_v1", "rates_v2": "rates_2_0", "exchange": "exchange"}
    environments.build_all({name: (f"services/{folder}", "") for name, folder in services.items()})

    with run(f"{APPLICATIONS}:bank_both", market, state) as bank:
        exchanged = bank.call("exchange.exchanged", "--currency", "CHF", "--euros", "10")
        rate = bank.call("rates.rate", "--currency", "CHF")

    assert exchanged["hundredths"] == 940
    assert rate["source"] == "rates/v2"


def test_a_restart_runs_the_code_as_it_is_now(tmp_path: Path) -> None:
    """A new environment is made beside the old one, which goes when nobody uses it any more."""
    lay_out(tmp_path)
    (tmp_path / "bank.py").write_text(ALONE, encoding="utf-8")
    source = tmp_path / "services/rates_1_0/rates/service.py"
    environments = tmp_path / "state/environments"

    with run("bank:bank", tmp_path, tmp_path / "state") as bank:
        before = bank.call("rates.rate", "--currency", "CHF")["hundredths"]
        source.write_text(source.read_text(encoding="utf-8").replace('"CHF": 95', '"CHF": 93'), encoding="utf-8")
        bank.atoll("restart", "rates")
        after = bank.call("rates.rate", "--currency", "CHF")["hundredths"]
        left = [path for path in environments.iterdir() if path.is_dir()]

    assert (before, after) == (95, 93)
    assert len(left) == 1


def test_code_that_cannot_be_installed_replaces_nothing(tmp_path: Path) -> None:
    """The restart is refused with the reason, and what runs goes on."""
    lay_out(tmp_path)
    (tmp_path / "bank.py").write_text(ALONE, encoding="utf-8")
    project = tmp_path / "services/rates_1_0/pyproject.toml"

    with run("bank:bank", tmp_path, tmp_path / "state") as bank:
        project.write_text(project.read_text(encoding="utf-8").replace("atoll", "atoll==0.0.1"), encoding="utf-8")
        refused = finished(ATOLL, "restart", "rates", "--state", tmp_path / "state", folder=tmp_path)
        rate = bank.call("rates.rate", "--currency", "CHF")

    assert refused.returncode == 1
    assert "could not be installed" in refused.stderr
    assert rate["hundredths"] == 95
