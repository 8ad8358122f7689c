"""Restarts and changes of scale under load: not one request may fail. `tests.campaigns.rolling` goes on for longer."""

from pathlib import Path

import pytest

from tests.campaigns.rolling import rolling
from tests.load import Schedule
from tests.topology.processes import supervised_program

REQUESTS = 4_000


@pytest.mark.slow
async def test_restarts_and_changes_of_scale_cost_no_request(tmp_path: Path) -> None:
    """Of some thousands, to both services, idempotent or not, beside whatever else the machine does."""
    with supervised_program(tmp_path, "--instances", "stock=2", "--instances", "orders=2"):
        found = await rolling(tmp_path, Schedule(requests=REQUESTS, per_s=300))

    assert found.outcome.failed == 0, found.outcome
    assert found.outcome.answered == REQUESTS
    assert found.done >= 1  # a busy machine is slow with each
