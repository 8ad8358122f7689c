"""The market in a folder of its own, as a team would have it: services below `services`, wheels below `contracts`."""

import shutil
from pathlib import Path

from atoll import contract_of
from atoll.topology.contract_wheels import ContractWheel, wheel_of
from tests.independent.market import billing, exchange, pricing, rates_1_0, rates_1_1, rates_2_0

HERE = Path(__file__).parent
PROMISED = (
    pricing.Pricing,
    billing.Billing,
    rates_1_0.Rates,
    rates_1_1.Rates,
    rates_2_0.PairRates,
    exchange.Exchange,
)


def lay_out(folder: Path) -> None:
    """Write the market into an empty folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "services", folder / "services", ignore=ignored)
    shutil.copytree(HERE / "market", folder / "tests/independent/market", ignore=ignored)
    (folder / "contracts").mkdir()
    for wheel in contract_wheels():
        (folder / "contracts" / wheel.file).write_bytes(wheel.content)


def contract_wheels() -> list[ContractWheel]:
    """A wheel of each contract, the old ones too."""
    contracts = [contract_of(protocol) for protocol in PROMISED]
    return [wheel_of(contract, "market", contract.service, ()) for contract in contracts]
