"""Requests made from the gateway's own document, right and wrong: no 5xx, and no answer that it does not describe."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll import Application, load_application
from atoll.gateway import Connection
from tests.amount import amount
from tests.gateway.orders import orders
from tests.gateway.serving import served

EXAMPLES = os.environ.get("ATOLL_HOSTILE_EXAMPLES", amount("3", "10"))
"""How many requests are made for each operation and phase; a campaign sets more."""

PHASES = amount("examples,fuzzing", "examples,coverage,fuzzing")

TRIED = amount("^/(orders|capture)/", "^/")
"""Below which paths: Revenue has a hundred operations, and rules that are long to make up."""

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["orders", "revenue"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    application: Application = orders
    if request.param == "revenue":
        application = load_application("revenue.application:revenue", ROOT)
    with served(application, tmp_path / "state") as found:
        yield found


def test_hostile_requests_are_answered_as_the_document_says(connection: Connection, tmp_path: Path) -> None:
    """Schemathesis reads the document and tries to prove that it lies.

    Left out: the operations of the orders that fail on purpose, and one check: JSON Schema takes 77.0 for an integer,
    the codec takes it for what it says it is.
    """
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{connection.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {connection.key}", "--no-color", "--generation-deterministic"),
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
        *("--phases", PHASES, "--max-examples", EXAMPLES, "--workers", "1"),
        *("--include-path-regex", TRIED),
        *("--exclude-path-regex", "/orders/v1/(broken|flood|hang)", "--warnings", "off"),
    ]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "✅ Fuzzing" in done.stdout.replace("  ", " "), "nothing was tried"
