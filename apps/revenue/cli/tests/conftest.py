"""What the tests of verbs share: a folder to be in, and a Revenue that runs in one."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own to be in."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@contextmanager
def demonstrating(folder: Path, *words: str, **environment: str) -> Generator[Path]:
    """Be in a folder in which a demonstration runs, in a process of its own; `said.txt` there has what it said."""
    settings = {"REVENUE_GATEWAY_PORT": "0", "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "revenue.cli", "demo", "--leads", "60", *words],
        cwd=folder, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    else:
        pytest.fail(f"The demonstration ended: {''.join(said)}")
    (folder / "said.txt").write_text("".join(said), encoding="utf-8")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where verbs are used: one process has all services, and nobody has published rules."""
    vendors = {"REVENUE_ENRICHMENT_SAMPLE_VENDORS": "true"}
    with demonstrating(tmp_path_factory.mktemp("demo"), "--topology", "single", "--no-team", **vendors) as folder:
        yield folder
