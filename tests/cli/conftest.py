"""The command line in this process, and a market that runs beside it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from atoll.cli import main
from tests.cli.programs import started
from tests.house.checkout import ROOT

MARKET = "tests.cli.market:market"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the command line is used."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def atoll() -> Callable[..., Result]:
    """`atoll` with arguments, in this process and not on a terminal."""

    def run(*arguments: str, stdin: str | None = None, **environment: str | None) -> Result:
        cleared = {"ATOLL_APPLICATION": None, "ATOLL_URL": None, "ATOLL_KEY": None}
        return CliRunner().invoke(main, arguments, input=stdin, env=cleared | environment, prog_name="atoll")

    return run


@pytest.fixture(scope="session")
def running_market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A market that runs: what it said when it started, with its state folder."""
    state = tmp_path_factory.mktemp("market")
    arguments = ("run", MARKET, "--state", str(state), "--json")
    with started(*arguments, folder=ROOT, extra={"MARKET_GATEWAY_PORT": "0"}) as program:
        yield json.loads(program.line()) | {"state": str(state)}


@pytest.fixture
def call(atoll: Callable[..., Result], running_market: dict[str, str]) -> Callable[..., Result]:
    """`atoll call` with arguments, at the market that runs."""

    def run(*arguments: str, stdin: str | None = None) -> Result:
        return atoll("call", "--state", running_market["state"], *arguments, stdin=stdin)

    return run
