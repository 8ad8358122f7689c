"""One process: its signals, and the configuration that it reads."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from atoll import read_config, run_process
from tests.patience import PATIENCE_S


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_the_work_to_stop(number: signal.Signals) -> None:
    """It may finish what it has begun."""
    seen: list[str] = []

    async def work(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stop.wait()
        seen.append("stopped")

    run_process(work)

    assert seen == ["stopped"]


def test_a_second_signal_ends_a_process_that_does_not_stop() -> None:
    """Somebody is in a hurry, or something is stuck."""
    code = (
        "import asyncio, os, signal\n"
        "from atoll import run_process\n"
        "async def work(stop):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    await stop.wait()\n"
        "    print('asked', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    await asyncio.sleep(30)\n"
        "run_process(work)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=PATIENCE_S)

    assert done.stdout == "asked\n"
    assert done.returncode == -signal.SIGTERM


def test_a_process_runs_on_the_quick_loop() -> None:
    """Where it is installed, as here."""

    async def work(stop: asyncio.Event) -> None:
        assert type(asyncio.get_running_loop()).__module__.startswith("uvloop")

    run_process(work)


def test_work_that_fails_fails_the_process() -> None:
    """Nothing is swallowed."""

    async def work(stop: asyncio.Event) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_process(work)


def test_configuration_is_the_environment_and_a_file(tmp_path: Path) -> None:
    """Without the file, only the environment."""
    before = read_config(tmp_path)
    (tmp_path / "atoll.toml").write_text("[scoring]\nbatch_max = 5\n")

    after = read_config(tmp_path)

    assert before.text == ""
    assert after.text == "[scoring]\nbatch_max = 5\n"
    assert after.file == "atoll.toml"
    assert after.environment["PATH"] == os.environ["PATH"]
