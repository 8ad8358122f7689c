"""`atoll run`: from the first line to the last, as a process of its own."""

import json
import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import MARKET
from tests.cli.programs import Started, finished, on_terminal, started
from tests.house.checkout import ROOT

PORT = {"MARKET_GATEWAY_PORT": "0"}


def arguments(folder: Path, *more: str, app: str = MARKET) -> tuple[str, ...]:
    """`run` with a state folder of its own."""
    return ("run", app, "--state", str(folder / "state"), *more)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_line_works(tmp_path: Path) -> None:
    """It is copied before anything is read."""
    with started(*arguments(tmp_path), folder=ROOT, extra=PORT) as program:
        banner = program.until("Ctrl-C")
        curl = next(line for line in banner.splitlines() if line.startswith("  curl "))
        done = finished("sh", "-c", curl, folder=ROOT)

    assert json.loads(done.stdout) == {"items": [], "next": None}


def test_the_line_with_atoll_call_works(tmp_path: Path) -> None:
    """The same call, without the wire."""
    with started(*arguments(tmp_path), folder=ROOT, extra=PORT) as program:
        banner = program.until("Ctrl-C")
        call = next(line for line in banner.splitlines() if line.startswith("  atoll call "))
        done = finished("sh", "-c", call, folder=ROOT)

    assert json.loads(done.stdout) == {"items": [], "next": None}


def test_the_banner_says_what_runs_and_where(tmp_path: Path) -> None:
    """Services with those who answer for them, and every door."""
    with started(*arguments(tmp_path), folder=ROOT, extra=PORT) as program:
        banner = program.until("Ctrl-C")

    assert "market 2.1.0 is running" in banner
    assert "rates    1.0      finance" in banner
    assert all(f"{place}\n" in banner for place in ("/reference/", "/readyz", "development.key"))
    assert "\x1b" not in banner


def test_the_key_is_not_printed(tmp_path: Path) -> None:
    """Terminals are recorded and shared; the file is not."""
    with started(*arguments(tmp_path), folder=ROOT, extra=PORT) as program:
        banner = program.until("Ctrl-C")
        key = next((tmp_path / "state").rglob("*.key")).read_text(encoding="utf-8").strip()

    assert key
    assert key not in banner


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(tmp_path: Path, number: signal.Signals) -> None:
    """Started and stopped are told as data, one object a line."""
    with started(*arguments(tmp_path, "--json"), folder=ROOT, extra=PORT) as program:
        beginning = json.loads(program.line())
        program.send(number)
        end = json.loads(program.line())
        code = program.code()

    assert (beginning["event"], beginning["services"]) == ("started", ["goods", "rates", "gateway"])
    assert end == {"event": "stopped", "application": "market"}
    assert code == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Whoever asks twice does not want to wait for what does not end."""
    with on_terminal(*arguments(tmp_path, app="tests.cli.market:stubborn"), folder=ROOT) as program:
        program.until("Ctrl-C ends it")
        program.send(signal.SIGINT)
        program.until("Ctrl-C again ends it at once")
        program.send(signal.SIGINT)
        code = program.code()

    assert code == -signal.SIGINT


def test_without_a_gateway_it_runs_all_the_same(tmp_path: Path) -> None:
    """An application may have no outside."""
    with started(*arguments(tmp_path, "--json", app="tests.cli.market:stubborn"), folder=ROOT) as program:
        beginning = json.loads(program.line())

    assert beginning == {"event": "started", "application": "stubborn", "version": "0.1.0", "services": ["stubborn"]}


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """By far the most frequent reason not to start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = finished("atoll", *arguments(tmp_path), folder=ROOT, extra={"MARKET_GATEWAY_PORT": port})

    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_service_that_does_not_start_is_told_with_the_line_that_failed(tmp_path: Path) -> None:
    """What went wrong in somebody's own code, without our frames around it."""
    done = finished("atoll", *arguments(tmp_path, app="tests.cli.market:failing"), folder=ROOT)

    assert done.returncode == 1
    assert "The service `failing` did not start. ConnectionError: no database here" in done.stderr
    assert "market.py:" in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_that_are_wrong_are_told_all_at_once(tmp_path: Path) -> None:
    """With the line of the file, and what was probably meant."""
    config = tmp_path / "atoll.toml"
    config.write_text('[gateway]\nport = "many"\nprot = 8080\n', encoding="utf-8")

    done = finished("atoll", *arguments(tmp_path, "--config", str(config)), folder=ROOT)

    assert done.returncode == 2
    assert "atoll.toml:2" in done.stderr
    assert "did you mean `port`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_settings_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """To start without what was asked for would be worse."""
    done = finished("atoll", *arguments(tmp_path, "--config", "nowhere.toml"), folder=ROOT)

    assert done.returncode == 2
    assert "There is no file nowhere.toml." in done.stderr


def test_a_blocked_loop_can_still_be_ended(tmp_path: Path) -> None:
    """A handler that blocks must not take the terminal with it."""
    (tmp_path / "blocked.py").write_text(BLOCKED, encoding="utf-8")

    with started("run", "blocked:blocked", "--json", folder=tmp_path) as program:
        assert json.loads(program.line())["event"] == "started"
        assert program.line() == "blocking"
        _until_it_ends(program)

    assert program.process.returncode == -signal.SIGINT


def _until_it_ends(program: Started) -> None:
    """Two signals that arrive apart: the first is taken note of before the second is sent."""
    program.send(signal.SIGINT)
    assert program.line() == "interrupted"
    program.send(signal.SIGINT)
    program.code()


BLOCKED = '''
import asyncio, signal, time
from atoll import Application, Service, private
from atoll.edge import Tasks

class BlockedService(Service):
    """Blocks the loop as soon as it runs."""
    tasks: Tasks = private(default_factory=lambda: Tasks("blocked"))

    async def start(self) -> None:
        asyncio.get_running_loop().call_later(0.2, self.block)

    def block(self) -> None:
        print("blocking", flush=True)
        while signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
            time.sleep(0.01)
        print("interrupted", flush=True)
        time.sleep(60)

blocked = Application("blocked", owner="nobody", services=[BlockedService], edges=())
'''
