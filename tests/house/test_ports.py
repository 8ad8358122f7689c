"""Time, chance, network and disk come from ports: what lint cannot see, and proof that lint sees the rest."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, product

# The rooms of the real drivers, and the ways in, which stand outside the simulated world.
OUTSIDE = ("src/atoll/adapters/", "src/atoll/cli/")
OUTSIDE_OF_AN_APPLICATION = ("cli.py", "cli")

# Single files that may do what no other may, each with its reason.
EXCEPTIONS = {
    "src/atoll/kernel/tasks.py": "owns every task and every thread, so it is the one that makes them",
    "src/atoll/testing/owned.py": "real servers of tests are processes, with a log of their own",
    "src/atoll/testing/servers.py": "as above, each in a folder of its own",
}

DISK = frozenset(
    "chmod exists glob hardlink_to is_dir is_file iterdir lstat mkdir open read_bytes read_text rglob rmdir stat "
    "symlink_to touch unlink write_bytes write_text".split()
)
NETWORK = frozenset(
    "create_connection create_datagram_endpoint create_server create_unix_connection create_unix_server getaddrinfo "
    "sock_accept sock_connect".split()
)
PROCESSES = frozenset("run_in_executor subprocess_exec subprocess_shell".split())


def reaches_out(source: str) -> Iterator[str]:
    """Where source reaches for the disk, the network or the system by a method, which lint cannot tell from others."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="open")):
                yield f"{node.lineno}: open(): use Disk"
            case ast.Call(func=ast.Attribute(attr=name)) if name in DISK:
                yield f"{node.lineno}: .{name}(): use Disk"
            case ast.Call(func=ast.Attribute(attr=name)) if name in NETWORK:
                yield f"{node.lineno}: .{name}(): write a driver in atoll.adapters"
            case ast.Call(func=ast.Attribute(attr=name)) if name in PROCESSES:
                yield f"{node.lineno}: .{name}(): use the owners in atoll.kernel"
            case ast.Call(func=ast.Attribute(value=owner, attr="create_task")) if "loop" in ast.unparse(owner):
                yield f"{node.lineno}: .create_task() of a loop: a task has an owner, use atoll.kernel.Tasks"
            case _:
                pass


def is_inside(name: str) -> bool:
    """Whether the file at this path belongs to the world that can be simulated."""
    parts = name.split("/")
    is_way_in = parts[0] == "apps" and parts[2] in OUTSIDE_OF_AN_APPLICATION
    return not (name.startswith(OUTSIDE) or is_way_in or name in EXCEPTIONS)


def test_nothing_reaches_around_the_ports() -> None:
    """One file that reads the disk behind the ports is enough to make a simulation lie."""
    findings = [f"{name}:{finding}" for name, text in product() if is_inside(name) for finding in reaches_out(text)]

    assert not findings, "\n".join(findings)


def test_every_exception_is_needed() -> None:
    """An exception that nobody needs any more is a door that nobody watches."""
    files = dict(product())

    idle = [name for name in EXCEPTIONS if not any(reaches_out(files.get(name, "")))]

    assert not idle, f"take out of EXCEPTIONS: {idle}"


@pytest.mark.parametrize(
    "source",
    [
        "open('leads.csv')",
        "Path('leads.csv').read_text()",
        "(folder / 'leads.csv').open('w')",
        "path.unlink()",
        "asyncio.get_running_loop().create_connection(Protocol)",
        "loop.create_task(work())",
        "loop.run_in_executor(None, work)",
    ],
)
def test_a_way_around_is_found(source: str) -> None:
    """The control: each way around the ports is one that the rule finds."""
    assert list(reaches_out(source))


def test_what_only_looks_like_a_way_around_is_let_through() -> None:
    """The other control: a rule with false alarms is soon switched off."""
    source = "disk.read('leads.csv')\ngroup.create_task(work())\ntext.replace('a', 'b')\n"

    assert not list(reaches_out(source))


BANNED = """\
import random, secrets, socket, subprocess, time
from time import monotonic
import asyncio, datetime, os, uuid
async def handler():
    uuid.uuid4()
    os.urandom(8)
    datetime.datetime.now(datetime.UTC)
    asyncio.create_task(handler())
    open("leads.csv")
"""
LINES_BANNED = {1, 2, 5, 6, 7, 8, 9}


@pytest.mark.parametrize("file", ["src/atoll/calls/x.py", "apps/revenue/scoring/service.py", "apps/revenue/routing.py"])
def test_lint_refuses_time_chance_network_and_disk(file: str) -> None:
    """The control of the bans in pyproject.toml: each line of the sample is refused where services live."""
    assert _lines_refused(file) == LINES_BANNED


@pytest.mark.parametrize("file", ["src/atoll/adapters/x.py", "src/atoll/cli/x.py", "apps/revenue/cli.py", "tests/x.py"])
def test_lint_lets_drivers_reach_out(file: str) -> None:
    """Somebody has to: the drivers of the ports, the ways in, and the tests."""
    assert not _lines_refused(file) - {9}  # tests have paths, and open them as such


def _lines_refused(file: str) -> set[int]:
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "check", "--output-format=concise", "--select=TID251,PTH123", f"--stdin-filename={file}", "-"]
    done = subprocess.run(command, input=BANNED, cwd=ROOT, check=False, capture_output=True, text=True)
    return {int(line.split(":")[1]) for line in done.stdout.splitlines() if line.startswith(file)}
