"""A dependency that hangs, for real, a few times; `make hung RUNS=100` says how late the answers are."""

import asyncio

import pytest
from rich.progress import Progress

from tests.campaigns.hung import hung


@pytest.mark.slow
def test_nobody_works_on_behind_a_deadline() -> None:
    """Each call ends with its deadline, and a moment later no process has one in progress."""
    found = asyncio.run(hung(3, Progress(disable=True)))

    assert len(found.late_s) == 3
    assert found.going_on == 0
