"""`atoll serve`: by hand, as systemd or Kubernetes would, with peers from a file or from the environment."""

import asyncio
import json
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from atoll.adapters.certificates import Certificates
from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.calls import Caller, client
from atoll.elsewhere import Operator
from atoll.hosting import Directory, Peers
from tests.cli.programs import Started, finished, started
from tests.house.checkout import ROOT
from tests.topology.busy import Order, Orders, Served
from tests.topology.processes import BUSY


@contextmanager
def serving(*arguments: str, **extra: str) -> Generator[tuple[Started, str]]:
    """A process that serves, and where."""
    with started("serve", *arguments, "--json", folder=ROOT, extra=extra) as program:
        beginning = program.line()
        assert beginning, program.said()
        yield program, json.loads(beginning)["addresses"][0]
        program.send(signal.SIGTERM)
        assert program.code() == 0


def ordered(address: str, state: Path, certificates: Certificates | None = None) -> Served:
    """What Orders answers at an address to the operator, who can read the state folder."""

    async def order() -> Served:
        proving = Operator("busy", state).proving(SystemClock(), SystemEntropy())
        tls = certificates.for_client() if certificates else None
        carrier = HttpClient(Directory(Peers({"orders": (address,)})), SystemEntropy(), tls=tls, proving=proving)
        try:
            return await client(Orders, Caller("", carrier, SystemEntropy())).order(Order(item="hat"))
        finally:
            await carrier.close()

    return asyncio.run(order())


def test_peers_stand_in_the_environment(tmp_path: Path) -> None:
    """The caller is started first: the order does not matter."""
    stock_at = f"unix:{tmp_path}/stock.sock"
    orders_at = f"unix:{tmp_path}/orders.sock"
    orders = (BUSY, "--services", "orders", "--listen", orders_at, "--state", str(tmp_path))
    stock = (BUSY, "--services", "stock", "--listen", stock_at, "--state", str(tmp_path))
    with serving(*orders, ATOLL_PEER_STOCK=stock_at) as (_, address), serving(*stock) as (program, _):
        served = ordered(address, tmp_path)
        pid = program.process.pid

    assert served.pid == pid


def test_peers_stand_in_a_file_that_changes(tmp_path: Path) -> None:
    """SIGHUP tells that it has; and whoever is not where he should be is looked for there."""
    peers = tmp_path / "peers.json"
    peers.write_text('{"services": {}}', encoding="utf-8")
    common = (BUSY, "--state", str(tmp_path), "--listen", "http://127.0.0.1:0")
    with (
        serving(*common, "--services", "orders", "--peers", str(peers)) as (orders, address),
        serving(*common, "--services", "stock") as (stock, stock_at),
    ):
        peers.write_text(json.dumps({"services": {"stock": [stock_at]}}), encoding="utf-8")
        orders.send(signal.SIGHUP)
        served = ordered(address, tmp_path)
        pid = stock.process.pid

    assert served.pid == pid


def test_calls_are_encrypted_where_certificates_are_given(tmp_path: Path) -> None:
    """Both sides show theirs."""
    authority = trustme.CA()
    own = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    files = {"ca": "ca.pem", "certificate": "own.pem", "key": "own.pem"}
    tls = {f"ATOLL_TLS_{name.upper()}": str(tmp_path / file) for name, file in files.items()}
    common = (BUSY, "--state", str(tmp_path), "--listen", "https://localhost:0")
    with (
        serving(*common, "--services", "stock", **tls) as (stock, stock_at),
        serving(*common, "--services", "orders", ATOLL_PEER_STOCK=stock_at, **tls) as (_, address),
    ):
        served = ordered(address, tmp_path, Certificates(*(str(tmp_path / file) for file in files.values())))
        pid = stock.process.pid

    assert served.pid == pid
    assert address.startswith("https://")


def test_a_service_alone_is_named_by_its_class(tmp_path: Path) -> None:
    """With its dependencies among the peers, and the settings of the application that it belongs to."""
    stock_at = f"unix:{tmp_path}/stock.sock"
    alone = ("tests.topology.busy:OrdersService", "--application", "busy")
    stock = ("tests.topology.busy:StockService", "--application", "busy", "--listen", stock_at)
    with (
        serving(*stock, "--state", str(tmp_path), BUSY_STOCK_NAP_S="0") as (program, _),
        serving(*alone, "--listen", f"unix:{tmp_path}/o.sock", "--state", str(tmp_path), ATOLL_PEER_STOCK=stock_at) as (
            _,
            address,
        ),
    ):
        served = ordered(address, tmp_path)
        pid = program.process.pid

    assert served.pid == pid


def test_each_line_of_the_log_says_whose_it_is(tmp_path: Path) -> None:
    """Where several write to one place."""
    with serving(
        *(BUSY, "--services", "stock", "--listen", f"unix:{tmp_path}/s.sock", "--name", "stock-7"),
        *("--state", str(tmp_path), "--peers", str(_peers(tmp_path))),
    ) as (program, _):
        (tmp_path / "peers.json").write_text("{", encoding="utf-8")
        program.send(signal.SIGHUP)
        program.send(signal.SIGTERM)
        program.code()
        log = json.loads(program.said().strip().splitlines()[-1])

    assert log["process"] == "stock-7"
    assert "the peers are kept as they were" in log["message"]


def _peers(folder: Path) -> Path:
    file = folder / "peers.json"
    file.write_text('{"services": {}}', encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "It would listen nowhere."),
        (
            ("--services", " , ", "--listen", "http://127.0.0.1:0"),
            "It would host nothing: --services names no service.",
        ),
        (("--services", "stok", "--listen", "http://127.0.0.1:0"), "busy has no service `stok`"),
        (("--listen", "http://127.0.0.1:0", "--peers", "nowhere.json"), "the peers cannot be read"),
        (("--listen", "http://127.0.0.1:0", "--config", "nowhere.toml"), "There is no file nowhere.toml."),
    ],
)
def test_mistakes_are_told(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """Before anything is served."""
    done = finished("atoll", "serve", BUSY, "--state", tmp_path, *arguments, folder=ROOT)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    """And by whom it can be freed."""
    arguments = (BUSY, "--services", "stock", "--state", str(tmp_path), "--listen", f"unix:{tmp_path}/stock.sock")
    with serving(*arguments):
        done = finished("atoll", "serve", *arguments, folder=ROOT)

    assert done.returncode == 1
    assert "another process listens there" in done.stderr
