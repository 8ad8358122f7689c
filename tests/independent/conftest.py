"""One market for all tests of a run, and its environments: the first test that needs one makes it."""

import os
from pathlib import Path

import pytest

from atoll.adapters.environments import Environments
from atoll.adapters.locks import locked
from tests.independent.market_folder import lay_out


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the market, one for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "market"
    with locked(shared / "market.lock", 60):
        if not folder.exists():
            lay_out(folder)
    return folder


@pytest.fixture(scope="session")
def environments(market: Path) -> Environments:
    """Its environments; workers that need the same one wait for each other."""
    return Environments(market / ".atoll", market)
