"""Services in environments of their own, served and calling each other: placement by hand, with `atoll serve`."""

import json
import subprocess
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from atoll.adapters.environments import Environments
from atoll.elsewhere import Operator
from atoll.operating import operator_token
from tests.cli.programs import environment
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.slow


class Places:
    """Starts services one after the other, each told where those before it listen."""

    def __init__(self, environments: Environments, market: Path, folder: Path, stack: ExitStack) -> None:
        self._environments = environments
        self._market = market
        self._folder = folder
        self._stack = stack
        self.addresses: dict[str, str] = {}

    def serve(self, name: str, folder: str, place: str) -> None:
        """Serve the class at a place, from a folder below `services`; it is called `name`."""
        python = self._environments.build(name, f"services/{folder}")
        peers = self._folder / f"peers-{name}.json"
        known = {service: [address] for service, address in self.addresses.items()}
        peers.write_text(json.dumps({"services": known}), encoding="utf-8")
        self.addresses[name] = self._stack.enter_context(served(python, place, peers, self._folder / name))

    def get(self, service: str, path: str) -> Any:  # Any: a JSON document
        """What a service answers, to its operator, who asks over HTTP."""
        headers = {"atoll-token": operator_token(Operator("market", self._folder), service)}
        return httpx.get(f"{self.addresses[service]}{path}", timeout=PATIENCE_S, headers=headers).json()


@contextmanager
def served(python: Path, place: str, peers: Path, folder: Path) -> Generator[str]:
    """A process that serves; its address."""
    folder.mkdir(exist_ok=True)
    command = [str(python), "-P", "-m", "atoll.cli", "serve", place, "--application", "market", "--listen"]
    process = subprocess.Popen(
        [*command, "http://127.0.0.1:0", "--peers", str(peers), "--authority", str(folder.parent), "--json"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read().decode()
        started: Mapping[str, Any] = json.loads(line)  # Any: a JSON document
        yield started["addresses"][0]
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def places(environments: Environments, market: Path, tmp_path: Path) -> Generator[Places]:
    """A place for each service that a test serves; all are ended after it."""
    with ExitStack() as stack:
        yield Places(environments, market, tmp_path, stack)


def test_a_service_calls_one_with_a_conflicting_pin(places: Places) -> None:
    """Each draws with its own version of one library."""
    places.serve("pricing", "pricing", "pricing.service:PricingService")
    places.serve("billing", "billing", "billing.service:BillingService")

    bill = places.get("billing", "/billing/v1/bills/tea?count=3")

    assert (bill["cents"], bill["drawn_with"], bill["price"]["drawn_with"]) == (750, "0.9.0", "0.8.10")


@pytest.mark.parametrize(("version", "worth"), [("rates_1_0", 950), ("rates_1_1", 940)])
def test_a_caller_with_an_old_contract_calls_the_next_version(places: Places, version: str, worth: int) -> None:
    """It does not know the field that has come, and need not."""
    places.serve("rates", version, "rates.service:RatesService")
    places.serve("exchange", "exchange", "exchange.service:ExchangeService")

    assert places.get("exchange", "/exchange/v1/amounts/CHF?euros=10")["hundredths"] == worth
    assert ("source" in places.get("rates", "/rates/v1/rates/CHF")) is (version == "rates_1_1")


def test_what_is_installed_counts_before_what_lies_around(places: Places, tmp_path: Path) -> None:
    """The folder of an application may hold modules of the same names, of another version."""
    (tmp_path / "rates/rates").mkdir(parents=True)
    (tmp_path / "rates/rates/service.py").write_text("raise RuntimeError('the wrong one')", encoding="utf-8")

    places.serve("rates", "rates_1_0", "rates.service:RatesService")

    assert places.get("rates", "/rates/v1/rates/CHF")["hundredths"] == 95


def test_a_problem_of_the_next_version_is_the_old_ones_class(places: Places) -> None:
    """The caller does not expect it of its own callers: it stays inside, with its trace."""
    places.serve("rates", "rates_1_1", "rates.service:RatesService")
    places.serve("exchange", "exchange", "exchange.service:ExchangeService")

    assert places.get("rates", "/rates/v1/rates/XXX")["type"] == "/problems/rate_unknown"
    assert places.get("exchange", "/exchange/v1/amounts/XXX?euros=10")["type"] == "/problems/internal_error"


def test_an_old_and_a_new_major_answer_side_by_side(places: Places) -> None:
    """The caller of the old one is answered by the new one, by way of a small service."""
    places.serve("rates_v2", "rates_2_0", "rates.service:PairRatesService")
    places.serve("rates", "rates_v1", "rates_v1.service:RatesService")
    places.serve("exchange", "exchange", "exchange.service:ExchangeService")

    assert places.get("exchange", "/exchange/v1/amounts/CHF?euros=10")["hundredths"] == 940
    assert places.get("rates", "/rates/v1/rates/CHF")["source"] == "rates/v2"
    assert places.get("rates_v2", "/rates/v2/rates/EUR/CHF")["millionths"] == 940_000
