"""`run --topology processes`, `ps`, `scale` and `restart`, as people and as programs use them."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.programs import finished, on_terminal, started
from tests.house.checkout import ROOT
from tests.topology.processes import BUSY, supervised_program

Atoll = Callable[..., Result]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The state folder of a busy application that runs in processes."""
    folder = tmp_path_factory.mktemp("busy")
    with supervised_program(folder, "--instances", "stock=2"):
        yield str(folder)


def test_ps_shows_what_runs(atoll: Atoll, state: str) -> None:
    """A row a process, which reads the same in a pipe."""
    shown = atoll("ps", "--state", state)

    rows = [line.split() for line in shown.stdout.splitlines()]
    assert rows[0][:6] == ["process", "services", "version", "owner", "state", "health"]
    assert ["orders", "1.0", "sales", "ready", "well"] in [row[1:6] for row in rows]
    assert len(rows) >= 4
    assert "\x1b" not in shown.stdout


def test_ps_as_json_has_every_figure(atoll: Atoll, state: str) -> None:
    """For whoever builds upon it."""
    processes = json.loads(atoll("ps", "--state", state, "--json").stdout)

    orders = next(each for each in processes if each["services"][0]["name"] == "orders")
    assert orders["services"] == [{"name": "orders", "version": "1.0", "owner": "sales"}]
    assert (orders["state"], orders["restarts"], orders["last_exit"]) == ("ready", 0, "")
    assert orders["address"].startswith("unix:/")
    assert orders["pid"] > 0


def test_scale_tells_each_step(atoll: Atoll, state: str) -> None:
    """One knows what one waits for."""
    up = atoll("scale", "stock=3", "--state", state)
    down = atoll("scale", "stock=2", "--state", state, "--json")

    assert "scale stock to 3" in up.stdout
    assert "✓ stock has 3 instances." in up.stdout
    steps = [json.loads(line) for line in down.stdout.splitlines()]
    assert [step["did"] for step in steps] == ["draining", "ended"]


def test_restart_tells_each_step(atoll: Atoll, state: str) -> None:
    """In the order in which they happen."""
    done = atoll("restart", "orders", "--state", state, "--json")

    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert [step["did"] for step in steps] == ["started", "ready", "draining", "ended"]
    assert done.exit_code == 0


def test_restart_without_a_service_is_for_all(atoll: Atoll, state: str) -> None:
    """One after the other."""
    done = atoll("restart", "--state", state)

    assert done.stdout.index("restart orders") < done.stdout.index("restart stock")
    assert "✓ orders, stock restarted." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("restart", "stok"), "no service is called stok: did you mean `stock`?"),
        (("scale", "stok=2"), "no service is called stok: did you mean `stock`?"),
        (("scale", "stock=0"), "`stock` cannot have 0 instances"),
    ],
)
def test_what_cannot_be_done_is_said(atoll: Atoll, state: str, arguments: tuple[str, ...], said: str) -> None:
    """With what to do instead."""
    done = atoll(*arguments, "--state", state)

    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_a_count_that_is_none_is_told(atoll: Atoll, state: str) -> None:
    """Before anything is asked."""
    done = atoll("scale", "stock", "--state", state)

    assert done.exit_code == 2
    assert "`stock` says no number" in done.stderr


@pytest.mark.parametrize("verb", [("ps",), ("restart", "stock"), ("scale", "stock=2")])
def test_where_nothing_runs_it_is_said(atoll: Atoll, tmp_path: Path, verb: tuple[str, ...]) -> None:
    """And how something would."""
    done = atoll(*verb, "--state", str(tmp_path), "--json")

    assert done.exit_code == 1
    assert json.loads(done.stderr)["error"]["code"] == "not_supervised"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--group", "orders,stock"), "--group and --instances are for several processes."),
        (("--topology", "processes", "--instances", "stock=many"), "--instances stock=many says no number"),
        (("--topology", "processes", "--instances", "stok=2"), "did you mean `stock`?"),
    ],
)
def test_mistaken_wishes_are_told(atoll: Atoll, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """Nothing was started."""
    done = atoll("run", BUSY, "--state", str(tmp_path), *arguments)

    assert done.exit_code == 2
    assert said in done.stderr


def test_the_banner_shows_the_processes(tmp_path: Path) -> None:
    """With their addresses, and the door of the gateway."""
    arguments = ("run", "tests.cli.market:market", "--topology", "processes", "--state", str(tmp_path))
    with started(*arguments, folder=ROOT, extra={"MARKET_GATEWAY_PORT": "0"}) as program:
        banner = program.until("Ctrl-C")
        call = next(line for line in banner.splitlines() if line.startswith("  atoll call "))
        done = finished("sh", "-c", call, folder=ROOT)
        program.send(signal.SIGTERM)
        code = program.code()

    assert "market 2.1.0 is running" in banner
    assert "goods-1    goods" in banner
    assert "ready  unix:/" in banner
    assert json.loads(done.stdout) == {"items": [], "next": None}
    assert code == 0


def test_ctrl_c_ends_all(tmp_path: Path) -> None:
    """The terminal tells the supervisor alone, which tells the others one after the other."""
    arguments = ("run", BUSY, "--topology", "processes", "--state", str(tmp_path))
    with on_terminal(*arguments, folder=ROOT) as program:
        program.until("Ctrl-C ends it")
        program.send(signal.SIGINT)
        said = program.until("has stopped")
        code = program.code()

    assert "Traceback" not in said
    assert code == 0


def test_a_signal_while_it_starts_ends_it(tmp_path: Path) -> None:
    """Nobody waits for what does not start."""
    arguments = ("run", "tests.cli.market:failing", "--topology", "processes", "--state", str(tmp_path), "--json")
    with started(*arguments, folder=ROOT) as program:
        while not (tmp_path / "supervisor.json").exists():
            assert program.process.poll() is None
        program.send(signal.SIGTERM)
        last = program.line()
        code = program.code()

    assert json.loads(last)["event"] == "stopped"
    assert code == 0


def test_what_does_not_start_is_told_by_itself(tmp_path: Path) -> None:
    """Its own words, with its name before them, and then that it was given up."""
    arguments = ("run", "tests.cli.market:failing", "--topology", "processes", "--state", str(tmp_path))
    done = finished("atoll", *arguments, folder=ROOT)

    assert done.returncode == 1
    assert "The service `failing` did not start. ConnectionError: no database here" in done.stderr
    assert "failing-5 did not start: it ended with exit code 1" in done.stderr
    assert "Traceback" not in done.stderr
