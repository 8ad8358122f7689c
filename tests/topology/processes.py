"""The supervisor as a program of its own, for tests that drive it from outside."""

import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.cli.programs import Started, started
from tests.house.checkout import ROOT

BUSY = "tests.topology.busy:busy"


@contextmanager
def supervised_program(
    state: Path, *more: str, app: str = BUSY, folder: Path = ROOT, drain_s: float = 2.0, is_tidy: bool = True
) -> Generator[Started]:
    """`atoll run --topology processes`, from the moment when all takes calls until it has ended.

    Where a test has killed it, its folder is removed, unless `is_tidy` is false because somebody else shall do it.
    """
    arguments = ("run", app, "--topology", "processes", "--state", str(state), "--drain", f"{drain_s:g}", "--json")
    with started(*arguments, *more, folder=folder) as program:
        beginning = program.line()
        assert beginning, program.said()
        assert json.loads(beginning)["event"] == "started"
        made = run_folder(state)
        yield program
        if program.process.poll() is None:
            program.process.terminate()
            program.code()
    assert not processes_of(state), "something is left"
    if is_tidy:
        shutil.rmtree(made, ignore_errors=True)


def run_folder(state: Path) -> Path:
    """The folder of the run."""
    address: str = json.loads((state / "supervisor.json").read_text(encoding="utf-8"))["address"]
    return Path(address.removeprefix("unix:")).parent


def peers_of_run(state: Path) -> Path:
    """The file in which the peers of a run stand."""
    return run_folder(state) / "peers.json"


def processes_of(state: Path) -> dict[str, int]:
    """The processes that serve with this state folder, and their numbers, by name."""
    found: dict[str, int] = {}
    for process in psutil.process_iter(["pid", "cmdline"]):
        words: list[str] = process.info["cmdline"] or []
        if "serve" in words and str(state) in words and process.info["pid"] != os.getpid():
            found[words[words.index("--name") + 1]] = process.info["pid"]
    return found
