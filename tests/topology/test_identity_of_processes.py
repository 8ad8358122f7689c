"""Identity where processes are real: who may call what is supervised, rotation, and files that nobody else can read."""

import asyncio
import os
import signal
import stat
from pathlib import Path

import httpx
import pytest

from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemEntropy
from atoll.calls import Caller, client
from atoll.elsewhere import Operator, connect
from atoll.hosting import directory_of
from atoll.operating import operator_token
from atoll.problems import Unauthenticated
from atoll.testing import running_processes
from tests.patience import PATIENCE_S
from tests.topology.busy import Order, Orders, Stock
from tests.topology.test_supervisor import names_of, until

BUSY = "tests.topology.busy:busy"


async def test_who_has_a_socket_and_no_proof_is_refused(tmp_path: Path) -> None:
    """Also to say how a process fares; the operator is answered, with what the command line prints for him."""
    async with running_processes(BUSY, state=tmp_path) as application:
        run = Path(application.supervisor.peers_file).parent
        transport = httpx.AsyncHTTPTransport(uds=str(run / "stock-1.sock"))
        async with httpx.AsyncClient(transport=transport, base_url="http://stock", timeout=PATIENCE_S) as http:
            paths = ("/stock/v1/levels/hat", "/atoll_process/v1/report", "/stock/v1/levels/hat")
            anonymous = [(await http.get(path)).status_code for path in paths]
            claimed = await http.get("/stock/v1/levels/hat", headers={"atoll-caller": "orders"})
            token = operator_token(Operator("busy", tmp_path), "stock")
            proven = await http.get("/stock/v1/levels/hat", headers={"atoll-token": token})
        carrier = HttpClient(directory_of(Path(application.supervisor.peers_file), {}), SystemEntropy())
        with pytest.raises(Unauthenticated, match="atoll keys token stock"):
            await client(Stock, Caller("orders", carrier, SystemEntropy())).level("hat")
        await carrier.close()

    assert anonymous == [401, 401, 401]
    assert claimed.status_code == 401
    assert proven.status_code == 200


async def test_a_script_calls_as_the_operator(tmp_path: Path) -> None:
    """Whoever can read the state folder."""
    async with running_processes(BUSY, state=tmp_path) as application:
        run = Path(application.supervisor.peers_file).parent
        url = f"unix:{run / 'stock.sock'}"
        async with connect(url, operator=Operator("busy", tmp_path)) as connected:
            served = await connected.client(Stock).level("hat")
        async with connect(url) as stranger:
            with pytest.raises(Unauthenticated):
                await stranger.client(Stock).level("hat")

    assert served.pid


async def test_what_is_secret_is_in_files_that_their_owner_alone_can_read(tmp_path: Path) -> None:
    """The authority's keys; all that lies in the folder of the run; and no ticket stays in an environment."""
    async with running_processes(BUSY, state=tmp_path) as application:
        run = Path(application.supervisor.peers_file).parent
        modes = {each: stat.S_IMODE(each.stat().st_mode) for each in [run, tmp_path / "authority.json"]}
        files = [each for each in run.iterdir() if each.is_file()]
        open_files = [each.name for each in files if stat.S_IMODE(each.stat().st_mode) != 0o600]

    assert modes == {run: 0o700, tmp_path / "authority.json": 0o600}
    assert {each.name for each in files} == {"peers.json", "bundle.json"}
    assert not open_files


@pytest.mark.slow
async def test_the_authority_rotates_and_nobody_restarts(tmp_path: Path) -> None:
    """Old processes and new ones call each other, whichever key has vouched for them."""
    async with running_processes(BUSY, state=tmp_path) as application:
        orders = application.client(Orders)
        first = await orders.order(Order(item="hat"))
        made = await application.supervisor.rotate()
        await orders.order(Order(item="hat"))
        await names_of(application.supervisor.restart("stock"))
        second = await orders.order(Order(item="hat"))
        await names_of(application.supervisor.restart("orders"))
        third = await orders.order(Order(item="hat"))

    assert first.pid != second.pid == third.pid
    assert made


@pytest.mark.slow
async def test_the_authority_stays_the_same_from_run_to_run(tmp_path: Path) -> None:
    """Keys are made at the first start; a process that was killed is vouched for again."""
    keys: list[bytes] = []
    for _ in range(2):
        async with running_processes(BUSY, state=tmp_path) as application:
            keys.append((tmp_path / "authority.json").read_bytes())
            os.kill((await application.client(Stock).level("hat")).pid, signal.SIGKILL)
            await until(application, "stock-2")
            await asyncio.gather(*(application.client(Orders).order(Order(item="hat")) for _ in range(5)))

    assert keys[0] == keys[1]
